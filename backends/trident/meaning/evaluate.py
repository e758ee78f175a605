"""The reference evaluator: a plan and events to alerts, as docs/semantics.md defines them.

It is the yardstick for every renderer, so it is written for exactness: times are integer
microseconds, numbers are fractions. It runs in near-linear time per group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from trident.meaning.baseline import History, in_current, in_history, learn, passes
from trident.meaning.contributions import carried, tuples
from trident.meaning.detection import compile_detection, missing, text
from trident.meaning.events import SECOND, Event, Value
from trident.meaning.window import Window
from trident.rule.plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Branch,
    Correlation,
    Expression,
    Firing,
    Has,
    Not,
    Ordered,
    Plan,
    RuleCount,
    Search,
    Together,
    passing,
    searches,
)

Matched = Mapping[Search, list[Event]]
"""The events that satisfy each base rule."""


@dataclass(frozen=True, slots=True)
class Match:
    """A match of branch ``branch`` (index) at ``time`` (microseconds), with its Sigma fields."""

    time: int
    branch: int
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Alert:
    """A firing, identified by group key and time.

    ``value`` is an aggregate's value; ``evidence`` the contributing matches: one per stage of
    an ordered rule, the latest per branch of a temporal one, first and last of an aggregate's
    window, the match itself for a rule without correlation.
    """

    group: tuple[str, ...]
    time: int
    evidence: tuple[Match, ...] = field(default=(), compare=False)
    value: Fraction | int | None = field(default=None, compare=False)


def evaluate(plan: Plan, events: Iterable[Event], now: int | None = None) -> list[Alert]:
    """The alerts of ``plan`` on ``events`` (any order), sorted by time and group.

    ``now`` (microseconds) is needed for a lookback, a baseline or a run only. A rule without
    correlation gives one alert per matching event, with an empty group. Events are read once
    and only those that match a base rule are kept.
    """
    matched = _match(plan, events)
    if isinstance(plan, Search):
        alerts = (
            Alert((), event.time, (_as_match(event, 0),))
            for event in matched[plan]
            if _counts(plan.firing, event.time, now)
        )
        return sorted(alerts, key=lambda alert: alert.time)
    return _correlate(plan, matched, now)


def matching(plan: Plan, events: Iterable[Event]) -> Iterator[Event]:
    """The events that satisfy some base rule of ``plan``: all that an evaluation needs."""
    tests = base_tests(plan)
    for event in events:
        if any(test(event) for test in tests.values()):
            yield event


def history(plan: Correlation, events: Iterable[Event], now: int) -> History:
    """The limits and seen tuples of a baseline hunt's history window."""
    return _history(plan, _match(plan, events), now)


def _match(plan: Plan, events: Iterable[Event]) -> Matched:
    tests = base_tests(plan)
    matched: dict[Search, list[Event]] = {search: [] for search in tests}
    for event in events:
        for search, test in tests.items():
            if test(event):
                matched[search].append(event)
    return matched


def base_tests(plan: Plan) -> Mapping[Search, Callable[[Event], bool]]:
    """Per base rule, whether an event is of its log source and satisfies its detection."""
    return {search: _test(search) for search in searches(plan)}


def _test(search: Search) -> Callable[[Event], bool]:
    source, detection = search.logsource, compile_detection(search.condition)
    return lambda event: source.covers(event.logsource) and detection(event.fields)


def _as_match(event: Event, branch: int) -> Match:
    return Match(event.time, branch, event.fields)


def _history(plan: Correlation, matched: Matched, now: int) -> History:
    assert plan.baseline is not None
    matches = (
        _reader(branch, match)
        for index, branch in enumerate(plan.branches)
        for match in _matches(plan, index, matched, None)
        if in_history(plan.baseline, match.time, now)
    )
    return learn(plan.baseline, matches)


def _matches(
    plan: Correlation, index: int, matched: Matched, now: int | None, further: Sequence[str] = ()
) -> Iterator[Match]:
    """The matches of a branch, with the fields that ``plan`` reads and ``further`` ones."""
    branch = plan.branches[index]
    if isinstance(branch.matches, Search):
        for event in matched[branch.matches]:
            yield _as_match(event, index)
        return
    inner = branch.matches
    names = carried(inner, [*branch.keys, *branch.values, *map(branch.field, further)])
    groups = _groups(inner, matched, now, names)
    for alert in _fired(inner, groups, now):
        fields: dict[str, Value] = dict(zip(inner.group_by, alert.group, strict=True))
        if not names:
            yield Match(alert.time, index, fields)
            continue
        for values in tuples(inner, groups[alert.group], alert.time, names):
            yield Match(alert.time, index, fields | values)


def _correlate(plan: Correlation, matched: Matched, now: int | None) -> list[Alert]:
    return _fired(plan, _groups(plan, matched, now), now)


def _groups(
    plan: Correlation, matched: Matched, now: int | None, further: Sequence[str] = ()
) -> dict[tuple[str, ...], list[Match]]:
    """The matches of each group by time, with the ``further`` fields."""
    groups: dict[tuple[str, ...], list[Match]] = defaultdict(list)
    past = current = None
    if plan.baseline is not None:
        if now is None:
            raise ValueError("a baseline needs a value for now")
        current = now - plan.delay * SECOND
        past = _history(plan, matched, current)
    for index, branch in enumerate(plan.branches):
        for match in _matches(plan, index, matched, now, further):
            if plan.baseline is not None and past is not None and current is not None:
                if not in_current(plan.baseline, match.time, current):
                    continue
                if not passes(plan.baseline, past, _reader(branch, match)):
                    continue
            key = [match.fields.get(name) for name in branch.keys]
            if not any(missing(part) for part in key):
                groups[tuple(text(part) for part in key)].append(match)
    for matches in groups.values():
        matches.sort(key=lambda match: match.time)
    return groups


def _fired(
    plan: Correlation, groups: Mapping[tuple[str, ...], Sequence[Match]], now: int | None
) -> list[Alert]:
    alerts = []
    for group, matches in groups.items():
        for alert in _fire(plan, group, matches):
            if _counts(plan.firing, alert.time, now):
                alerts.append(alert)
    return sorted(alerts, key=lambda alert: (alert.time, alert.group))


def _counts(firing: Firing | None, time: int, now: int | None) -> bool:
    if firing is None:
        return True
    if now is None:
        raise ValueError("a lookback or a run needs a value for now")
    end = now - firing.delay * SECOND
    start = end - firing.back * SECOND
    return start <= time <= end and not (firing.open and time == start)


def _reader(branch: Branch, match: Match) -> Callable[[str], Value]:
    return lambda name: match.fields.get(branch.field(name))


def _fire(plan: Correlation, group: tuple[str, ...], matches: Sequence[Match]) -> Iterator[Alert]:
    span = plan.timespan * SECOND
    match plan.trigger:
        case Aggregate() as trigger:
            yield from _aggregate(plan, trigger, group, matches, span)
        case RuleCount(comparisons):
            test = passing(comparisons)
            for time, latest, _ in _latest(matches, span):
                if test(len(latest)):
                    yield Alert(group, time, _by_time(latest))
        case Together(expression) as trigger:
            positive = set(trigger.positive)
            for time, latest, here in _latest(matches, span):
                if here & positive and _holds(expression, latest):
                    yield Alert(group, time, _by_time(latest))
        case Ordered() as trigger:
            yield from _ordered(trigger, group, matches, span)


def _ties(matches: Sequence[Match]) -> Iterator[tuple[int, Sequence[Match]]]:
    """Runs of equal time: (time, matches at it), ascending."""
    start = 0
    for end in range(1, len(matches) + 1):
        if end == len(matches) or matches[end].time != matches[start].time:
            yield matches[start].time, matches[start:end]
            start = end


def _order(match: Match) -> tuple[tuple[str, str], ...]:
    """Ties between evidence candidates are broken by field values."""
    return tuple(sorted((name, text(value)) for name, value in match.fields.items()))


def _by_time(latest: Mapping[int, Match]) -> tuple[Match, ...]:
    return tuple(sorted(latest.values(), key=lambda match: (match.time, match.branch)))


def _latest(
    matches: Sequence[Match], span: int
) -> Iterator[tuple[int, dict[int, Match], set[int]]]:
    """Per distinct time: each branch's latest match in the window, and the branches at it."""
    latest: dict[int, Match] = {}
    for time, tied in _ties(matches):
        for match in sorted(tied, key=_order):
            latest[match.branch] = match
        inside = {branch: m for branch, m in latest.items() if time - m.time <= span}
        yield time, inside, {match.branch for match in tied}


def _holds(expression: Expression, present: Mapping[int, Match]) -> bool:
    match expression:
        case Has(branch):
            return branch in present
        case Not(part):
            return not _holds(part, present)
        case AllOf(parts):
            return all(_holds(part, present) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, present) for part in parts)


def _ordered(
    trigger: Ordered, group: tuple[str, ...], matches: Sequence[Match], span: int
) -> Iterator[Alert]:
    """Carry, per stage, the chain that reached it with the latest possible first match.

    Within one time the stages are taken in order, so equal times count as in order and one
    event may fill several stages.
    """
    last = len(trigger.stages) - 1
    chains: list[tuple[Match, ...] | None] = [None] * len(trigger.stages)
    absent_at: int | None = None
    for time, tied in _ties(matches):
        if any(match.branch in trigger.absent for match in tied):
            absent_at = time
        for stage, branches in enumerate(trigger.stages):
            here = [match for match in tied if match.branch in branches]
            if not here:
                continue
            latest = max(here, key=_order)
            before = chains[stage - 1] if stage else ()
            if before is None:
                continue
            chain = (*before, latest)
            known = chains[stage]
            if known is None or chain[0].time >= known[0].time:
                chains[stage] = chain
            if (
                stage == last
                and time - chain[0].time <= span
                and (absent_at is None or absent_at < chain[0].time)
            ):
                yield Alert(group, time, chain)


def _aggregate(
    plan: Correlation,
    trigger: Aggregate,
    group: tuple[str, ...],
    matches: Sequence[Match],
    span: int,
) -> Iterator[Alert]:
    test = passing(trigger.comparisons)
    window = Window(trigger.statistic, trigger.percentile or 0)
    names = [branch.values for branch in plan.branches]
    start = end = 0

    def values(match: Match) -> list[Value]:
        return [match.fields.get(name) for name in names[match.branch]]

    for time, tied in _ties(matches):
        for match in tied:
            window.move(values(match), 1)
        end += len(tied)
        while matches[start].time < time - span:
            window.move(values(matches[start]), -1)
            start += 1
        value = window.value()
        if value is not None and test(value):
            yield Alert(group, time, (matches[start], matches[end - 1]), value)
