"""The reference meaning of ``trident.baseline``: which current matches pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from trident.meaning.detection import missing, number, text
from trident.meaning.events import SECOND, Value
from trident.rule.plan import Baseline, Exceeds

Read = Callable[[str], Value]
"""Reads a correlation's field from one match, aliases applied."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A history group's limit; ``variance`` (sample) is set for a limit with deviations."""

    value: Fraction
    stdevs: Fraction | None = None
    variance: Fraction = Fraction(0)

    def exceeded(self, actual: Fraction) -> bool:
        """Whether ``actual`` is strictly above; the deviation is compared squared, exactly."""
        if self.stdevs is None:
            return actual > self.value
        above = actual - self.value
        return above > 0 and above * above > self.stdevs * self.stdevs * self.variance


@dataclass(frozen=True, slots=True)
class History:
    """What the history holds: a limit per ``by`` group, and the tuples that were seen."""

    limits: Mapping[tuple[str, ...], Limit] = field(default_factory=dict)
    seen: frozenset[tuple[str, ...]] = frozenset()


def nearest_rank(values: Sequence[Fraction], percentile: int) -> Fraction:
    """The value at 1-based rank max(1, (p*n + 99) // 100) of the sorted ``values``."""
    ordered = sorted(values)
    return ordered[max(1, (percentile * len(ordered) + 99) // 100) - 1]


def in_history(baseline: Baseline, time: int, now: int) -> bool:
    """Whether ``time`` lies in the history window, both ends included."""
    return now - baseline.oldest * SECOND <= time <= now - baseline.newest * SECOND


def in_current(baseline: Baseline, time: int, now: int) -> bool:
    """Whether ``time`` lies in the current window: after the history's end, up to now."""
    return now - baseline.newest * SECOND < time <= now


def learn(baseline: Baseline, history: Iterable[Read]) -> History:
    """The history's limits and seen tuples from its matches."""
    values: dict[tuple[str, ...], list[Fraction]] = defaultdict(list)
    seen = set()
    for read in history:
        if baseline.exceeds is not None:
            value = number(read(baseline.exceeds.field))
            if value is not None:
                values[_by(baseline.exceeds, read)].append(value)
        if baseline.unseen:
            seen.add(tuple(text(read(name)) for name in baseline.unseen))
    limits = {}
    if baseline.exceeds is not None:
        for by, past in values.items():
            limit = _limit(baseline.exceeds, past)
            if limit is not None:
                limits[by] = limit
    return History(limits, frozenset(seen))


def passes(baseline: Baseline, history: History, read: Read) -> bool:
    """Whether a current match holds every given part of the baseline."""
    exceeds = baseline.exceeds
    if exceeds is not None:
        value = number(read(exceeds.field))
        limit = history.limits.get(_by(exceeds, read))
        if value is None or limit is None or not limit.exceeded(value):
            return False
    if baseline.unseen:
        parts = [read(name) for name in baseline.unseen]
        if any(missing(part) for part in parts):
            return baseline.unseen_empty
        return tuple(text(part) for part in parts) not in history.seen
    return True


def _by(exceeds: Exceeds, read: Read) -> tuple[str, ...]:
    return tuple(text(read(name)) for name in exceeds.by)


def _limit(exceeds: Exceeds, values: Sequence[Fraction]) -> Limit | None:
    match exceeds.statistic:
        case "percentile":
            assert exceeds.percentile is not None
            limit = nearest_rank(values, exceeds.percentile)
        case "avg":
            limit = sum(values, Fraction(0)) / len(values)
        case "max":
            limit = max(values)
        case _:
            limit = min(values)
    if exceeds.stdevs is not None:
        if len(values) < 2:
            return None
        squares = sum(((value - limit) ** 2 for value in values), Fraction(0))
        return Limit(limit, Fraction(str(exceeds.stdevs)), squares / (len(values) - 1))
    if exceeds.factor is not None:
        limit *= Fraction(str(exceeds.factor))
    return Limit(limit)
