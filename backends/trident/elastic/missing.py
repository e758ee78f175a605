"""What a condition is where a field has no value: which tests need a guard against null.

A comparison with a missing field is null in ES|QL (https://www.elastic.co/docs/reference/
query-languages/esql/esql-null-values) and in EQL's scripts; EQL's index queries make it false. With
AND as the least, OR as the greatest of false < null < true, and NOT turning that order around:

- null in the place of false changes no answer below an even number of NOTs, and null in the place
  of true none below an odd number: WHERE drops null as it drops false;
- an AND is false where one part is, and an OR true where one is, whatever its other parts are.

So a guard stands only below an odd number of NOTs, only before the first test of an AND that needs
it, and nowhere where the condition around it fails without the value anyhow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR

from trident.rule.tree import Condition, Test, separate

Expressions = frozenset[str]
"""Expressions of a query that can be null, as they are written."""

_NONE: Expressions = frozenset()


@dataclass(frozen=True, slots=True)
class Missing:
    """A condition by what is missing: it is false, or true, where one of these expressions is null;
    and ``compared`` are those that a test in it is null with."""

    false: Expressions = _NONE
    true: Expressions = _NONE
    compared: Expressions = _NONE

    @property
    def denied(self) -> Missing:
        """The condition below a NOT."""
        return Missing(self.true, self.false, self.compared)

    @property
    def needs(self) -> Expressions:
        """What a guard before the condition can be about."""
        return self.false & self.compared


class MissingValues:
    """Reads conditions once each. ``test`` says it of a test of one value."""

    def __init__(self, test: Callable[[Test], Missing]) -> None:
        self._test = test
        self._known: dict[int, tuple[object, Missing]] = {}

    def of(self, condition: object) -> Missing:
        """What the condition is where a value is missing."""
        if id(condition) not in self._known:
            self._known[id(condition)] = condition, self._read(condition)
        return self._known[id(condition)][1]

    def _read(self, condition: object) -> Missing:
        match condition:
            case ConditionAND():
                return _all(map(self.of, condition.args))
            case ConditionOR():
                return _any(map(self.of, condition.args))
            case ConditionNOT():
                return self.of(condition.args[0]).denied
        return _any(map(self._test, separate(_a_test(condition))))


def _a_test(condition: object) -> Test:
    assert isinstance(condition, Test)
    return condition


def _all(parts: Iterable[Missing]) -> Missing:
    return _any(part.denied for part in parts).denied


def _any(parts: Iterable[Missing]) -> Missing:
    each = list(parts)
    return Missing(
        frozenset.intersection(*(part.false for part in each)),
        _NONE.union(*(part.true for part in each)),
        _NONE.union(*(part.compared for part in each)),
    )


def negative(condition: Condition) -> bool:
    """Whether a NOT stands anywhere in a condition."""
    waiting: list[object] = [condition]
    while waiting:
        match waiting.pop():
            case ConditionNOT():
                return True
            case ConditionAND(args=parts) | ConditionOR(args=parts):
                waiting.extend(parts)
    return False
