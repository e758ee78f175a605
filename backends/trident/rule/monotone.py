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


def effects(plan: Correlation) -> tuple[Effect, ...]:
    """What fewer matches of each of its rules do to the alerts of ``plan``."""
    signs: list[set[Effect]] = [set() for _ in plan.branches]
    match plan.trigger:
        case _ if plan.baseline is not None:
            pass  # its history holds matches of the same rules
        case Aggregate(statistic, comparisons):
            if statistic in _COUNTS and {each.op for each in comparisons} <= _GROWING:
                signs = [{Effect.FEWER} for _ in signs]
        case RuleCount(comparisons):
            if {each.op for each in comparisons} <= _GROWING:
                signs = [{Effect.FEWER} for _ in signs]
        case Together(expression):
            _add_signs(expression, signs)
        case Ordered(stages, absent):
            for branch in (branch for stage in stages for branch in stage):
                signs[branch].add(Effect.FEWER)
            for branch in absent:
                signs[branch].add(Effect.MORE)
    return tuple(map(_one, signs))


def _one(signs: set[Effect]) -> Effect:
    return signs.pop() if len(signs) == 1 else Effect.UNKNOWN


def _add_signs(
    expression: Expression, signs: list[set[Effect]], sign: Effect = Effect.FEWER
) -> None:
    """Add to each rule's signs those under which it stands in a condition."""
    match expression:
        case Has(branch):
            signs[branch].add(sign)
        case Not(part):
            _add_signs(part, signs, Effect(-sign))
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                _add_signs(part, signs, sign)
