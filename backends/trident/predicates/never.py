"""Why a rule can never fire: no event satisfies a detection that it cannot do without."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import permutations

from trident.mapping.known import Known
from trident.predicates.dead import Dead, absent, implies, required_kinds, why_none
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
    Statistic,
    Together,
    passing,
)

KnownOf = Callable[[Search], Known | None]
"""What is known of the events of a search's log source; None for nothing."""


def why_never(plan: Plan, known_of: KnownOf) -> str:
    """Why no event, or no group of events, makes the rule fire; "" where that is not certain."""
    if isinstance(plan, Search):
        known = known_of(plan)
        return why_none(plan.condition, known) if known else _by_tests(plan)
    reasons = [_branch(branch, known_of) for branch in plan.branches]
    if not any(reasons) or _may_fire(plan, [not reason for reason in reasons]):
        return ""
    reference, reason = next(
        (branch.reference, reason)
        for branch, reason in zip(plan.branches, reasons, strict=True)
        if reason
    )
    return f"{reference}: {reason}"


@lru_cache(maxsize=512)
def _by_tests(search: Search) -> str:
    """Asked for by every profile that the search is translated for."""
    return why_none(search.condition)


def absent_fields(search: Search, names: Iterable[str], known: Known | None) -> Iterator[Dead]:
    """Those of the fields that no event has which the search finds."""
    if known is not None:
        kinds = required_kinds(search.condition, known)
        yield from filter(None, (absent(name, kinds, known) for name in dict.fromkeys(names)))


def taken_twice(plan: Correlation) -> Iterator[tuple[Branch, Branch]]:
    """Pairs of branches of which each event that the first finds is one that the second finds,
    where the rule counts them or adds them up."""
    match plan.trigger:
        case Aggregate(statistic=statistic) if statistic is not Statistic.DISTINCT:
            yield from filter(_within, permutations(plan.branches, 2))
        case RuleCount():
            yield from filter(_within, permutations(plan.branches, 2))


def _within(pair: tuple[Branch, Branch]) -> bool:
    one, other = (branch.matches for branch in pair)
    if not isinstance(one, Search) or not isinstance(other, Search):
        return False
    return other.logsource.covers(one.logsource) and implies(one.condition, other.condition)


def _branch(branch: Branch, known_of: KnownOf) -> str:
    """Why a branch has no match that takes part."""
    reason = why_never(branch.matches, known_of)
    if reason or not isinstance(branch.matches, Search):
        return reason
    lacking = absent_fields(branch.matches, branch.keys, known_of(branch.matches))
    return next((each.reason for each in lacking), "")


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
