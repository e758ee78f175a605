"""A detection without the tests that others of it imply: said once, as a person would.

A selector's ``Channel == "System"`` stands beside the rule's own ``Channel: System``, and a test
that each alternative repeats holds already where the whole asks for it. What is implied is decided
by the columns and values that are compared; the condition finds the same events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)

from trident.predicates.leaf import Leaf, Op
from trident.rule.tree import (
    Condition,
    Test,
    condition_tests,
    separate,
    value_structure,
    with_parts,
)

Reader = Callable[[ConditionFieldEqualsValueExpression], Leaf]
"""The test that a part of the condition makes on its column."""

Fact = tuple[Leaf, ...]
"""Tests of one field of which one holds."""

_MOST = 8
"""The most alternatives of a fact; longer lists are hardly ever said twice."""

_LARGEST = 256
"""The most tests of one field in a condition that is looked through: time grows with the square."""

_EQUAL = frozenset({Op.EQUALS, Op.EQUALS_CASED})


@dataclass(slots=True)
class Reduction:
    """A condition without what it implies, and the tests left out by the test (its ``id``) that
    says them."""

    condition: Condition
    said_by: dict[int, list[Test]] = field(default_factory=dict)


def reduced(condition: Condition, read: Reader) -> Reduction:
    """The condition said once; itself where it says nothing twice."""
    tests = condition_tests(condition)
    if not 1 < max(Counter(map(_field, tests)).values()) <= _LARGEST:
        return Reduction(condition)
    reducer = _Reducer(read)
    part = reducer.part(condition, [])
    assert part is not None, "nothing is implied by nothing"
    return Reduction(part, reducer.said_by)


def implies(one: Leaf, other: Leaf) -> bool:
    """Whether every value that passes one test passes the other; False where nobody knows.

    Texts of ASCII only: engines differ in which other letters are the same without case.
    """
    if one.column != other.column:
        return False
    if _key(one) == _key(other):
        return True
    if one.op not in _EQUAL or not isinstance(one.value, str) or not isinstance(other.value, str):
        return False
    if not (one.value + other.value).isascii():
        return False
    value, wanted = one.value.lower(), other.value.lower()
    match other.op:
        case Op.EQUALS:
            return value == wanted
        case Op.STARTSWITH:
            return value.startswith(wanted)
        case Op.ENDSWITH:
            return value.endswith(wanted)
        case Op.CONTAINS:
            return wanted in value
    return False


class _Reducer:
    def __init__(self, read: Reader) -> None:
        self._read = read
        self.said_by: dict[int, list[Test]] = {}
        self._facts: dict[int, tuple[object, Fact | None]] = {}
        """What each part asks for, by its ``id``, with the part, which so stays alive."""
        self._by: Test
        """What says the part that was left out last."""

    def part(self, condition: Condition, known: list[tuple[Fact, Test]]) -> Condition | None:
        """A part of a condition where ``known`` holds; None where it holds then."""
        if known and (fact := self._fact(condition)) is not None:
            for other, test in known:
                if _all_imply(other, fact):
                    self._by = test
                    self._leave_out(condition, test)
                    return None
        match condition:
            case ConditionAND():
                return self._all(condition, known)
            case ConditionOR():
                return self._any(condition, known)
            case ConditionNOT():
                # A filter that removes everything stays as it is written.
                [denied] = _parts(condition)
                inner = self.part(denied, known)
                return condition if inner is None else with_parts(condition, [inner])
        return condition

    def _all(self, condition: ConditionAND, known: list[tuple[Fact, Test]]) -> Condition | None:
        parts = _parts(condition)
        facts = [self._fact(part) for part in parts]
        kept: dict[int, Condition] = {}
        for place in sorted(range(len(facts)), key=lambda place: facts[place] is None):
            part, mine = parts[place], facts[place]
            held = [
                (fact, condition_tests(kept[other])[0])
                for other in kept
                if (fact := facts[other]) is not None
            ]
            left = self.part(part, [*known, *held])
            if left is None:
                continue
            for other in [*kept] if mine is not None else []:
                theirs = facts[other]
                assert mine is not None and theirs is not None, "facts come first"
                if _all_imply(mine, theirs):
                    self._leave_out(kept.pop(other), condition_tests(left)[0])
            kept[place] = left
        return _joined(condition, [kept[place] for place in sorted(kept)])

    def _any(self, condition: ConditionOR, known: list[tuple[Fact, Test]]) -> Condition | None:
        kept: dict[object, Condition] = {}
        for part in _parts(condition):
            left = self.part(part, known)
            if left is None:
                # One alternative holds, so all do; the others are said by what says this one.
                self._leave_out(condition, self._by)
                return None
            fact = self._fact(left)
            key = id(left) if fact is None or len(fact) > 1 else _key(fact[0])
            if key in kept:
                self._leave_out(left, condition_tests(kept[key])[0])
            kept.setdefault(key, left)
        return _joined(condition, list(kept.values()))

    def _fact(self, condition: object) -> Fact | None:
        """The tests of one field of which a part asks for one; None for another part."""
        if id(condition) not in self._facts:
            self._facts[id(condition)] = condition, self._new_fact(condition)
        return self._facts[id(condition)][1]

    def _new_fact(self, condition: object) -> Fact | None:
        if isinstance(condition, ConditionFieldEqualsValueExpression):
            tests = separate(condition)
            return tuple(map(self._read, tests)) if len(tests) <= _MOST else None
        if isinstance(condition, ConditionOR) and len(condition.args) <= _MOST:
            facts = [self._fact(part) for part in condition.args]
            leaves = [leaf for fact in facts if fact for leaf in fact]
            same = len({leaf.column for leaf in leaves}) == 1
            return tuple(leaves) if None not in facts and same else None
        return None

    def _leave_out(self, condition: object, test: Test) -> None:
        for each in condition_tests(condition):
            if each is not test:
                self.said_by.setdefault(id(test), []).extend(
                    [each, *self.said_by.pop(id(each), [])]
                )


def _joined(condition: ConditionAND | ConditionOR, parts: list[Condition]) -> Condition | None:
    """The condition of other parts; the part alone where it is one, None for none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return with_parts(condition, parts)


def _parts(condition: ConditionAND | ConditionOR | ConditionNOT) -> list[Condition]:
    parts: list[Any] = condition.args  # pySigma's type has those of a condition not yet parsed
    return parts


def _field(test: Test) -> str:
    return "" if isinstance(test, ConditionValueExpression) else test.field


def _key(leaf: Leaf) -> object:
    """What makes two tests the same."""
    value = leaf.value
    if isinstance(value, str):
        folds = leaf.op is Op.EQUALS and value.isascii()
        return leaf.op, leaf.column, value.lower() if folds else value
    if isinstance(value, int | float):
        return leaf.op, leaf.column, type(value).__name__, value, leaf.part
    return leaf.op, leaf.column, value_structure(value), value_structure(leaf.pattern)


def _all_imply(one: Fact, other: Fact) -> bool:
    """Whether one of ``other`` holds where one of ``one`` does."""
    return all(any(implies(leaf, wanted) for wanted in other) for leaf in one)
