"""Fewer matches of one rule: what that does to the alerts, as the evaluator has it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
)
from sigma.types import SigmaString

from tests.support.generate import NOW, TEMPORAL, Limits, make_case
from trident.meaning.evaluate import evaluate
from trident.rule.monotone import Effect, effects
from trident.rule.plan import Correlation, Plan, Search


def shrunk(plan: Plan) -> Plan:
    """The plan with the matches of one user left out wherever it finds any."""
    if isinstance(plan, Search):
        ann = ConditionFieldEqualsValueExpression("User", SigmaString("ann"))
        condition = ConditionAND([plan.condition, ConditionNOT([ann])])
        return replace(plan, condition=condition)
    return replace(
        plan, branches=tuple(replace(each, matches=shrunk(each.matches)) for each in plan.branches)
    )


def growth(plan: Plan) -> Effect:
    """What fewer matches everywhere below do to the alerts: one way, or nobody knows."""
    if isinstance(plan, Search):
        return Effect.FEWER
    signs = {
        Effect(effects(plan)[index] * growth(branch.matches))
        for index, branch in enumerate(plan.branches)
    }
    return signs.pop() if len(signs) == 1 else Effect.UNKNOWN


def one_branch(plan: Correlation, index: int) -> Correlation:
    """The plan with one branch's matches shrunk."""
    branch = plan.branches[index]
    branches = list(plan.branches)
    branches[index] = replace(branch, matches=shrunk(branch.matches))
    return replace(plan, branches=tuple(branches))


def test_alerts_go_the_way_that_is_said() -> None:
    seen: Counter[tuple[Effect, bool]] = Counter()
    for number in range(900):
        random = Random(f"monotone-{number}")
        case = make_case(random, Limits(types=(*TEMPORAL, "event_count") if number % 2 else ()))
        plan = case.plan
        assert isinstance(plan, Correlation)
        index = random.randrange(len(plan.branches))
        way = Effect(effects(plan)[index] * growth(plan.branches[index].matches))
        before = {(each.group, each.time) for each in evaluate(plan, case.events, NOW)}
        after = {
            (each.group, each.time) for each in evaluate(one_branch(plan, index), case.events, NOW)
        }
        if way is Effect.FEWER:
            assert after <= before, (number, plan)
        elif way is Effect.MORE:
            assert after >= before, (number, plan)
        seen[way, after != before] += 1
    # Each way was seen at work, on alerts that really changed.
    assert seen[Effect.FEWER, True] > 30 and seen[Effect.MORE, True] > 2, seen
    assert seen[Effect.UNKNOWN, True] > 30, seen
