"""A plan with one thing wrong: what tests of a rule must notice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trident.rule.plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Baseline,
    Comparison,
    Correlation,
    Expression,
    Has,
    Not,
    Operator,
    Ordered,
    Plan,
    RuleCount,
    Search,
    Statistic,
    Together,
    Trigger,
)

Mutant = tuple[str, Plan]
"""What is wrong, and the wrong plan."""


def mutants(plan: Plan) -> Iterator[Mutant]:
    """Wrong boundaries, thresholds, keys, orders, negations, baselines, at every level."""
    if isinstance(plan, Search):
        return
    for label, trigger in _triggers(plan):
        yield label, replace(plan, trigger=trigger)
    if not _each_match_fires(plan):
        for step in (-1, 1):
            yield f"timespan {step:+}s", replace(plan, timespan=plan.timespan + step)
    if plan.lookback is not None:
        for step in (-1, 1):
            yield f"lookback {step:+}s", replace(plan, lookback=plan.lookback + step)
    for index, name in enumerate(plan.group_by):
        if not any(isinstance(branch.matches, Correlation) for branch in plan.branches):
            yield f"not grouped by {name}", _without_key(plan, index)
    yield from _with_fewer_fields(plan)
    if plan.baseline is not None:
        for label, baseline in _baselines(plan.baseline, plan.group_by):
            yield label, replace(plan, baseline=baseline)
    for index, branch in enumerate(plan.branches):
        for label, inner in mutants(branch.matches):
            branches = list(plan.branches)
            branches[index] = replace(branch, matches=inner)
            yield f"{branch.reference}: {label}", replace(plan, branches=tuple(branches))


def _each_match_fires(plan: Correlation) -> bool:
    match plan.trigger:
        case Aggregate(Statistic.COUNT, (Comparison(Operator.GTE, 1),)):
            return True
        case _:
            return False


def _cut(names: tuple[str, ...], index: int) -> tuple[str, ...]:
    return names[:index] + names[index + 1 :]


def _without_key(plan: Correlation, index: int) -> Correlation:
    branches = tuple(replace(branch, keys=_cut(branch.keys, index)) for branch in plan.branches)
    return replace(plan, group_by=_cut(plan.group_by, index), branches=branches)


def _with_fewer_fields(plan: Correlation) -> Iterator[Mutant]:
    trigger = plan.trigger
    if isinstance(trigger, Aggregate) and len(trigger.fields) > 1:
        for index, field in enumerate(trigger.fields):
            branches = tuple(
                replace(branch, values=_cut(branch.values, index)) for branch in plan.branches
            )
            fewer = replace(trigger, fields=_cut(trigger.fields, index))
            yield f"{field} not counted", replace(plan, trigger=fewer, branches=branches)


def _moved(comparisons: tuple[Comparison, ...]) -> Iterator[tuple[str, tuple[Comparison, ...]]]:
    """The comparisons with one number a step off; a range's number is named by its operator."""
    for index, each in enumerate(comparisons):
        of = f" {each.op}" if len(comparisons) > 1 else ""
        for step in (-1, 1):
            moved = replace(each, number=each.number + step)
            yield f"{step:+}{of}", (*comparisons[:index], moved, *comparisons[index + 1 :])


def _triggers(plan: Correlation) -> Iterator[tuple[str, Trigger]]:
    match plan.trigger:
        case Aggregate() as trigger:
            if not _each_match_fires(plan):
                for label, comparisons in _moved(trigger.comparisons):
                    yield f"threshold {label}", replace(trigger, comparisons=comparisons)
        case RuleCount() as trigger:
            for label, comparisons in _moved(trigger.comparisons):
                yield f"number of rules {label}", replace(trigger, comparisons=comparisons)
        case Together(expression):
            for label, part in _expressions(expression):
                yield label, Together(part)
        case Ordered(stages, absent) as trigger:
            yield "another order", replace(trigger, stages=tuple(reversed(stages)))
            everything = AllOf(tuple(AnyOf(tuple(map(Has, stage))) for stage in stages))
            yield "no order", Together(everything)
            for index in range(len(absent)):
                yield "a lost not", replace(trigger, absent=(*absent[:index], *absent[index + 1 :]))
            for index, stage in enumerate(stages):
                for branch in stage if len(stage) > 1 else ():
                    less = tuple(each for each in stage if each != branch)
                    changed = (*stages[:index], less, *stages[index + 1 :])
                    yield "a lost or", replace(trigger, stages=changed)


def _expressions(expression: Expression) -> Iterator[tuple[str, Expression]]:
    """The expression with one operator or operand less, or and for or."""
    match expression:
        case Not(part):
            yield "a lost not", part
            for label, inner in _expressions(part):
                yield label, Not(inner)
        case AllOf(parts) | AnyOf(parts):
            other = AnyOf if isinstance(expression, AllOf) else AllOf
            yield "and for or, or for and", other(parts)
            for index, part in enumerate(parts):
                rest = parts[:index] + parts[index + 1 :]
                yield f"operand {index + 1} lost", type(expression)(rest)
                for label, inner in _expressions(part):
                    changed = (*parts[:index], inner, *parts[index + 1 :])
                    yield label, type(expression)(changed)
        case Has():
            pass


def _baselines(baseline: Baseline, group_by: tuple[str, ...]) -> Iterator[tuple[str, Baseline]]:
    for step in (-1, 1):
        yield f"history {step:+}s", replace(baseline, oldest=baseline.oldest + step)
        yield f"current {step:+}s", replace(baseline, newest=baseline.newest + step)
    if baseline.unseen and baseline.exceeds:
        yield "not unseen", replace(baseline, unseen=())
        yield "no limit", replace(baseline, exceeds=None)
    for index in range(len(baseline.unseen) if len(baseline.unseen) > 1 else 0):
        unseen = baseline.unseen[:index] + baseline.unseen[index + 1 :]
        yield f"unseen {unseen}", replace(baseline, unseen=unseen)
    if baseline.unseen and not set(baseline.unseen) & set(group_by):  # else it is never missing
        yield "unseen_empty", replace(baseline, unseen_empty=not baseline.unseen_empty)
    if baseline.exceeds:
        exceeds = baseline.exceeds
        if exceeds.factor is not None:
            yield "no factor", replace(baseline, exceeds=replace(exceeds, factor=None))
        if exceeds.stdevs is not None:
            yield "no stdevs", replace(baseline, exceeds=replace(exceeds, stdevs=None))
        if exceeds.by:
            yield "one limit for all", replace(baseline, exceeds=replace(exceeds, by=()))
        if exceeds.percentile is not None:
            for step in (-5, 5):
                changed = replace(exceeds, percentile=exceeds.percentile + step)
                yield f"percentile {step:+}", replace(baseline, exceeds=changed)
