"""The rows on which a correlation fires, and what each shows of the matches behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trident.esql import syntax
from trident.esql.outputs import Output, sources, time_of
from trident.esql.points import Part, Points
from trident.esql.stream import RowColumn, Rows
from trident.rule.plan import Aggregate, Comparison, Operator, Ordered, Trigger

_SYMBOLS: Mapping[Operator, str] = {
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.EQ: "==",
    Operator.NEQ: "!=",
}


def compared(comparisons: Iterable[Comparison], left: str, times: str = "") -> str:
    """All comparisons of ``left`` with their numbers, each multiplied by ``times`` if given."""
    return " AND ".join(
        f"{left} {_SYMBOLS[each.op]} {syntax.number(each.number)}{times}" for each in comparisons
    )


@dataclass(slots=True)
class Fired:
    """The rows on which a correlation fires: one per alert, with the group key and ``time``.

    ``values`` says where each result column of a match comes from, ``extra`` names further
    columns to show and how they are made.
    """

    lines: list[str]
    values: dict[Output, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)


def always_fires(trigger: Trigger) -> bool:
    """Whether every match fires: its window holds at least itself."""
    if isinstance(trigger, Aggregate):
        return trigger.every_match
    return isinstance(trigger, Ordered) and len(trigger.stages) == 1


def matches_alone(rows: Rows, trigger: Trigger, shown: Sequence[Output]) -> Fired:
    """One row per match, for a condition that every match (of an only stage) fulfils."""
    lines = rows.assigned([*rows.keys, *sources(shown)])
    if isinstance(trigger, Ordered) and len(trigger.stages[0]) < len(rows.labels):
        lines.append(f"| WHERE {rows.stream.is_rule(rows.labels_of(trigger.stages[0]))}")
    time = rows.bound.profile.time
    values = {o: syntax.name(o.source.name if o.source else time) for o in shown}
    return Fired(lines, values)


def evidence(
    rows: Rows,
    lines: list[str],
    points: Points,
    latest: Mapping[int, str],
    times: Mapping[int, str],
    shown: Sequence[Output],
) -> Fired:
    """Take apart the ``latest`` point of each place: its fields, and its time.

    ``times`` names the column of each place's time; one that the rule names keeps its name.
    """
    fired = Fired(lines)
    used: set[str] = set()
    for place, column in latest.items():
        here = [output for output in shown if output.place == place]
        wanted = sources(here)
        names = {p: p.name for p in points.parts if p.source in wanted}
        names = {p: rows.stream.claim(n) if n in used else n for p, n in names.items()}
        used.update(names.values())
        if names:
            parts = ["", *(names.get(p, "") for p in points.parts)]
            fired.lines.append(points.dissect(column, parts))
        read = {p.source: p.value(name) for p, name in names.items()}
        time = f"TO_DATETIME({time_of(column)})"
        fired.values |= {o: read[o.source] if o.source else time for o in here}
        if place in times and all(o.source for o in here):
            fired.extra[times[place]] = time
    return fired


def part(rows: Rows, column: RowColumn) -> Part:
    """The part of a point that carries a field for the result."""
    return Part.of(column, rows.stream.claim(syntax.identifier(f"{column.name}_text")))
