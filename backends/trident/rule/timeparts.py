"""Comparisons of a part of a time, as the parts that pass: ``hour|gte: 22`` is 22 or 23.

"Sigma Modifiers", Time Modifiers: such a modifier extracts a number from a date, and each part's
numbers are given; a target that can say the equality can so say the comparison. Years have no last
one and stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from operator import ge, gt, le, lt
from typing import Any

from sigma.conditions import ConditionFieldEqualsValueExpression, ConditionItem, ConditionOR
from sigma.types import SigmaCompareExpression, SigmaTimestampPart, TimestampPart

_NUMBERS: Mapping[TimestampPart, range] = {
    TimestampPart.MINUTE: range(60),
    TimestampPart.HOUR: range(24),
    TimestampPart.DAY: range(1, 32),
    TimestampPart.WEEK: range(1, 54),  # ISO 8601: some years have 53
    TimestampPart.MONTH: range(1, 13),
}

_OPERATORS: Mapping[Enum, Callable[[Any, Any], bool]] = {
    SigmaCompareExpression.CompareOperators.LT: lt,
    SigmaCompareExpression.CompareOperators.LTE: le,
    SigmaCompareExpression.CompareOperators.GT: gt,
    SigmaCompareExpression.CompareOperators.GTE: ge,
}


def spelled_out(condition: Any) -> Any:
    """The condition with every comparison of a part of a time as an ``or`` of equalities; one
    that no number passes stays as it is."""
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        parts = _passing(condition.value)
        tests = [ConditionFieldEqualsValueExpression(condition.field, part) for part in parts]
        return ConditionOR([*tests]) if tests else condition
    if isinstance(condition, ConditionItem):
        condition.args = [spelled_out(part) for part in condition.args]
    return condition


def is_bounded(part: SigmaTimestampPart) -> bool:
    """Whether the part's numbers can be listed."""
    return part.timestamp_part in _NUMBERS


def _passing(value: object) -> list[SigmaTimestampPart]:
    if not isinstance(value, SigmaCompareExpression):
        return []
    part, compare = value.number, _OPERATORS.get(value.op)
    if not isinstance(part, SigmaTimestampPart) or compare is None:
        return []
    unit = part.timestamp_part
    numbers = _NUMBERS.get(unit, range(0))
    return [SigmaTimestampPart(unit, each) for each in numbers if compare(each, part.number)]
