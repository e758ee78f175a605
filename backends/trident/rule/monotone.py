"""Which way a correlation's alerts go when one of its rules matches less.

A query may test a part of a rule only, where the user accepts that (docs/semantics.md, Fidelity).
What that does to the alerts follows from the trigger: fewer matches of a counted rule are fewer
alerts, fewer matches of an excluded one are more, and of a mean nobody can say.
"""

from __future__ import annotations

from enum import IntEnum

from trident.rule.plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Correlation,
    Expression,
    Has,
    Not,
    Operator,
    Ordered,
    RuleCount,
    Statistic,
    Together,
)


class Effect(IntEnum):
    """What fewer matches of a rule do to the alerts of a correlation over it."""

    FEWER = 1
    """No alert that was not there."""
    MORE = -1
    """Every alert that was there."""
    UNKNOWN = 0


_GROWING = frozenset({Operator.GT, Operator.GTE})
_COUNTS = frozenset({Statistic.COUNT, Statistic.DISTINCT})


def effect(plan: Correlation, branch: int) -> Effect:
    """What fewer matches of the rule at place ``branch`` do to the alerts of ``plan``."""
    if plan.baseline is not None:  # its history holds matches of the same rules
        return Effect.UNKNOWN
    match plan.trigger:
        case Aggregate(statistic, comparisons):
            grows = statistic in _COUNTS and {each.op for each in comparisons} <= _GROWING
            return Effect.FEWER if grows else Effect.UNKNOWN
        case RuleCount(comparisons):
            grows = {each.op for each in comparisons} <= _GROWING
            return Effect.FEWER if grows else Effect.UNKNOWN
        case Together(expression):
            return _one(_signs(expression, branch))
        case Ordered(stages, absent):
            signs = {Effect.FEWER for stage in stages if branch in stage}
            return _one(signs | {Effect.MORE for other in absent if other == branch})


def _one(signs: set[Effect]) -> Effect:
    return signs.pop() if len(signs) == 1 else Effect.UNKNOWN


def _signs(expression: Expression, branch: int, sign: Effect = Effect.FEWER) -> set[Effect]:
    """The signs under which a rule stands in a condition."""
    match expression:
        case Has(index):
            return {sign} if index == branch else set()
        case Not(part):
            return _signs(part, branch, Effect(-sign))
        case AllOf(parts) | AnyOf(parts):
            return set[Effect]().union(*(_signs(part, branch, sign) for part in parts))
