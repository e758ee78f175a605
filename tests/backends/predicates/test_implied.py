"""What is said twice is said once: the same events, and no test is lost to explain."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import (
    SigmaCasedString,
    SigmaExpansion,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
)

from trident.mapping.profiles import Column
from trident.meaning.detection import compile_detection
from trident.predicates.implied import implies, reduced
from trident.predicates.leaf import Leaf, read
from trident.rule.tree import Condition, condition_tests, structure

COLUMNS = {name: Column(name) for name in "abc"}
VALUES: list[Any] = [
    *map(SigmaString, ["x", "X", "xy", "*x", "x*", "*y*", "?", "*", "", "5", "xyz", "*Y"]),
    *map(SigmaString, ["ß", "SS"]),
    *map(SigmaCasedString, ["x", "X", "xy", "*x", "*"]),
    *map(SigmaNumber, [5, 7]),
    SigmaNull(),
    SigmaRegularExpression("x.*"),
    SigmaRegularExpression("^x"),
]  # fmt: skip
HELD = ["x", "X", "xy", "XY", "xyz", "zx", "y", "5", 5, 7, "", None, "ß", "ss"]


def equal(field: str, value: Any) -> ConditionFieldEqualsValueExpression:
    return ConditionFieldEqualsValueExpression(field, value)


def leaf_of(part: ConditionFieldEqualsValueExpression) -> Leaf:
    return read(COLUMNS[part.field], part.value)


def tree(random: Random, depth: int) -> Condition:
    """A random condition that says much twice."""
    kind = random.randrange(6) if depth else 0
    if kind == 0:
        values = random.sample(VALUES[:8], 2)
        if random.random() < 0.2:
            return equal(random.choice("ab"), SigmaExpansion(values))
        return equal(random.choice("ab"), random.choice(VALUES))
    if kind == 1:
        return ConditionNOT([tree(random, depth - 1)])
    parts = [tree(random, depth - 1) for _ in range(random.randint(2, 3))]
    return ConditionAND(parts) if kind < 4 else ConditionOR(parts)


def test_the_same_events_are_found_and_every_test_is_accounted_for() -> None:
    shorter = 0
    for number in range(1_500):
        random = Random(f"implied-{number}")
        whole = tree(random, 3)
        before = structure(whole)
        reduction = reduced(whole, leaf_of)
        assert structure(whole) == before, "the plan's condition is never changed"
        kept, tests = condition_tests(reduction.condition), condition_tests(whole)
        said = {id(each) for left_out in reduction.said_by.values() for each in left_out}
        alive = {id(each) for each in kept}
        assert alive | said >= {id(each) for each in tests}, number
        assert reduction.said_by.keys() <= alive, number
        shorter += len(kept) < len(tests)
        finds, wanted = compile_detection(reduction.condition), compile_detection(whole)
        for _ in range(60):
            event = {name: random.choice(HELD) for name in "ab"}
            assert finds(event) == wanted(event), (number, event)
    assert shorter > 300


def test_a_test_implies_another_only_where_every_value_shows_it() -> None:
    implied = 0
    for one in VALUES:
        for other in VALUES:
            if not implies(leaf_of(equal("a", one)), leaf_of(equal("a", other))):
                continue
            implied += one is not other
            first, second = compile_detection(equal("a", one)), compile_detection(equal("a", other))
            assert all(second({"a": held}) for held in HELD if first({"a": held})), (one, other)
    assert implied > 20
    same = leaf_of(equal("a", SigmaString("x")))
    assert not implies(same, leaf_of(equal("b", SigmaString("x"))))
    assert not implies(
        leaf_of(equal("a", SigmaString("SS"))), leaf_of(equal("a", SigmaString("ß")))
    )


A, B, C = (equal(name, SigmaString("x")) for name in "abc")
CASED = equal("a", SigmaCasedString("x"))


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (ConditionAND([CASED, A]), CASED),
        (ConditionAND([A, CASED]), CASED),
        (ConditionAND([A, ConditionOR([ConditionAND([A, B]), ConditionAND([A, C])])]), "a(b|c)"),
        (ConditionAND([A, ConditionNOT([ConditionAND([A, B])])]), "a!b"),
        (ConditionOR([A, equal("a", SigmaString("X")), B]), "a|b"),
    ],
)
def test_what_is_left(condition: Condition, left: Condition | str) -> None:
    shapes: dict[str, Condition] = {
        "a(b|c)": ConditionAND([A, ConditionOR([B, C])]),
        "a!b": ConditionAND([A, ConditionNOT([B])]),
        "a|b": ConditionOR([A, B]),
    }
    expected = shapes[left] if isinstance(left, str) else left
    assert structure(reduced(condition, leaf_of).condition) == structure(expected)


def test_a_filter_that_removes_all_stays_as_it_is_written() -> None:
    dead = ConditionAND([A, ConditionNOT([A])])
    assert reduced(dead, leaf_of).condition is dead


def test_nothing_twice_is_the_same_object() -> None:
    once = ConditionAND([A, B, ConditionNOT([C])])
    assert reduced(once, leaf_of).condition is once
