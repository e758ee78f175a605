"""Which columns a correlation's result shows, and which match each comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trident.esql import syntax
from trident.esql.points import TIME_DIGITS
from trident.esql.stream import RowColumn, Rows
from trident.rule.plan import Aggregate, Ordered

LIMIT = 10_000
"""Rows that a query returns at most (setting esql.query.result_truncation_max_size)."""

METADATA = ("_id", "_version", "_index")


@dataclass(frozen=True, slots=True)
class Output:
    """A result column: a field of a place's match, or (without ``source``) the match's time.

    ``place`` is the index of the stage (ordered), of the branch (temporal), 0 (aggregate: the
    firing match), or None for a group key.
    """

    name: str
    place: int | None
    source: RowColumn | None = None
    after_last: str | None = None

    def made(self, value: str) -> str:
        """This column's value, that of its source being ``value``."""
        if self.after_last is None:
            return value
        # A Java regular expression: everything up to the last separator, line breaks too.
        pattern = f"(?s)^.*{_quoted(self.after_last)}"
        return f'REPLACE({value}, {syntax.literal(pattern)}, "")'


def outputs(rows: Rows) -> list[Output]:
    """The result's columns after the time: keys that ``fields`` does not name, the named
    columns, then ``fields`` in its order, each once."""
    plan = rows.bound.plan
    keys = dict(zip(plan.group_by, rows.keys, strict=True))
    shown = [Output(key.name, None, key) for name, key in keys.items() if name not in plan.outputs]
    rows.shown.update((name, key.name) for name, key in keys.items())
    for column in plan.columns:
        place = column.stage - 1 if column.stage is not None else None
        source = None
        if column.field is not None:
            place, source = _source(rows, column.field, place)
        shown.append(Output(rows.stream.claim(column.name), place, source, column.after_last))
        rows.shown[column.name] = shown[-1].name
    for name in plan.outputs:
        place, source = (None, keys[name]) if name in keys else _source(rows, name, None)
        rows.shown[name] = source.name
        if not any(output.name == source.name for output in shown):
            shown.append(Output(source.name, place, source))
    return list(dict.fromkeys(shown))


def places(rows: Rows) -> list[tuple[int, ...]]:
    """The branches of each place that a match can come from: stages in order, or one per rule,
    or one for all rules of an aggregate."""
    trigger = rows.bound.plan.trigger
    if isinstance(trigger, Ordered):
        return list(trigger.stages)
    everywhere = rows.everywhere
    return [everywhere] if isinstance(trigger, Aggregate) else [(i,) for i in everywhere]


def sources(shown: Iterable[Output]) -> list[RowColumn]:
    """The columns that a place's match has to bring along, each once."""
    sources = (output.source for output in shown if output.place is not None)
    return list(dict.fromkeys(source for source in sources if source is not None))


def keep(rows: Rows, shown: Iterable[Output], extra: Iterable[str], documents: bool) -> list[str]:
    """The last lines: the columns of the result, the latest alerts first."""
    time = syntax.name(rows.bound.profile.time)
    names = [*(output.name for output in shown), *extra]
    kept = [time, *map(syntax.name, names), *(METADATA if documents else ())]
    return [
        f"| KEEP {syntax.listed(dict.fromkeys(kept))}",
        f"| SORT {time} DESC",
        f"| LIMIT {LIMIT}",
    ]


def time_of(point: str) -> str:
    """The time at the start of a point, in milliseconds."""
    return f"TO_LONG(LEFT({point}, {TIME_DIGITS}))"


def _source(rows: Rows, name: str, place: int | None) -> tuple[int, RowColumn]:
    """The latest place (or the given one) whose matches have a field, and its column."""
    having = set(rows.having(name))
    everywhere = places(rows)
    for index in range(len(everywhere) - 1, -1, -1) if place is None else [place]:
        branches = tuple(branch for branch in everywhere[index] if branch in having)
        if branches:
            return index, rows.column(name, branches)
    raise LookupError(name)


def _quoted(text: str) -> str:
    """A text as a literal part of a Java regular expression."""
    return "".join(char if char.isalnum() or char in "/_ " else f"\\{char}" for char in text)
