"""The running statistic of an aggregate over the matches that are now inside its window."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from trident.meaning.detection import missing, number, text
from trident.meaning.events import Value
from trident.rule.plan import Statistic


@dataclass(slots=True)
class Window:
    """The running state of an aggregate: numbers of the matches now inside the window."""

    statistic: Statistic
    percentile: int
    count: int = 0
    total: Fraction = Fraction(0)
    ordered: list[Fraction] = field(default_factory=list)
    tuples: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def move(self, values: Sequence[Value], sign: int) -> None:
        """Let a match's condition values enter (sign 1) or leave (sign -1) the window."""
        if self.statistic is Statistic.COUNT:
            self.count += sign
            return
        if self.statistic is Statistic.DISTINCT:
            if not any(missing(value) for value in values):
                key = tuple(text(value) for value in values)
                self.tuples[key] += sign
                if not self.tuples[key]:
                    del self.tuples[key]
            return
        value = number(values[0])
        if value is None:
            return
        self.count += sign
        if self.statistic in (Statistic.SUM, Statistic.AVG):
            self.total += sign * value
        elif sign > 0:
            insort(self.ordered, value)
        else:
            del self.ordered[bisect_left(self.ordered, value)]

    def value(self) -> Fraction | int | None:
        """The statistic's value; None where the definition has none (no number inside)."""
        match self.statistic:
            case Statistic.COUNT:
                return self.count
            case Statistic.DISTINCT:
                return len(self.tuples)
            case Statistic.SUM:
                return self.total if self.count else None
            case Statistic.AVG:
                return self.total / self.count if self.count else None
            case Statistic.PERCENTILE | Statistic.MEDIAN:
                if not self.count:
                    return None
                return self.ordered[max(1, (self.percentile * self.count + 99) // 100) - 1]
