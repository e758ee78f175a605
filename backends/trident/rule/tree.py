"""A detection's condition tree: its type, the walks over it, and what makes two of them the same.

The tree is pySigma's parsed condition. It stays what it is (docs/architecture.md, Decisions); this
module is where the rest of the program learns its shape.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from operator import is_
from typing import Any, overload

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    SigmaCompareExpression,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaRegularExpression,
    SigmaString,
)

Test = ConditionFieldEqualsValueExpression | ConditionValueExpression
TESTS = (ConditionFieldEqualsValueExpression, ConditionValueExpression)
"""The same as a tuple, which isinstance is quicker on."""
"""A leaf of the tree: a field compared with a value, or a keyword."""

Condition = ConditionAND | ConditionOR | ConditionNOT | Test
"""A detection's condition, with Sigma field names."""


def condition_tests(condition: object) -> list[Test]:
    """The tests of fields and the keywords of a condition, in order."""
    tests: list[Test] = []
    waiting = [condition]
    while waiting:
        # Tests first: ConditionItem is an abstract class, which isinstance is slow on.
        part = waiting.pop()
        if isinstance(part, ConditionFieldEqualsValueExpression | ConditionValueExpression):
            tests.append(part)
        else:
            assert isinstance(part, ConditionItem)
            waiting.extend(reversed(part.args))
    return tests


@overload
def separate(
    test: ConditionFieldEqualsValueExpression,
) -> Sequence[ConditionFieldEqualsValueExpression]: ...
@overload
def separate(test: Test) -> Sequence[Test]: ...
def separate(test: Test) -> Sequence[Test]:
    """The tests of one value each of which a test asks for one: itself, or one for each value that
    a value of the rule stands for (``windash``, ``base64offset``)."""
    if not isinstance(test.value, SigmaExpansion):
        return [test]
    if isinstance(test, ConditionFieldEqualsValueExpression):
        return [ConditionFieldEqualsValueExpression(test.field, each) for each in test.value.values]
    return [ConditionValueExpression(each) for each in test.value.values]


def with_parts(condition: ConditionAND | ConditionOR | ConditionNOT, parts: list[Any]) -> Condition:
    """The condition with other parts; itself where they are its own."""
    own = len(parts) == len(condition.args) and all(map(is_, parts, condition.args))
    return condition if own else type(condition)(parts)


def condition_fields(condition: object) -> Iterator[str]:
    """The Sigma fields that a condition reads, with repetitions."""
    for test in condition_tests(condition):
        if isinstance(test, ConditionFieldEqualsValueExpression):
            yield test.field
            if isinstance(test.value, SigmaFieldReference):
                yield test.value.field


def structure(condition: object) -> Hashable:
    """What a condition says, as nested tuples: equal for two trees of the same operators, fields
    and values in the same order. pySigma's own ``==`` takes a cased text for any other.
    """
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return ("field", condition.field, value_structure(condition.value))
    if isinstance(condition, ConditionValueExpression):
        return ("keyword", value_structure(condition.value))
    assert isinstance(condition, ConditionItem)
    return (type(condition).__name__, *map(structure, condition.args))


def value_structure(value: object) -> Hashable:
    """What a value of a condition says, as ``structure``; None for None."""
    if value is None:
        return None
    kind = type(value).__name__
    if isinstance(value, SigmaString):
        return (kind, *(part if isinstance(part, str) else part.name for part in value.s))
    if isinstance(value, SigmaExpansion):
        return (kind, *map(value_structure, value.values))
    if isinstance(value, SigmaRegularExpression):
        return (kind, str(value.regexp), *sorted(flag.name for flag in value.flags))
    if isinstance(value, SigmaCompareExpression):
        return (kind, value.op.name, value_structure(value.number))
    held = {name: each for name, each in vars(value).items() if name not in _NO_MEANING}
    return (kind, *((name, type(each).__name__, str(each)) for name, each in held.items()))


_NO_MEANING = frozenset({"source", "parent"})
"""Attributes of pySigma's values that say where a value stands, not what it is."""
