"""Statistical functions.

Source: Splunk Search Reference 9.4, "Statistical and charting functions", "Aggregate functions",
"Event order functions", "Time functions", "Multivalue stats and chart functions". Functions of
numbers ignore other values; the rest process values as text, but for max and min, which take
numbers as numbers if possible.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from trident.engines.spl.config import Limits
from trident.engines.spl.errors import SplUndocumented, SplUnsupported
from trident.engines.spl.functions_numbers import lexicographic
from trident.engines.spl.values import Num, Single, Value, each_of, multi

_PERCENTILE = re.compile(r"(exactperc|upperperc|perc|p|percentile)(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one row gives to a statistic: the values, and the row's ``_time``."""

    values: tuple[Single, ...]
    time: float | None


Statistic = Callable[[Sequence[Contribution], Limits], Value]
"""A statistic of the rows of a group, in their order."""


class Accumulator(Protocol):
    """A statistic that rows are given to one by one."""

    def add(self, contribution: Contribution) -> None:
        """Take a row in."""

    def value(self) -> Value:
        """The statistic of the rows so far."""


def accumulator(name: str, limits: Limits) -> Callable[[], Accumulator]:
    """A maker of accumulators for the statistic of that name.

    Raises:
        SplUnsupported: for one that this engine does not run.
    """
    if name in _RUNNING:
        update = _RUNNING[name]
        return lambda: _Running(update, Num(0) if name == "count" else None)
    statistic = _STATISTICS.get(name)
    if statistic is None and (percentile := _PERCENTILE.fullmatch(name)):
        statistic = _percentile(percentile[1], float(percentile[2]))
    if statistic is None:
        raise SplUnsupported(f"the statistic {name}()")
    return partial(_Collected, statistic, limits)


@dataclass(slots=True)
class _Collected:
    """Any statistic, from all the rows."""

    statistic: Statistic
    limits: Limits
    contributions: list[Contribution] = field(default_factory=list)

    def add(self, contribution: Contribution) -> None:
        self.contributions.append(contribution)

    def value(self) -> Value:
        return self.statistic(self.contributions, self.limits)


@dataclass(slots=True)
class _Running:
    """A statistic that its last value and the next row decide."""

    update: Callable[[Value, tuple[Single, ...]], Value]
    so_far: Value

    def add(self, contribution: Contribution) -> None:
        if contribution.values:
            self.so_far = self.update(self.so_far, contribution.values)

    def value(self) -> Value:
        return self.so_far


def _count(so_far: Value, values: tuple[Single, ...]) -> Value:
    assert isinstance(so_far, Num)
    return Num(so_far.value + len(values))


def _sum(so_far: Value, values: tuple[Single, ...]) -> Value:
    numbers = [value.value for value in values if isinstance(value, Num)]
    if not numbers:
        return so_far
    return Num(_added(numbers, so_far.value if isinstance(so_far, Num) else 0.0))


def _extreme(choose: Callable[..., Single]) -> Callable[[Value, tuple[Single, ...]], Value]:
    return lambda so_far, values: choose((*each_of(so_far), *values), key=lexicographic)


_RUNNING: Mapping[str, Callable[[Value, tuple[Single, ...]], Value]] = {
    "count": _count,
    "sum": _sum,
    "max": _extreme(max),
    "min": _extreme(min),
    # By the order in which rows are seen, not by time.
    "first": lambda so_far, values: multi(list(values)) if so_far is None else so_far,
    "last": lambda so_far, values: multi(list(values)),
}


def is_numeric(name: str) -> bool:
    """Whether ``allnum`` applies to the statistic."""
    return name == "sum" or name in _NUMERIC or _PERCENTILE.fullmatch(name) is not None


def _singles(contributions: Sequence[Contribution]) -> list[Single]:
    return [value for each in contributions for value in each.values]


def _numbers(contributions: Sequence[Contribution]) -> list[float]:
    return [value.value for value in _singles(contributions) if isinstance(value, Num)]


def _of_numbers(calculate: Callable[[list[float]], float]) -> Statistic:
    def apply(contributions: Sequence[Contribution], _: Limits) -> Value:
        numbers = _numbers(contributions)
        return Num(calculate(numbers)) if numbers else None

    return apply


def _added(values: list[float], start: float = 0.0) -> float:
    # Not sum(): it compensates rounding errors from Python 3.12 on, and Splunk's example of
    # avg() (3.9900000000000055 for a hundred times 3.99) shows that Splunk does not.
    for value in values:
        start += value
    return start


def _distinct(contributions: Sequence[Contribution], _: Limits) -> Value:
    return Num(len({str(value) for value in _singles(contributions)}))


def _estimate(contributions: Sequence[Contribution], limits: Limits) -> Value:
    distinct = {str(value) for value in _singles(contributions)}
    if len(distinct) >= limits.approx_dc_threshold:
        raise SplUndocumented("estdc() past approx_dc_threshold is an estimate")
    return Num(len(distinct))


def _variance(sample: bool) -> Callable[[list[float]], float]:
    def calculate(values: list[float]) -> float:
        # Source: "stats", extended example 3: one value has the deviation 0.
        if len(values) == 1:
            return 0.0
        # From the sum of squares: the example of sumsq() shows stdev 12.615183595289349 to the
        # last digit, which the squares of the deviations would not give.
        mean = _added(values) / len(values)
        squares = _added([value * value for value in values])
        return max(0.0, squares - len(values) * mean * mean) / (len(values) - sample)

    return calculate


def _mode(contributions: Sequence[Contribution], _: Limits) -> Value:
    ranked = Counter(str(value) for value in _singles(contributions)).most_common(2)
    if len(ranked) == 2 and ranked[0][1] == ranked[1][1]:
        raise SplUndocumented("mode() of values that are equally frequent")
    return ranked[0][0] if ranked else None


def _by_time(latest: bool, what: str) -> Statistic:
    """``earliest`` and ``latest``, and their times."""

    def apply(contributions: Sequence[Contribution], _: Limits) -> Value:
        filled = [each for each in contributions if each.values]
        times = [each.time for each in filled]
        if None in times:
            # Source: "stats": without _time the results "might be incorrect or random".
            raise SplUndocumented("earliest() or latest() of rows without _time")
        if not filled:
            return None
        wanted = (max if latest else min)(time for time in times if time is not None)
        if what == "time":
            return Num(wanted, 6)
        values = {each.values for each in filled if each.time == wanted}
        if len(values) > 1:
            raise SplUndocumented("earliest() or latest() with two values at one time")
        return multi(list(values.pop()))

    return apply


def _values(contributions: Sequence[Contribution], limits: Limits) -> Value:
    distinct: list[Single] = [*sorted({str(value) for value in _singles(contributions)})]
    return multi(distinct[: limits.maxvalues] if limits.maxvalues else distinct)


def _list(contributions: Sequence[Contribution], limits: Limits) -> Value:
    return multi([str(value) for value in _singles(contributions)][: limits.list_maxsize])


def _nearest_rank(values: list[float], percentile: float) -> float:
    """Source: limits.conf.spec, perc_method: 0-based rank floor(percentile / 100 * count)."""
    return values[min(len(values) - 1, math.floor(percentile * len(values) / 100))]


def _interpolated(values: list[float], percentile: float) -> float:
    """Source: as above: between the ranks around percentile / 100 * (count - 1)."""
    place = percentile * (len(values) - 1) / 100
    low, high = math.floor(place), math.ceil(place)
    return values[low] + (values[high] - values[low]) * (place - low)


def _percentile(kind: str, percentile: float) -> Statistic:
    """``exactperc`` follows perc_method. Of the others the page says nearest rank in its text and
    shows interpolated results in its examples, and past 1,000 distinct values an estimate.
    """

    def apply(contributions: Sequence[Contribution], limits: Limits) -> Value:
        ascending = sorted(_numbers(contributions))
        if not ascending:
            return None
        nearest, between = (
            _nearest_rank(ascending, percentile),
            _interpolated(ascending, percentile),
        )
        if kind == "exactperc":
            return Num(nearest if limits.perc_method == "nearest-rank" else between)
        if nearest != between or len(set(ascending)) > limits.approx_dc_threshold:
            raise SplUndocumented(f"{kind}{percentile:g}() is documented in two ways")
        return Num(nearest)

    return apply


_NUMERIC: Mapping[str, Statistic] = {
    "avg": _of_numbers(lambda values: _added(values) / len(values)),
    "sumsq": _of_numbers(lambda values: _added([value * value for value in values])),
    "range": _of_numbers(lambda values: max(values) - min(values)),
    "var": _of_numbers(_variance(sample=True)),
    "varp": _of_numbers(_variance(sample=False)),
    "stdev": _of_numbers(lambda values: math.sqrt(_variance(sample=True)(values))),
    "stdevp": _of_numbers(lambda values: math.sqrt(_variance(sample=False)(values))),
    "median": _percentile("median", 50),
}

_STATISTICS: Mapping[str, Statistic] = {
    **_NUMERIC,
    "dc": _distinct,
    "estdc": _estimate,
    "mode": _mode,
    "earliest": _by_time(False, "value"),
    "latest": _by_time(True, "value"),
    "earliest_time": _by_time(False, "time"),
    "latest_time": _by_time(True, "time"),
    "values": _values,
    "list": _list,
}
