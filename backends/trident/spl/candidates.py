"""Rows of groups that cannot fire leave before the search sorts: each command behind holds fewer.

``eventstats`` writes what its whole group has onto every row and takes no order. Past
``max_mem_usage_mb`` it stops adding its fields and keeps the rows; a row without the field stays
here, too (Search Reference, *eventstats*, Usage,
https://help.splunk.com/splunk-enterprise/spl-search-reference/9.0/search-commands/eventstats).
``streamstats`` is bounded by the same setting, and has fewer rows then (*streamstats*, Memory and
maximum results). Only what no window of a group can reach counts, and a group leaves whole.
"""

from __future__ import annotations

from collections.abc import Mapping

from trident.rule.plan import AllOf, AnyOf, Comparison, Expression, Has, Not, Operator
from trident.spl.frame import Frame


def with_least(frame: Frame, statistic: str, least: int) -> list[str]:
    """Keep the groups whose ``statistic`` over all their rows is at least ``least``."""
    if least < 2 or not frame.keys:  # one row has one; all rows are one group, kept or not
        return []
    column = frame.claim("in_group")
    return [
        f"| eventstats {statistic} AS {column}{frame.by(*frame.keys)}",
        frame.where(f"coalesce({column},{least})>={least}"),
    ]


def with_columns(frame: Frame, expression: Expression, marks: Mapping[int, str]) -> list[str]:
    """Keep the groups that have a value in the columns of the branches that ``expression`` needs;
    ``marks`` names each branch's, which is null on rows of the others."""
    everything = len(frame.rows.labels)  # every row is a match of one of all
    needed = [part for part in _needed(expression) if len(part) < everything]
    if not needed or not frame.keys:
        return []
    branches = sorted(set().union(*needed))
    counts = {branch: frame.claim(f"{frame.rows.labels[branch]}_in_group") for branch in branches}
    counted = ", ".join(f"count({marks[each]}) AS {counts[each]}" for each in branches)
    tests = (
        " OR ".join(f"coalesce({counts[each]},1)>0" for each in sorted(part)) for part in needed
    )
    return [
        f"| eventstats {counted}{frame.by(*frame.keys)}",
        frame.where(" AND ".join(f"({test})" if " OR " in test else test for test in tests)),
    ]


def least_of(comparisons: tuple[Comparison, ...]) -> int:
    """The least whole number of which all comparisons may hold, from those that give one."""
    from_below = {
        Operator.GTE: lambda number: -(-number // 1),
        Operator.EQ: lambda number: -(-number // 1),
        Operator.GT: lambda number: number // 1 + 1,
    }
    least = (from_below[each.op](each.number) for each in comparisons if each.op in from_below)
    return max((int(number) for number in least), default=0)


def _needed(expression: Expression) -> list[frozenset[int]]:
    """Sets of branches of each of which one must match; a condition can ask for more."""
    match expression:
        case Has(branch):
            return [frozenset([branch])]
        case AllOf(parts):
            return list(dict.fromkeys(each for part in parts for each in _needed(part)))
        case AnyOf(parts):
            alternatives = [_needed(part) for part in parts]
            if not all(alternatives):
                return []
            return [frozenset().union(*(min(each, key=len) for each in alternatives))]
        case Not():
            return []
