"""``trident.baseline``: the current matches that stand out against the history before them."""

from __future__ import annotations

from trident.kql import syntax
from trident.kql.outputs import Output
from trident.kql.rows import RowColumn, Rows
from trident.kql.script import Period, inline
from trident.kql.windows import number_of
from trident.rule.plan import Baseline, Exceeds

_STATISTICS = {
    "percentile": "percentile({value}, {percentile})",
    "avg": "avg({value})",
    "max": "max({value})",
    "min": "min({value})",
}


def passing(rows: Rows, baseline: Baseline, columns: list[RowColumn], delay: int) -> list[str]:
    """The current matches that pass, with ``columns`` and the baseline's own fields, as of
    ``delay`` seconds before now."""
    script = rows.script
    everywhere = tuple(range(len(rows.bound.branches)))
    exceeds = baseline.exceeds
    value = rows.column(exceeds.field, everywhere) if exceeds else None
    by = [rows.column(name, everywhere) for name in exceeds.by] if exceeds else []
    unseen = [rows.column(name, everywhere) for name in baseline.unseen]
    needed = [*rows.keys, *columns, *([value] if value else []), *by, *unseen]
    hits = script.let(
        "hits",
        rows.union(
            everywhere,
            Period(baseline.oldest, delay=delay),
            list(dict.fromkeys(needed)),
            keyed=False,
        ),
        reused=True,
    )
    edge = syntax.ago(baseline.newest, delay)
    history = script.let("history", [hits, f"| where {rows.time} <= {edge}"])
    lines = [hits, f"| where {rows.time} > {edge}"]
    if rows.keys:
        present = [f"isnotempty({name})" for name in rows.key_names]
        lines.append(f"| where {' and '.join(present)}")
    if exceeds and value:
        lines += _exceeds(rows, exceeds, value, by, history)
    if unseen:
        lines += _unseen(rows, baseline, unseen, history)
    return lines


def baseline_outputs(shown: list[Output]) -> list[RowColumn]:
    """The columns that the result shows of the firing match."""
    return [output.source for output in shown if output.source is not None]


def _exceeds(
    rows: Rows, exceeds: Exceeds, value: RowColumn, by: list[RowColumn], history: str
) -> list[str]:
    number = number_of(value)
    statistic = _STATISTICS[exceeds.statistic].format(value=number, percentile=exceeds.percentile)
    limit, script = rows.claim("Limit"), rows.script
    aggregates, conditions = {limit: statistic}, [f"{number} > {limit}"]
    if exceeds.factor is not None:
        conditions = [f"{number} > {limit} * {syntax.number(exceeds.factor)}"]
    if exceeds.stdevs is not None:
        deviation, count = rows.claim("Deviation"), rows.claim("Samples")
        aggregates |= {
            deviation: f"stdev({number})",
            count: f"countif(isnotnull({number}))",
        }
        conditions = [
            f"{count} > 1",
            f"{number} > {limit} + {syntax.number(exceeds.stdevs)} * {deviation}",
        ]
    summary = ", ".join(f"{name} = {value}" for name, value in aggregates.items())
    if by:
        # A missing value forms a group of its own; as text, because null joins nothing.
        names = [rows.claim(f"{column.name}Group") for column in by]
        groups = ", ".join(
            f"{name} = tostring({syntax.name(column.name)})"
            for name, column in zip(names, by, strict=True)
        )
        # inner: a group without history has no limit, and nothing can exceed it.
        limits = inline([history, f"| summarize {summary} by {groups}"])
        return [
            f"| extend {groups}",
            f"| join kind=inner {limits} on {', '.join(names)}",
            f"| where {' and '.join(conditions)}",
        ]
    if exceeds.stdevs is None:
        # toscalar is computed once; with one number there is nothing to join on.
        name = script.let("threshold", [f"toscalar({history} | summarize {statistic})"])
        return [f"| where {conditions[0].replace(limit, name)}"]
    limits = inline([history, f"| summarize {summary}", "| extend Everything = 1"])
    return [
        "| extend Everything = 1",
        f"| join kind=inner {limits} on Everything",
        f"| where {' and '.join(conditions)}",
    ]


def _unseen(rows: Rows, baseline: Baseline, unseen: list[RowColumn], history: str) -> list[str]:
    """Values compare exactly, tuples part by part; a missing part decides by unseen_empty."""
    script, present = rows.script, rows.script.detections
    names = [syntax.name(column.name) for column in unseen]
    complete = " and ".join(f"isnotempty({name})" for name in names)
    seen = script.let("seen", [history, f"| where {complete}", f"| distinct {', '.join(names)}"])
    assert present is not None
    if len(names) == 1 and unseen[0].type == "string":
        if baseline.unseen_empty:
            return [f"| where isempty({names[0]}) or {names[0]} !in ({seen})"]
        return [f"| where isnotempty({names[0]}) and {names[0]} !in ({seen})"]
    lines = [] if baseline.unseen_empty else [f"| where {complete}"]
    return [*lines, f"| join kind=leftanti {seen} on {', '.join(names)}"]
