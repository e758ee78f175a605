"""A bound plan as an ES|QL query: one FROM, one pipeline, nothing that the request must add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trident.base.diagnostics import Refusal
from trident.esql import syntax
from trident.esql.baseline import passing
from trident.esql.commands import after, evaluated, matching, select, source, stats, within
from trident.esql.detections import EsqlDetections
from trident.esql.fired import Fired, always_fires, matches_alone
from trident.esql.ordered import ordered
from trident.esql.outputs import LIMIT, METADATA, Output, keep, outputs
from trident.esql.points import MILLISECONDS
from trident.esql.stack import Stack
from trident.esql.stream import Rows, Stream
from trident.esql.temporal import temporal
from trident.esql.windows import aggregate
from trident.mapping.binding import Bound, BoundSearch, bound_searches
from trident.result.translation import AlertColumns, Note, Query
from trident.rule.plan import Aggregate, Firing, Ordered

MAX_BRANCHES = 8
"""FORK's limit (https://www.elastic.co/docs/reference/query-languages/esql/commands/fork)."""


def render(bound: Bound) -> Query:
    """The ES|QL query of a plan bound to an Elastic profile.

    Raises:
        Refusal: when ES|QL, or the profile's version of it, cannot say a part of the plan.
    """
    if isinstance(bound, BoundSearch):
        return _search(bound)
    stream = Stream(bound)
    rows = stream.root
    shown = outputs(rows)
    documents = always_fires(bound.plan.trigger) and not rows.inner
    fired = _Correlations(stream).fired(rows, shown, bound.plan.firing, documents=documents)
    made = {output.name: _value(output, fired) for output in shown}
    made |= {name: value for name, value in fired.extra.items() if name != value}
    if not documents:
        made = {bound.profile.time: f"TO_DATETIME({stream.time})", **made}
    assigned = [f"{syntax.name(name)} = {value}" for name, value in made.items() if value]
    lines = [
        *fired.lines,
        *evaluated(assigned),
        *keep(rows, shown, fired.extra, documents),
    ]
    keys = [key.name for key in rows.keys]
    return Query(
        "\n".join(lines) + "\n",
        AlertColumns(bound.profile.time, dict(zip(bound.plan.group_by, keys, strict=True))),
        rows.shown,
        notes=(*stream.detections.notes, *_unlisted(bound)),
        features=tuple(stream.detections.features),
    )


def _value(output: Output, fired: Fired) -> str:
    """How a result column is made; nothing for one that is there already."""
    value = fired.values.get(output)
    if value is None and output.source is not None:
        value = syntax.name(output.source.name)
    made = output.made(value or "")
    return "" if made == syntax.name(output.name) else made


def _search(bound: BoundSearch) -> Query:
    detections, time = EsqlDetections(), syntax.name(bound.profile.time)
    firing = bound.plan.firing
    tests = [
        *select(bound.source.table, Stack.of(bound.profile)),
        detections.predicate(bound),
    ]
    columns = {name: bound.column(name).name for name in bound.plan.outputs}
    kept = dict.fromkeys([time, *map(syntax.name, columns.values()), *METADATA])
    lines = [
        source([bound], documents=True),
        *(within(bound.profile.time, (firing.back,), firing.delay) if firing else []),
        *(after(bound.profile.time, firing) if firing else []),
        matching([tests]),
        *([f"| KEEP {syntax.listed(kept)}"] if columns else []),
        f"| SORT {time} DESC",
        f"| LIMIT {LIMIT}",
    ]
    return Query(
        "\n".join(lines) + "\n",
        columns=columns,
        notes=(*detections.notes, *_unlisted(bound)),
        features=tuple(detections.features),
    )


def _unlisted(bound: Bound) -> Iterator[Note]:
    """ES|QL knows a field once an index has it: say which fields no integration maps itself."""
    for search in bound_searches(bound):
        for column in search.columns.values():
            if column.name not in search.source.table.columns and not column.kept:
                yield Note.of("TRI475", column=column.name)


class _Correlations:
    """The correlations of one pipeline, from the innermost out."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.forked = False

    def fired(
        self,
        rows: Rows,
        shown: Sequence[Output],
        firing: Firing | None,
        *,
        documents: bool = False,
        start: Sequence[str] = (),
    ) -> Fired:
        """The rows on which a correlation fires, at a time that counts.

        ``start`` are the lines that lead to its rows, where that is not the pipeline's head.
        """
        plan = rows.bound.plan
        trigger = plan.trigger
        since = _since(firing) if firing else ""
        for name in trigger.fields if isinstance(trigger, Aggregate) else ():
            rows.column(name)
        if plan.baseline is not None:
            lines = passing(rows, plan.baseline, plan.delay, documents=documents)
        else:
            lines = self._matches(rows, firing, documents, start)
        if always_fires(trigger):
            fired = matches_alone(rows, trigger, shown)
            if since and not documents:
                fired.lines.append(f"| WHERE {self.stream.time} {since}")
            elif firing:
                fired.lines += after(rows.bound.profile.time, firing)
        elif isinstance(trigger, Aggregate):
            fired = aggregate(rows, trigger, shown, since)
        elif isinstance(trigger, Ordered):
            fired = ordered(rows, trigger, shown, since)
        else:
            fired = temporal(rows, trigger, shown, since)
        fired.lines = [*lines, *fired.lines]
        return fired

    def _matches(
        self, rows: Rows, firing: Firing | None, documents: bool, start: Sequence[str]
    ) -> list[str]:
        """The lines to one row per match, with its label where there is more than one rule."""
        trigger, earlier = rows.bound.plan.trigger, firing
        if firing and not always_fires(trigger):
            earlier = Firing(firing.back + rows.bound.plan.timespan, firing.delay)
        if not rows.inner:
            lines = [*start] or self.stream.head(self._back(), self._delay, documents=documents)
        elif len(rows.labels) == 1:
            lines = self._alerts(rows.inner[0], earlier, start)
        else:
            lines = self._fork(rows, earlier, start)
        tagged = not isinstance(trigger, Aggregate) and not always_fires(trigger)
        if len(rows.labels) == 1 and tagged:
            lines.append(f"| EVAL {self.stream.rule} = {syntax.literal(rows.labels[0])}")
        return lines

    def _alerts(self, rows: Rows, firing: Firing | None, start: Sequence[str]) -> list[str]:
        """The lines to one row per alert of an inner correlation: group key and time."""
        lines = self.fired(rows, (), firing, start=start).lines
        return [*lines, stats((), [*rows.key_names, self.stream.time])]

    def _fork(self, rows: Rows, firing: Firing | None, start: Sequence[str]) -> list[str]:
        """Alerts beside other matches: a branch each, as one row cannot be both."""
        stream = self.stream
        stream.stack.require("FORK", "a correlation over alerts and other matches")
        if self.forked:
            raise Refusal("TRI371", "one query has one FORK, and the rule needs one in another")
        own = [label for index, label in enumerate(rows.labels) if index not in rows.inner]
        if len(rows.inner) + bool(own) > MAX_BRANCHES:
            raise Refusal("TRI371", f"FORK has {MAX_BRANCHES} branches at most")
        self.forked = True
        kept = [stream.time, stream.rule]
        branches = []
        for index, inner in rows.inner.items():
            label = syntax.literal(rows.labels[index])
            first = [f"WHERE {stream.is_rule(_labels(inner))}"]
            branches.append(
                [
                    *self._alerts(inner, firing, first),
                    f"| EVAL {stream.rule} = {label}",
                    f"| KEEP {', '.join([*kept, *inner.key_names])}",
                ]
            )
        if own:
            natives = [syntax.name(name) for name in rows.natives()]
            branches.append(
                [
                    f"WHERE {stream.is_rule(own)}",
                    f"| KEEP {syntax.listed(dict.fromkeys([*kept, *natives]))}",
                ]
            )
        forked = "\n".join(_indented(branch) for branch in branches)
        head = [*start] or stream.head(self._back(), self._delay)
        return [*head, f"| FORK\n{forked}"]

    def _back(self) -> tuple[int, ...] | None:
        """How far back the pipeline reads: the alerts that count and what leads up to them."""
        firing = self.stream.bound.plan.firing
        return (firing.back, *_reach(self.stream.root)) if firing else None

    @property
    def _delay(self) -> int:
        return self.stream.bound.plan.delay


def _since(firing: Firing) -> str:
    """The comparison of a time in milliseconds with the start of those that count."""
    start = f"TO_LONG(NOW()) - {(firing.back + firing.delay) * MILLISECONDS}"
    return f"{'>' if firing.open else '>='} {start}"


def _indented(branch: Sequence[str]) -> str:
    """A branch of FORK in parentheses."""
    return "    (" + "\n".join(branch).replace("\n", "\n    ") + ")"


def _reach(rows: Rows) -> tuple[int, ...]:
    """Seconds of data before a fire time: the timespans, unless every match fires alone."""
    plan = rows.bound.plan
    own = () if always_fires(plan.trigger) else (plan.timespan,)
    return (*own, *max(map(_reach, rows.inner.values()), key=sum, default=()))


def _labels(rows: Rows) -> list[str]:
    """The labels of all base rules under a correlation."""
    labels = [label for index, label in enumerate(rows.labels) if index not in rows.inner]
    return labels + [label for inner in rows.inner.values() for label in _labels(inner)]
