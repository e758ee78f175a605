"""Trailing windows: counts, values and rule presence over the matches of [t - T, t]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from trident.kql import syntax
from trident.kql.detections import NUMERIC
from trident.kql.outputs import Output, evidence, record
from trident.kql.rows import RowColumn, Rows
from trident.kql.script import NULLS, inline, slot, slots
from trident.rule.plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    Has,
    Not,
    Operator,
    RuleCount,
    Statistic,
    Together,
)
from trident.rule.raw import timespan

_SYMBOLS: Mapping[Operator, str] = {
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.EQ: "==",
    Operator.NEQ: "!=",
}

# Nearest rank without a percentile function (docs/semantics.md): with n values, of them `below`
# under and `upto` up to the number, rank r <= k is p * n <= 100 * k.
_RANKS: Mapping[Operator, str] = {
    Operator.GT: "{upto} < {rank}",
    Operator.GTE: "{below} < {rank}",
    Operator.LT: "{below} >= {rank}",
    Operator.LTE: "{upto} >= {rank}",
    Operator.EQ: "{below} < {rank} and {upto} >= {rank}",
    Operator.NEQ: "not({below} < {rank} and {upto} >= {rank})",
}


def matches_alone(rows: Rows, matches: list[str], shown: list[Output]) -> list[str]:
    """One row per match, for a condition that every match fulfils."""
    items = [output.item for output in shown] or list(rows.key_names)
    return [*matches, syntax.command("project", [rows.time, *items])]


def value_columns(rows: Rows, trigger: Aggregate) -> list[RowColumn]:
    """The canonical columns of the condition's fields."""
    everywhere = tuple(range(len(rows.bound.branches)))
    return [rows.column(field, everywhere) for field in trigger.fields]


def aggregate(
    rows: Rows, trigger: Aggregate, matches: str, wanted: list[Output], *, shown: bool
) -> list[str]:
    """One row per alert of an aggregate over ``matches`` (a let with time, keys, values)."""
    values = value_columns(rows, trigger)
    match_time = rows.claim("MatchTime")
    # Per alert time, not per bin: a window of [t - T, t] ends at every match (semantics.md).
    by = ", ".join([*rows.key_names, rows.time])
    measures, condition = _measures(rows, trigger, values)
    first = {rows.claim("FirstMatch"): f"min({match_time})"} if shown else {}
    latest = _at_alert(rows, wanted, match_time) if shown else {}
    lines = _windows(rows, matches, rows.time, match_time)
    if trigger.statistic is Statistic.DISTINCT:
        # Two summarizes instead of dcount(), which estimates above 1,000 values.
        names = (syntax.name(value.name) for value in values)
        distinct = [name for name in names if name not in rows.key_names]
        kept = {**first, **latest}
        inner = ", ".join(f"{name} = {value}" for name, value in kept.items())
        lines.append(f"| summarize {inner}{' ' if inner else ''}by {', '.join([by, *distinct])}")
        again = {name: f"{'min' if name in first else 'max'}({name})" for name in kept}
        first, latest = {}, again
    columns = {**measures, **first, **latest}
    lines += [
        syntax.command("summarize", [f"{name} = {value}" for name, value in columns.items()], by),
        f"| where {condition}",
    ]
    extra = [next(iter(measures)), *(name for name in columns if name.startswith("FirstMatch"))]
    items = [output.item for output in wanted]
    if not shown:
        return [*lines, f"| project {', '.join([rows.time, *rows.key_names])}"]
    lines += record(rows, wanted, matches)
    return [*lines, syntax.command("project", [rows.time, *items, *extra])]


def temporal(
    rows: Rows,
    trigger: RuleCount | Together,
    matches: str,
    rule: str,
    wanted: list[Output],
    *,
    shown: bool,
) -> list[str]:
    """One row per alert of an unordered correlation over ``matches`` (with a rule column)."""
    by = ", ".join([*rows.key_names, rows.time])
    match_time = rows.claim("MatchTime")
    times = [rows.claim(f"Rule{index + 1}Time") for index in range(len(rows.bound.branches))]
    named = {o.stage: o.name for o in wanted if o.source is None}
    times = [named.get(index, time) for index, time in enumerate(times)]
    # max() skips nulls, so a rule without a match in the window has no time.
    latest = [
        f"{time} = max(iff({rule} == {index}, {match_time}, datetime(null)))"
        for index, time in enumerate(times)
    ]
    if isinstance(trigger, Together):
        condition = _expression(trigger.expression, times)
        firing = [f"{rule} == {index}" for index in trigger.positive]
        candidates = [f"| where {' or '.join(firing)}"]
    else:
        present = " + ".join(f"toint(isnotnull({time}))" for time in times)
        condition = _compared(trigger.comparisons, present)
        candidates = []
    lines = [
        *_windows(rows, matches, rows.time, match_time, candidates),
        syntax.command("summarize", latest, by),
        f"| where {condition}",
    ]
    if not shown:
        return [*lines, f"| project {', '.join([rows.time, *rows.key_names])}"]
    for index, time in enumerate(times):
        columns = evidence(wanted, index)
        if columns:
            # leftouter: a rule that has no match in the window shows nothing, and the alert stays.
            on = ", ".join([*rows.key_names, time])
            greatest = ", ".join(
                f"{syntax.name(c.name)} = max({syntax.name(c.name)})" for c in columns
            )
            source = inline(
                [
                    matches,
                    f"| where {rule} == {index}",
                    f"| summarize {greatest} by "
                    + ", ".join([*rows.key_names, f"{time} = {rows.time}"]),
                ]
            )
            lines.append(f"| join kind=leftouter {source} on {on}")
    lines += record(rows, wanted, matches, candidates)
    items = [output.item for output in wanted]
    spare = [time for time in times if time not in {o.name for o in wanted}]
    return [*lines, syntax.command("project", [rows.time, *items, *spare])]


def _windows(
    rows: Rows, matches: str, time: str, match_time: str, candidates: list[str] | None = None
) -> list[str]:
    """Each distinct alert candidate joined with the matches of its trailing window."""
    span = rows.bound.plan.timespan
    keys = list(rows.key_names)
    inner = inline(
        [
            matches,
            f"| project-rename {match_time} = {time}",
            f"| extend Slot = {slot(match_time, span)}",
        ]
    )
    return [
        # distinct: matches of one time share a window, and must not multiply its rows.
        matches,
        *(candidates or []),
        f"| distinct {', '.join([*keys, time])}",
        slots(time, span),
        f"| join kind=inner {inner} on {', '.join([*keys, 'Slot'])}",
        f"| where ({time} - {match_time}) between (0s .. {timespan(span)})",
    ]


def _compared(comparisons: Iterable[Comparison], left: str, times: str = "") -> str:
    """All comparisons of ``left`` with their numbers, each multiplied by ``times`` if given."""
    return " and ".join(
        f"{left} {_SYMBOLS[each.op]} {syntax.number(each.number)}{times}" for each in comparisons
    )


def _measures(
    rows: Rows, trigger: Aggregate, values: list[RowColumn]
) -> tuple[dict[str, str], str]:
    """The aggregates to compute per window, the first one shown, and the condition on them."""
    compared = partial(_compared, trigger.comparisons)
    if trigger.statistic is Statistic.COUNT:
        count = rows.claim("Matches")
        return {count: "count()"}, compared(count)
    if trigger.statistic is Statistic.DISTINCT:
        count = rows.claim("Values")
        present = " and ".join(f"isnotempty({syntax.name(value.name)})" for value in values)
        return {count: f"countif({present})"}, compared(count)
    value = number_of(values[0])
    count = rows.claim("Values")
    counted = {count: f"countif(isnotnull({value}))"}
    if trigger.statistic in (Statistic.SUM, Statistic.AVG):
        total = rows.claim("Total")
        # A mean is compared as total against number * count, which is exact for whole numbers.
        times = "" if trigger.statistic is Statistic.SUM else f" * {count}"
        return {total: f"sum({value})", **counted}, f"{count} > 0 and {compared(total, times)}"
    tests = [f"{count} > 0"]
    for comparison in trigger.comparisons:
        below, upto = rows.claim("Below"), rows.claim("UpTo")
        wanted = syntax.number(comparison.number)
        counted[below] = f"countif({value} < {wanted})"
        counted[upto] = f"countif({value} <= {wanted})"
        test = _RANKS[comparison.op]
        rank = f"{trigger.percentile} * {count}"
        tests.append(test.format(below=f"100 * {below}", upto=f"100 * {upto}", rank=rank))
    return counted, " and ".join(tests)


def number_of(column: RowColumn) -> str:
    """The column's value as a number; null where its text is none."""
    name = syntax.name(column.name)
    if column.type in NUMERIC:
        return name
    return f"todouble({name})" if column.type == "string" else f"todouble(tostring({name}))"


def _at_alert(rows: Rows, shown: list[Output], match_time: str) -> dict[str, str]:
    """The fields of the match that fires; of several at one time, each field's greatest."""
    return {
        syntax.name(column.name): f"max(iff({match_time} == {rows.time}, "
        f"{syntax.name(column.name)}, {NULLS[column.type]}))"
        for column in sorted(evidence(shown, 0), key=lambda column: column.name)
    }


def _expression(expression: Expression, times: list[str]) -> str:
    match expression:
        case Has(branch):
            return f"isnotnull({times[branch]})"
        case Not(part):
            return f"not({_expression(part, times)})"
        case AllOf(parts):
            return f"({' and '.join(_expression(part, times) for part in parts)})"
        case AnyOf(parts):
            return f"({' or '.join(_expression(part, times) for part in parts)})"
