"""Why a rule can never fire: no event satisfies a detection that it cannot do without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from trident.predicates.dead import Dead, Lacks, absent, dead_parts, required_events
from trident.rule.plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Branch,
    Correlation,
    Expression,
    Has,
    Not,
    Ordered,
    Plan,
    RuleCount,
    Search,
    Together,
    passing,
)

LacksOf = Callable[[Search], Lacks | None]
"""What is known of the events of a search's log source; None for nothing."""


def why_never(plan: Plan, lacks_of: LacksOf) -> str:
    """Why no event, or no group of events, makes the rule fire; "" where that is not certain."""
    if isinstance(plan, Search):
        parts = dead(plan, lacks_of(plan))
        return next((each.reason for each in parts if each.whole), "")
    reasons = [_branch(branch, lacks_of) for branch in plan.branches]
    if not any(reasons) or _may_fire(plan, [not reason for reason in reasons]):
        return ""
    reference, reason = next(
        (branch.reference, reason)
        for branch, reason in zip(plan.branches, reasons, strict=True)
        if reason
    )
    return f"{reference}: {reason}"


def dead(search: Search, lacks: Lacks | None) -> list[Dead]:
    """The parts of a search that no event satisfies."""
    return dead_parts(search.condition, lacks) if lacks else _by_tests(search)


@lru_cache(maxsize=512)
def _by_tests(search: Search) -> list[Dead]:
    """Asked for by every profile that the search is translated for."""
    return dead_parts(search.condition)


def absent_keys(branch: Branch, lacks: Lacks | None) -> Iterator[Dead]:
    """The fields that a correlation needs of a branch's events and that they never have."""
    if not isinstance(branch.matches, Search) or lacks is None:
        return
    events = required_events(branch.matches.condition)
    for name in dict.fromkeys(branch.keys):
        if why := absent(name, events, lacks):
            yield why


def _branch(branch: Branch, lacks_of: LacksOf) -> str:
    """Why a branch has no match that takes part."""
    reason = why_never(branch.matches, lacks_of)
    if reason or not isinstance(branch.matches, Search):
        return reason
    return next((each.reason for each in absent_keys(branch, lacks_of(branch.matches))), "")


def _may_fire(plan: Correlation, alive: list[bool]) -> bool:
    """Whether the branches that may have matches could be enough."""
    match plan.trigger:
        case Aggregate():
            return any(alive)
        case RuleCount(comparisons):
            return any(map(passing(comparisons), range(1, sum(alive) + 1)))
        case Ordered(stages):
            return all(any(alive[each] for each in stage) for stage in stages)
        case Together(expression):
            positive = any(alive[each] for each in plan.trigger.positive)
            return positive and _may_hold(expression, alive)
    raise AssertionError(plan.trigger)


def _may_hold(expression: Expression, alive: list[bool]) -> bool:
    match expression:
        case Has(branch):
            return alive[branch]
        case Not():
            return True
        case AllOf(parts):
            return all(_may_hold(part, alive) for part in parts)
        case AnyOf(parts):
            return any(_may_hold(part, alive) for part in parts)
    raise AssertionError(expression)
