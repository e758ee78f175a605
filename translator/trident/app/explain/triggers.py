"""When a correlation fires, in words: its window, group, threshold, order and baseline.

Each sentence says a line of docs/semantics.md with the rule's own numbers and names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from trident.app.explain.phrases import COMPARED, LIMITS, STATISTICS
from trident.app.explain.values import Shown, counted, duration, joined, ordinal, visible
from trident.rule.plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Baseline,
    Branch,
    Comparison,
    Correlation,
    Exceeds,
    Expression,
    Has,
    Not,
    Ordered,
    OutputColumn,
    RuleCount,
    Statistic,
    Together,
    reach,
)


def fires(plan: Correlation) -> Iterator[str]:
    """When the correlation fires, one sentence at a time."""
    match plan.trigger:
        case Aggregate() as trigger:
            yield from _aggregate(plan, trigger)
        case RuleCount() as trigger:
            yield from _rule_count(plan, trigger)
        case Together() as trigger:
            yield from _together(plan, trigger)
        case Ordered() as trigger:
            yield from _ordered(plan, trigger)
        case _:
            assert_never(plan.trigger)
    yield from _group(plan)
    yield from _aliases(plan)
    if plan.baseline is not None:
        yield from _baseline(plan.baseline)
    elif plan.lookback is not None:
        back = duration(plan.lookback)
        yield (
            f"Only alerts of the last {back} are given (now - {back} <= time <= now); matches are "
            f"read from {duration(reach(plan))} before that on."
        )


def alert(plan: Correlation) -> Iterator[str]:
    """What one alert is, and the evidence that it carries."""
    if plan.group_by:
        key = joined([visible(name) for name in plan.group_by])
        yield f"One alert is one {key} at one time: the time of the match at which the rule fires."
    else:
        yield "One alert is one time: that of the match at which the rule fires."
    yield "Several matches that fire in one group at one time are one alert."
    if isinstance(plan.trigger, Ordered):
        yield "Its evidence is the latest match of each stage that makes the chain."


def shows(outputs: Sequence[str], columns: Sequence[OutputColumn] = ()) -> Iterator[str]:
    """What the result shows beside the time and the group key."""
    if outputs:
        yield f"The fields {joined([visible(name) for name in outputs])}."
    for column in columns:
        yield f"{column.name}: {_column(column)}."


def refers(plan: Correlation) -> Iterator[str]:
    """The rules that the correlation lists, when one is a correlation itself."""
    for branch in plan.branches:
        if isinstance(branch.matches, Correlation):
            keys = joined([visible(name) for name in branch.matches.group_by])
            fields = f"its fields are {keys}" if keys else "it has no fields"
            yield (
                f"A match of {name(branch)} is one of its alerts: it has the time at which that "
                f"rule fired, and {fields}."
            )


def name(branch: Branch) -> str:
    """What a listed rule is called in sentences."""
    return visible(branch.matches.identity.slug)


def _aggregate(plan: Correlation, trigger: Aggregate) -> Iterator[str]:
    fields = joined([visible(name) for name in trigger.fields])
    fields += " together" if len(trigger.fields) > 1 else ""
    percentile = ordinal(trigger.percentile) if trigger.percentile else ""
    what = STATISTICS[trigger.statistic].format(fields=fields, percentile=percentile)
    rules = _rules(plan.branches)
    if trigger.every_match:
        yield f"It fires at each match of {rules}: the window holds at least that match."
        return
    yield (
        f"It fires at a match of {rules} when {what} in the window is "
        f"{_compared(trigger.comparisons)}."
    )
    yield _window(plan.timespan)
    if trigger.statistic is Statistic.DISTINCT:
        what = "combination with a missing part" if len(trigger.fields) > 1 else "missing value"
        yield f"Values are compared exactly, case included; a {what} does not count."
    elif trigger.statistic is not Statistic.COUNT:
        yield "Only values that are numbers count; without one in the window it does not fire."
    if len(plan.branches) > 1:
        yield "An event that two of the rules match is two matches."


def _compared(comparisons: Sequence[Comparison]) -> str:
    """The comparisons in words: "more than 100 and at most 200"."""
    return joined([f"{COMPARED[each.op]} {each.number}" for each in comparisons])


def _rule_count(plan: Correlation, trigger: RuleCount) -> Iterator[str]:
    rules = [name(branch) for branch in plan.branches]
    if len(rules) == 1:  # other conditions on one rule never hold, and are refused
        yield f"It fires at each match of {rules[0]}."
        return
    if trigger.everything(len(rules)):
        each = "each of the rules has" if len(rules) > 2 else "both rules have"
        yield f"It fires at a match of {joined(rules, 'or')} when {each} a match in the window."
    else:
        yield (
            f"It fires at a match of {joined(rules, 'or')} when the number of these rules with a "
            f"match in the window is {_compared(trigger.comparisons)}."
        )
    yield _window(plan.timespan)


def _together(plan: Correlation, trigger: Together) -> Iterator[str]:
    firing = joined([name(plan.branches[index]) for index in trigger.positive], "or")
    yield (
        f"It fires at a match of {firing} when this holds, a rule's name standing for 'it has a "
        f"match in the window': {_expression(plan, trigger.expression)}."
    )
    yield _window(plan.timespan)


def _expression(plan: Correlation, expression: Expression, inside: bool = False) -> str:
    match expression:
        case Has(branch):
            return name(plan.branches[branch])
        case Not(part):
            return f"not {_expression(plan, part, True)}"
        case AllOf(parts):
            said = " and ".join(_expression(plan, part, True) for part in parts)
        case AnyOf(parts):
            said = " or ".join(_expression(plan, part, True) for part in parts)
        case _:
            assert_never(expression)
    return f"({said})" if inside else said


def _ordered(plan: Correlation, trigger: Ordered) -> Iterator[str]:
    def rules(branches: Sequence[int]) -> str:
        return joined([name(plan.branches[index]) for index in branches], "or")

    count = len(trigger.stages)
    span = duration(plan.timespan)
    if count == 1:
        yield f"It fires at each match of {rules(trigger.stages[0])}."
        return
    listed = "; ".join(
        f"stage {number}, a match of {rules(branches)}"
        for number, branches in enumerate(trigger.stages, 1)
    )
    yield f"It fires at the match of stage {count} that ends this order: {listed}."
    yield f"The first and the last are at most {span} apart; exactly {span} still counts."
    yield (
        "Matches at the same time count as in order; one event fills several stages when it "
        "matches the rules of each."
    )
    if trigger.absent:
        yield (
            f"No match of {rules(trigger.absent)} in the same group lies from the first to the "
            "last of them, both times included; the chain with the latest possible first match "
            "decides."
        )


def _window(timespan: int) -> str:
    span = duration(timespan)
    return (
        f"The window is the {span} up to and including that match; a match exactly {span} before "
        "it still counts."
    )


def _group(plan: Correlation) -> Iterator[str]:
    if not plan.group_by:
        yield "All matches form one group."
        return
    key = joined([visible(name) for name in plan.group_by])
    yield (
        f"Only matches with the same {key} belong together, compared exactly, case included; a "
        f"match without {'it' if len(plan.group_by) == 1 else 'one of them'} takes no part."
    )


def _aliases(plan: Correlation) -> Iterator[str]:
    """What each alias stands for: in group-by, in the condition, in a baseline, in the result."""
    for position, (alias, _) in enumerate(plan.branches[0].aliases):
        own = [branch.aliases[position][1] for branch in plan.branches]
        pairs = zip(own, plan.branches, strict=True)
        said = joined([f"{visible(field)} in {name(branch)}" for field, branch in pairs])
        yield f"{visible(alias)} is {said}."


def _rules(branches: Sequence[Branch]) -> str:
    return joined([name(branch) for branch in branches], "or")


def _baseline(baseline: Baseline) -> Iterator[str]:
    newest, oldest = duration(baseline.newest), duration(baseline.oldest)
    yield (
        f"Only current matches count: those of the last {newest} (now - {newest} < time <= now). "
        f"They are compared with the history: all matches from {oldest} to {newest} ago, both "
        "included, those without a group key too."
    )
    if baseline.exceeds is not None:
        yield from _exceeds(baseline.exceeds)
    if baseline.unseen:
        yield from _unseen(baseline)


def _exceeds(exceeds: Exceeds) -> Iterator[str]:
    percentile = ordinal(exceeds.percentile) if exceeds.percentile else ""
    limit = LIMITS[exceeds.statistic].format(percentile=percentile)
    field = visible(exceeds.field)
    times = f", times {exceeds.factor}" if exceeds.factor is not None else ""
    if exceeds.stdevs is not None:
        times = f", plus {counted(exceeds.stdevs, 'sample standard deviation')}"
    by = joined([visible(name) for name in exceeds.by])
    among = f" among the matches with the same {by}" if by else ""
    yield (
        f"A current match counts only when its {field} is a number greater (not equal) than "
        f"{limit} of {field} in the history{among}{times}."
    )
    least = "fewer than two numbers" if exceeds.stdevs is not None else "no number"
    yield f"With {least} in the history it never is."
    if by:
        yield f"A missing {by} is a value like any other there."


def _unseen(baseline: Baseline) -> Iterator[str]:
    names = joined([visible(name) for name in baseline.unseen])
    one = len(baseline.unseen) == 1
    yield (
        f"A current match counts only when its {'value' if one else 'combination'} of {names} does "
        "not occur in the history, compared exactly, case included."
    )
    missing = "A missing value" if one else "A combination with a missing part"
    yield f"{missing} {'counts as new' if baseline.unseen_empty else 'never counts as new'}."


def _column(column: OutputColumn) -> str:
    stage = f" of stage {column.stage}" if column.stage is not None else ""
    if column.field is None:
        return f"the time{stage or ' of the alert'}"
    field = f"{visible(column.field)}{stage}"
    if column.after_last is None:
        return field
    return f"the text after the last {Shown(True).value(column.after_last)} in {field}"
