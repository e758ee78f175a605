"""``event_count`` and ``value_*``: numbers over the matches of each trailing window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trident.elastic.typed import NUMERIC
from trident.esql import syntax
from trident.esql.commands import stats
from trident.esql.detections import number_of
from trident.esql.fired import Fired, compared, part
from trident.esql.outputs import Output, sources
from trident.esql.points import Part, Points
from trident.esql.stream import RowColumn, Rows
from trident.rule.plan import Aggregate, Operator, Statistic

# Nearest rank without a percentile function (docs/semantics.md): with n values, of them `below`
# under and `upto` up to the number, rank r <= k is p * n <= 100 * k.
_RANKS: Mapping[Operator, str] = {
    Operator.GT: "{upto} < {rank}",
    Operator.GTE: "{below} < {rank}",
    Operator.LT: "{below} >= {rank}",
    Operator.LTE: "{upto} >= {rank}",
    Operator.EQ: "{below} < {rank} AND {upto} >= {rank}",
    Operator.NEQ: "NOT ({below} < {rank} AND {upto} >= {rank})",
}


@dataclass(frozen=True, slots=True)
class _Measure:
    """A number per match time that adds up over a window."""

    name: str
    counted: str
    kind: str = "long"


def aggregate(rows: Rows, trigger: Aggregate, shown: Sequence[Output], since: str) -> Fired:
    """One row per alert of a condition on the values in a window."""
    if trigger.statistic is Statistic.DISTINCT:
        return _distinct(rows, trigger, shown, since)
    claim = rows.stream.claim
    values = [rows.column(name) for name in trigger.fields]
    lines = rows.assigned([*rows.keys, *values, *sources(shown)])
    if values and values[0].type not in NUMERIC:
        lines.append(f"| EVAL {number_from_text(values[0], number := claim('number'))}")
    else:
        number = values[0].name if values else ""
    measures, condition = _measures(rows, trigger, syntax.name(number) if number else "", values)
    carried = _carried(rows, shown)
    counted = [f"{measure.name} = {measure.counted}" for measure in measures]
    counted += [f"{syntax.name(s.name)} = MAX({syntax.name(s.name)})" for s in carried]
    points = Points.over(
        rows, [*(Part.number(m.name, m.kind) for m in measures), *carried.values()]
    )
    read = [f"{m.name} = {part.value()}" for m, part in zip(measures, points.parts, strict=False)]
    first = claim("FirstMatch")
    time = rows.stream.time
    shows = [f"{first} = MIN({points.match})"] if rows.shows else []
    sums = [f"{measure.name} = SUM({measure.name})" for measure in measures]
    lines += [
        # One point per time, not per match: VALUES keeps each text once, and points carry counts.
        stats(counted, [*rows.key_names, time]),
        *points.windows(since=since),
        f"| EVAL {syntax.listed(read)}",
        stats([*sums, *shows, *_latest(carried, points)], [*rows.key_names, time]),
        f"| WHERE {condition}",
    ]
    extra = {measures[0].name: measures[0].name, first: f"TO_DATETIME({first})"}
    return Fired(lines, _values(shown, carried), extra)


def number_from_text(column: RowColumn, name: str) -> str:
    """The assignment of a text column's number, null where the text is none."""
    text = syntax.name(column.name)
    return f"{name} = {number_of(text if column.type == 'string' else f'TO_STRING({text})')}"


def _distinct(rows: Rows, trigger: Aggregate, shown: Sequence[Output], since: str) -> Fired:
    """Distinct values by nested STATS: COUNT_DISTINCT is an estimate."""
    claim, time = rows.stream.claim, rows.stream.time
    values = [rows.column(name) for name in trigger.fields]
    carried = _carried(rows, shown)
    value, count, first = claim("value"), claim("Values"), claim("FirstMatch")
    points = Points.over(rows, [Part.label(value), *carried.values()])
    shows = [f"{first} = MIN({points.match})"] if rows.shows else []
    again = [f"{first} = MIN({first})"] if rows.shows else []
    again += [f"{part.name} = MAX({part.name})" for part in carried.values()]
    counted = [f'{count} = COUNT(*) WHERE {value} != "-"', *again]
    lines = [
        *rows.assigned([*rows.keys, *values, *sources(shown)]),
        f"| EVAL {value} = {_tuple(values)}",
        *points.windows(since=since),
        stats([*shows, *_latest(carried, points)], [*rows.key_names, time, value]),
        stats(counted, [*rows.key_names, time]),
        f"| WHERE {compared(trigger.comparisons, count)}",
    ]
    return Fired(lines, _values(shown, carried), {count: count, first: f"TO_DATETIME({first})"})


def _tuple(values: Sequence[RowColumn]) -> str:
    """A tuple of values as one text: base64 parts with a dot between; "-" when one is missing."""
    names = [syntax.name(value.name) for value in values]
    kinds = [value.type for value in values]
    present = [
        f'{name} != ""' if kind == "string" else f"{name} IS NOT NULL"
        for name, kind in zip(names, kinds, strict=True)
    ]
    texts = [
        f"TO_BASE64({name})" if kind == "string" else f"TO_BASE64(TO_STRING({name}))"
        for name, kind in zip(names, kinds, strict=True)
    ]
    dotted = ', ".", '.join(texts)
    joined = texts[0] if len(texts) == 1 else f"CONCAT({dotted})"
    return f'CASE({" AND ".join(present)}, {joined}, "-")'


def _measures(
    rows: Rows, trigger: Aggregate, number: str, values: Sequence[RowColumn]
) -> tuple[list[_Measure], str]:
    """What is counted per match time, the first one shown, and the condition on the sums."""
    claim = rows.stream.claim
    if trigger.statistic is Statistic.COUNT:
        count = claim("Matches")
        return [_Measure(count, "COUNT(*)")], compared(trigger.comparisons, count)
    count = claim("Values")
    counted = _Measure(count, f"COUNT({number})")
    if trigger.statistic in (Statistic.SUM, Statistic.AVG):
        whole = values[0].type in ("long", "int")
        total = claim("Total")
        # A mean is compared as total against number * count, which is exact for whole numbers.
        times = "" if trigger.statistic is Statistic.SUM else f" * {count}"
        # A point's part is never null, and SUM over nothing but nulls is.
        summed = f"COALESCE(SUM({number}), {'0' if whole else '0.0'})"
        return (
            [_Measure(total, summed, "long" if whole else "real"), counted],
            f"{count} > 0 AND {compared(trigger.comparisons, total, times)}",
        )
    measures, tests = [counted], [f"{count} > 0"]
    for comparison in trigger.comparisons:
        below, upto = claim("Below"), claim("UpTo")
        wanted = syntax.number(comparison.number)
        measures.append(_Measure(below, f"COUNT(*) WHERE {number} < {wanted}"))
        measures.append(_Measure(upto, f"COUNT(*) WHERE {number} <= {wanted}"))
        test = _RANKS[comparison.op]
        rank = f"{trigger.percentile} * {count}"
        tests.append(test.format(below=f"100 * {below}", upto=f"100 * {upto}", rank=rank))
    return measures, " AND ".join(tests)


def _carried(rows: Rows, shown: Sequence[Output]) -> dict[RowColumn, Part]:
    """The fields of the firing match that the result shows, as parts of a point."""
    return {column: part(rows, column) for column in sources(shown)}


def _latest(carried: Mapping[RowColumn, Part], points: Points) -> list[str]:
    """The fields of the match that fires; of several at one time, each field's greatest."""
    time = points.rows.stream.time
    return [
        f"{part.name} = MAX({part.name}) WHERE {points.match} == {time}"
        for part in carried.values()
    ]


def _values(shown: Sequence[Output], carried: Mapping[RowColumn, Part]) -> dict[Output, str]:
    return {
        output: carried[output.source].value()
        for output in shown
        if output.source is not None and output.place is not None
    }
