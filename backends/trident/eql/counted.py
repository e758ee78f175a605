"""A stage that is itself a count: ``[...] with runs=N`` within a sequence.

A sequence has one span, ``with maxspan``, for the run and for what stands around it. The shorter
of the two windows keeps each alert one of the definition's; what needs more time is missed, so
that the level is ``sound``. (A longer span would not make it ``wide``: a sequence keeps one
pending match per step, "How sequence queries handle matches" in Elastic's EQL syntax reference.)
"""

from __future__ import annotations

from trident.base.diagnostics import Refusal
from trident.eql.variants import run_length
from trident.mapping.binding import BoundBranch, BoundCorrelation, BoundSearch
from trident.mapping.profiles import Column
from trident.rule.plan import Aggregate, Correlation, Statistic


def counted(branch: BoundBranch) -> tuple[BoundSearch, int]:
    """The base rule of a stage that counts it, and how many of its matches fire.

    Raises:
        Refusal: TRI353 for another correlation than a count of one rule in the same groups.
    """
    inner = branch.matches
    assert isinstance(inner, BoundCorrelation)
    trigger = inner.plan.trigger
    if not isinstance(trigger, Aggregate) or trigger.statistic is not Statistic.COUNT:
        raise Refusal(
            "TRI353", "a stage of a sequence counts events; it holds no other correlation"
        )
    if inner.plan.baseline is not None or len(inner.branches) > 1:
        raise Refusal("TRI353", "a stage of a sequence counts the events of one rule")
    if sorted(branch.plan.keys) != sorted(inner.plan.group_by):
        raise Refusal("TRI353", "a stage of a sequence counts in the groups of the whole sequence")
    search = inner.branches[0].matches
    if not isinstance(search, BoundSearch):
        raise Refusal("TRI353", "a stage of a sequence counts events, not alerts")
    return search, run_length(trigger.comparisons)


def key_columns(branch: BoundBranch) -> tuple[Column, ...]:
    """The key columns of a branch, those of its base rule where it is a count."""
    inner = branch.matches
    if isinstance(inner, BoundSearch):
        return tuple(inner.column(key) for key in branch.plan.keys)
    return tuple(column for key in branch.plan.keys if (column := key_column(inner, key)))


def key_column(inner: BoundCorrelation, name: str) -> Column | None:
    """The column of a correlation's group-by name on its one base rule; None for another name."""
    if name not in inner.plan.group_by:
        return None
    [below] = inner.branches
    assert isinstance(below.matches, BoundSearch)
    return below.matches.column(below.plan.keys[inner.plan.group_by.index(name)])


def span(plan: Correlation) -> int:
    """The sequence's span in seconds: the shortest window of the correlation and its counts."""
    inner = [b.matches.timespan for b in plan.branches if isinstance(b.matches, Correlation)]
    return min([plan.timespan, *inner])
