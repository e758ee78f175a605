"""A bound plan as one Splunk search: one pass, no join, no subsearch (docs/spl-idioms.md)."""

from __future__ import annotations

from collections.abc import Sequence

from trident.mapping.binding import Bound, BoundSearch
from trident.result.translation import AlertColumns, Query
from trident.rule.plan import Aggregate, Ordered, Plan, Search
from trident.spl import syntax
from trident.spl.aggregate import aggregate
from trident.spl.baseline import passing
from trident.spl.detections import SplDetections
from trident.spl.frame import Fired, Frame, Wanted
from trident.spl.layout import laid_out
from trident.spl.ordered import ordered
from trident.spl.outputs import Shown, shown, wanted
from trident.spl.prefilter import search_clause
from trident.spl.stream import Rows, Stream, assign
from trident.spl.syntax import TIME
from trident.spl.temporal import temporal
from trident.spl.tokens import conjunction


def render(bound: Bound) -> Query:
    """The search of a plan bound to an SPL profile.

    Result columns carry Sigma names; an alert is one row per (group key, ``_time``), where a
    count of at least one gives one row per match.

    Raises:
        Refusal: when SPL cannot say a detection, quote a name, or tell two tables apart.
    """
    if isinstance(bound, BoundSearch):
        return _search(bound)
    plan = bound.plan
    columns = shown(plan)
    stream = Stream(bound, [each.name for each in columns])
    frame = Frame(stream, stream.root)
    sources = {each: wanted(stream.root, each) for each in columns}
    fired = _fire(frame, list(dict.fromkeys(each for each in sources.values() if each)))
    body = [*_inner(stream, stream.root), *fired.lines, *_alerts(frame, fired)]
    show = _results(frame, fired, sources)
    head = stream.head(_depth(plan, plan.firing.back if plan.firing else None), plan.firing)
    named = {name: name for name in plan.group_by}
    return Query(
        laid_out("\n".join([*head, *body, *show])) + "\n",
        AlertColumns(TIME, named),
        {each.name: each.name for each in columns},
        notes=tuple(stream.notes),
        features=tuple(stream.detections.features),
    )


def _search(bound: BoundSearch) -> Query:
    """A rule without correlation: the events themselves, or their ``fields``."""
    detections = SplDetections(alone=True)
    predicate = detections.predicate(bound)
    firing = bound.plan.firing
    ends = [syntax.since(firing), f"{TIME}<={syntax.ago(firing.delay)}"] if firing else []
    outputs = tuple(dict.fromkeys(bound.plan.outputs))
    natives = [syntax.native(bound.column(name)) for name in outputs]
    lines = [
        search_clause([bound], firing.back if firing else None, firing.delay if firing else 0),
        *syntax.computed(bound.columns.values()),
    ]
    if test := conjunction([*ends, predicate]):
        lines.append(f"| where {test}")
    if outputs:
        names = syntax.Names([*natives, *outputs])
        working = [names.claim(name) for name in outputs]
        pairs = zip(working, natives, strict=True)
        lines += assign(f"{column}={syntax.field(native)}" for column, native in pairs)
        lines.append(f"| table {', '.join([TIME, *working])}")
        lines += _rename(dict(zip(working, outputs, strict=True)))
    return Query(
        laid_out("\n".join(lines)) + "\n",
        columns={name: name for name in outputs},
        notes=tuple(detections.notes),
        features=tuple(detections.features),
    )


def _fire(frame: Frame, fields: Sequence[Wanted]) -> Fired:
    """The rows on which the correlation may fire: baseline, group key, then its trigger."""
    plan = frame.plan
    before: list[str] = []
    limits: list[str] = []
    if plan.baseline is not None:
        before, limits = passing(frame, plan.baseline)
    before += frame.present()
    if isinstance(plan.trigger, Aggregate):
        fired = aggregate(frame, plan.trigger, fields)
    elif isinstance(plan.trigger, Ordered):
        fired = ordered(frame, plan.trigger, fields)
    else:
        fired = temporal(frame, plan.trigger, fields)
    fired.lines[:0] = before
    fired.extra += limits
    fired.combine |= dict.fromkeys(limits, "last")
    return fired


def _inner(stream: Stream, rows: Rows) -> list[str]:
    """The correlations that ``rows`` refers to, innermost first: their alerts become rows."""
    lines: list[str] = []
    for branch, inner in rows.inner.items():
        frame = Frame(stream, inner, stream.claim("mine"))
        fired = _fire(frame, [])
        lines += _inner(stream, inner)
        lines += assign([f"{frame.mine}=if({stream.is_rule(inner.labels)},1,0)"])
        lines += fired.lines
        by = frame.by(*frame.keys, TIME)
        if fired.combine:
            # eventstats keeps other rules' rows, which stats would drop.
            lines.append(f"| eventstats {_combined(fired.combine)}{by}")
        nth = frame.claim("nth")
        lines.append(f"| streamstats count AS {nth}{by}")
        tests = [f"{nth}==1", *([fired.condition] if fired.condition else [])]
        lines += [*assign(fired.derive), frame.where(" AND ".join(tests))]
        lines += assign(_becomes(stream, rows, branch, frame))
    return lines


def _becomes(stream: Stream, rows: Rows, branch: int, frame: Frame) -> list[str]:
    """Assignments that turn an inner alert's row into a match of the outer correlation."""
    steps = []
    for (name, numeric), read in rows.reads.items():
        key = rows.inner_key(branch, name)
        if key is not None:
            value = f"tonumber({frame.keys[key]})" if numeric else frame.keys[key]
            steps.append(f"{read.name}=if({frame.mine}==1,{value},{read.name})")
    label = syntax.literal(rows.labels[branch])
    return [*steps, f"{stream.rule}=if({frame.mine}==1,{label},{stream.rule})"]


def _alerts(frame: Frame, fired: Fired) -> list[str]:
    """One row per group and time, at which the condition holds within the lookback."""
    lines = []
    if not fired.each:
        # stats, not dedup: all rows of one time have their say before the condition is judged.
        combined = _combined(fired.combine) or f"count AS {frame.claim('matches')}"
        lines.append(f"| stats {combined} BY {', '.join([*dict.fromkeys(frame.keys), TIME])}")
        lines += assign(fired.derive)
    tests = [fired.condition] if fired.condition else []
    if frame.plan.firing:
        tests.append(syntax.since(frame.plan.firing))
    return [*lines, f"| where {' AND '.join(tests)}"] if tests else lines


def _combined(combine: dict[str, str]) -> str:
    return ", ".join(f"{function}({column}) AS {column}" for column, function in combine.items())


def _results(frame: Frame, fired: Fired, sources: dict[Shown, Wanted | None]) -> list[str]:
    """The lines that name and order the result's columns: the time, the shown columns, then the
    evidence that none of them shows."""
    keys = dict(zip(frame.plan.group_by, frame.keys, strict=True))
    columns: dict[str, str] = {}
    derived = []
    for each, source in sources.items():
        if each.field is None:
            place = max(fired.times) if each.stage is None else each.stage
            column = fired.times.get(place, TIME)
        elif source is None:
            column = keys[each.field]
        else:
            column = fired.fields[source]
        if each.after_last is not None or column in columns.values() or column == TIME:
            own = frame.stream.claim_shown(each.name)
            derived.append(f"{own}={_after_last(column, each.after_last)}")
            column = own
        columns[each.name] = column
    evidence = [*(time for time in fired.times.values() if time != TIME), *fired.extra]
    columns |= {name: name for name in evidence if name not in columns.values()}
    lines = [*assign(derived), f"| table {', '.join([TIME, *columns.values()])}"]
    renamed = {column: name for name, column in columns.items()}
    return [*lines, *_rename(renamed)]


def _after_last(column: str, separator: str | None) -> str:
    if separator is None:
        return column
    return f"mvindex(split({column},{syntax.literal(separator)}),-1)"


def _rename(names: dict[str, str]) -> list[str]:
    changed = {column: name for column, name in names.items() if column != name}
    items = (f"{column} AS {syntax.name(name)}" for column, name in changed.items())
    return [f"| rename {', '.join(items)}"] if changed else []


def _depth(plan: Plan, back: int | None) -> int | None:
    """Seconds of data before now that alerts within the last ``back`` seconds need."""
    if isinstance(plan, Search):
        return back
    if plan.baseline is not None:
        before: int | None = plan.baseline.oldest
    else:
        before = None if back is None else back + plan.timespan
    depths = [_depth(branch.matches, before) for branch in plan.branches]
    known = [depth for depth in depths if depth is not None]
    return max(known) if len(known) == len(depths) else None
