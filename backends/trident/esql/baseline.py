"""``trident.baseline``: the current matches that stand out against the history before them.

INLINE STATS puts what the history says beside each row, so one query reads both windows
(https://www.elastic.co/docs/reference/query-languages/esql/commands/inlinestats-by). A missing
value is grouped as an empty text: a group of null had no result before
https://github.com/elastic/elasticsearch/issues/139887 was closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from trident.elastic.typed import NUMERIC
from trident.esql import syntax
from trident.esql.commands import evaluated
from trident.esql.stream import RowColumn, Rows
from trident.esql.windows import number_from_text
from trident.rule.plan import Baseline, Exceeds

_STATISTICS: Mapping[str, str] = {
    "percentile": "PERCENTILE({value}, {percentile})",
    "avg": "AVG({value})",
    "max": "MAX({value})",
    "min": "MIN({value})",
}


def passing(rows: Rows, baseline: Baseline, delay: int, *, documents: bool) -> list[str]:
    """The lines from FROM to the current matches that pass, group key present, as of ``delay``
    seconds before now."""
    stream = rows.stream
    stream.stack.require("INLINE STATS", "a baseline")
    exceeds = baseline.exceeds
    value = rows.column(exceeds.field) if exceeds else None
    by = [rows.column(name) for name in exceeds.by] if exceeds else []
    unseen = [rows.column(name) for name in baseline.unseen]
    history = stream.claim("history")
    edge = syntax.ago(baseline.newest, delay)
    lines = [
        *stream.head((baseline.oldest,), delay, keyed=False, documents=documents),
        *rows.assigned([*rows.keys, *([value] if value else []), *by, *unseen]),
        f"| EVAL {history} = {syntax.name(rows.bound.profile.time)} <= {edge}",
    ]
    tests = [f"NOT {history}", *(stream.detections.given_in(k.name, k.type) for k in rows.keys)]
    if exceeds and value:
        more, held = _exceeds(rows, exceeds, value, by, history)
        lines, tests = [*lines, *more], [*tests, *held]
    if unseen:
        more, held = _unseen(rows, baseline, unseen, history)
        lines, tests = [*lines, *more], [*tests, *held]
    return [*lines, "| WHERE " + "\n    AND ".join(dict.fromkeys(tests))]


def _exceeds(
    rows: Rows, exceeds: Exceeds, value: RowColumn, by: list[RowColumn], history: str
) -> tuple[list[str], list[str]]:
    claim = rows.stream.claim
    lines = []
    number = syntax.name(value.name)
    if value.type not in NUMERIC:
        lines.append(f"| EVAL {number_from_text(value, number := claim('number'))}")
    limit = claim("Limit")
    statistic = _STATISTICS[exceeds.statistic].format(value=number, percentile=exceeds.percentile)
    aggregates = [f"{limit} = {statistic} WHERE {history}"]
    tests = [f"{number} > {limit}"]
    if exceeds.factor is not None:
        # As a fraction, so that a product of whole numbers is exact.
        factor = Fraction(str(exceeds.factor))
        left = number if factor.denominator == 1 else f"{number} * {factor.denominator}"
        tests = [f"{left} > {limit} * {factor.numerator}"]
    if exceeds.stdevs is not None:
        # STD_DEV is the population deviation: times sqrt(n / (n - 1)) for the sample's.
        deviation, count = claim("Deviation"), claim("Samples")
        aggregates += [
            f"{deviation} = STD_DEV({number}) WHERE {history}",
            f"{count} = COUNT({number}) WHERE {history}",
        ]
        sample = f"{deviation} * SQRT({count} / ({count} - 1.0))"
        tests = [
            f"{count} > 1",
            f"{number} > {limit} + {syntax.number(exceeds.stdevs)} * {sample}",
        ]
    groups = _texts(rows, by)
    lines += _grouped(groups)
    lines.append(_inline(aggregates, groups))
    return lines, tests


def _unseen(
    rows: Rows, baseline: Baseline, unseen: list[RowColumn], history: str
) -> tuple[list[str], list[str]]:
    """Values compare exactly, tuples part by part; a missing part decides by unseen_empty."""
    seen = rows.stream.claim("Seen")
    groups = _texts(rows, unseen)
    never = f"COALESCE({seen}, 0) == 0"
    if baseline.unseen_empty:
        ways = [*(f'{name} == ""' for name in groups), never]
        tests = [f"({' OR '.join(ways)})"]
    else:
        tests = [*(f'{name} != ""' for name in groups), never]
    lines = [*_grouped(groups), _inline([f"{seen} = COUNT(*) WHERE {history}"], groups)]
    return lines, tests


def _texts(rows: Rows, columns: list[RowColumn]) -> dict[str, str]:
    """A text per column, empty where its value is missing."""
    texts = {}
    for column in dict.fromkeys(columns):
        name = syntax.name(column.name)
        text = name if column.type == "string" else f"TO_STRING({name})"
        texts[rows.stream.claim(syntax.identifier(f"{column.name}_group"))] = (
            f'COALESCE({text}, "")'
        )
    return texts


def _grouped(groups: Mapping[str, str]) -> list[str]:
    return evaluated([f"{name} = {text}" for name, text in groups.items()])


def _inline(aggregates: list[str], groups: Mapping[str, str]) -> str:
    by = f" BY {', '.join(groups)}" if groups else ""
    return f"| INLINE STATS {syntax.listed(aggregates)}{by}"
