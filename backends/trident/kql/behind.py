"""The matches behind an inner alert, for fields that it does not group by (docs/semantics.md)."""

from __future__ import annotations

from collections.abc import Iterable

from trident.kql import syntax
from trident.kql.rows import RowColumn, Rows
from trident.kql.script import Period, inline, slot, slots
from trident.kql.windows import number_of, value_columns
from trident.mapping.profiles import Column
from trident.rule.plan import Aggregate, Statistic
from trident.rule.raw import timespan


def behind(rows: Rows, fired: str, period: Period) -> list[str]:
    """Each alert of ``fired`` (a let with time and keys) once per distinct tuple of the further
    columns among the matches of its window that its condition counts."""
    plan, script = rows.bound.plan, rows.script
    values = value_columns(rows, plan.trigger) if isinstance(plan.trigger, Aggregate) else []
    counted = [*_present(rows, rows.further), *_counted(rows, values)]
    matches = rows.union(
        plan.counted_branches, period.earlier(plan.timespan), [*rows.further, *values]
    )
    match_time = rows.claim("MatchTime")
    keys = list(rows.key_names)
    inner = inline(
        [
            script.let(f"behind_{plan.identity.slug}", matches),
            f"| where {' and '.join(dict.fromkeys(counted))}",
            f"| project-rename {match_time} = {rows.time}",
            f"| extend Slot = {slot(match_time, plan.timespan)}",
        ]
    )
    further = [syntax.name(column.name) for column in rows.further]
    return [
        fired,
        slots(rows.time, plan.timespan),
        f"| join kind=inner {inner} on {', '.join([*keys, 'Slot'])}",
        f"| where ({rows.time} - {match_time}) between (0s .. {timespan(plan.timespan)})",
        f"| distinct {', '.join(dict.fromkeys([rows.time, *keys, *further]))}",
    ]


def _counted(rows: Rows, values: list[RowColumn]) -> list[str]:
    """The tests that a match has a value that the condition's statistic is over."""
    trigger = rows.bound.plan.trigger
    if isinstance(trigger, Aggregate) and trigger.statistic is not Statistic.DISTINCT:
        return [f"isnotnull({number_of(value)})" for value in values]
    return _present(rows, values)


def _present(rows: Rows, columns: Iterable[RowColumn]) -> list[str]:
    present = rows.script.detections.present
    return [present(Column(column.name, column.type)) for column in columns]
