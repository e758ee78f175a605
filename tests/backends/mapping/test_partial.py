"""A part of a detection: less or more than the whole, never both, and every test left out named."""

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
from sigma.types import SigmaExpansion, SigmaNull, SigmaRegularExpression, SigmaString

from trident.base.diagnostics import Refusal
from trident.mapping.partial import answerable, names
from trident.rule.tree import Condition, Test, condition_tests

FIELDS = "abcdef"
UNKNOWN = "def"


def reason(test: Test) -> Refusal | None:
    """Half of the fields have no column; of another one value is never recorded."""
    field = getattr(test, "field", "")
    if field in UNKNOWN or str(test.value) == "never":
        return Refusal("TRI202", f"no {field}")
    return None


def equal(field: str, value: Any = "x") -> ConditionFieldEqualsValueExpression:
    made = SigmaString(value) if isinstance(value, str) else value
    return ConditionFieldEqualsValueExpression(field, made)


def tree(random: Random, depth: int) -> Condition:
    """A random condition."""
    kind = random.randrange(5) if depth else 0
    if kind == 0:
        if random.random() < 0.2:
            return equal(
                random.choice("abc"), SigmaExpansion([SigmaString("x"), SigmaString("never")])
            )
        return equal(random.choice(FIELDS))
    if kind == 1:
        return ConditionNOT([tree(random, depth - 1)])
    parts = [tree(random, depth - 1) for _ in range(random.randint(2, 3))]
    return ConditionAND(parts) if kind < 4 else ConditionOR(parts)


def holds(condition: Any, true: frozenset[tuple[str, str]]) -> bool:
    """The condition's value where these pairs of field and value are true."""
    match condition:
        case ConditionAND():
            return all(holds(part, true) for part in condition.args)
        case ConditionOR():
            return any(holds(part, true) for part in condition.args)
        case ConditionNOT():
            return not holds(condition.args[0], true)
        case ConditionFieldEqualsValueExpression(value=SigmaExpansion() as values):
            return any((condition.field, str(each)) in true for each in values.values)
    return (condition.field, str(condition.value)) in true


PAIRS = [(field, value) for field in FIELDS for value in ("x", "never")]


@pytest.mark.parametrize("shrink", [True, False])
def test_the_part_implies_the_whole_or_is_implied(shrink: bool) -> None:
    parts = strict = 0
    for number in range(400):
        random = Random(f"partial-{number}")
        whole = tree(random, 3)
        if not any(map(reason, condition_tests(whole))) and "never" not in str(whole):
            continue
        try:
            part, _ = answerable(whole, reason, shrink=shrink)
        except Refusal as refusal:
            assert refusal.diagnostic.message.startswith("no ")
            continue
        assert not any(map(reason, condition_tests(part)))
        differs = False
        for _ in range(60):
            true = frozenset(pair for pair in PAIRS if random.random() < 0.5)
            of_part, of_whole = holds(part, true), holds(whole, true)
            assert of_part <= of_whole if shrink else of_part >= of_whole, (number, true)
            differs |= of_part != of_whole
        parts += 1
        strict += differs
    assert parts > 100 and strict > 50


def test_what_goes_with_a_test_left_out_is_named_too() -> None:
    either = ConditionOR([equal("a"), equal("d")])
    part, dropped = answerable(ConditionAND([either, equal("b")]), reason, shrink=False)
    assert isinstance(part, ConditionFieldEqualsValueExpression) and part.field == "b"
    assert [each.field for each in dropped] == ["d", "a"]


def test_what_is_shared_stays_the_same_object() -> None:
    both = ConditionAND([equal("a"), ConditionOR([equal("b"), equal("c")])])
    assert answerable(both, reason, shrink=True) == (both, ())
    assert answerable(both, reason, shrink=True)[0] is both


@pytest.mark.parametrize(
    ("condition", "shrink", "left"),
    [
        (ConditionOR([equal("a"), equal("d")]), True, "a"),
        (ConditionAND([equal("a"), equal("d")]), False, "a"),
        (ConditionAND([equal("a"), ConditionNOT([equal("d")])]), False, "a"),
        (ConditionAND([equal("a"), equal("d")]), True, None),
        (ConditionOR([equal("a"), equal("d")]), False, None),
        (equal("d"), False, None),
    ],
)
def test_a_constant_is_no_query(condition: Condition, shrink: bool, left: str | None) -> None:
    if left is None:
        with pytest.raises(Refusal, match="no d"):
            answerable(condition, reason, shrink=shrink)
        return
    part, dropped = answerable(condition, reason, shrink=shrink)
    assert isinstance(part, ConditionFieldEqualsValueExpression) and part.field == left
    assert [each.field for each in dropped] == ["d"]


def test_names_are_few_and_counted() -> None:
    many = ConditionOR([equal("a"), equal("d", SigmaNull())])
    _, dropped = answerable(many, reason, shrink=True)
    assert list(names(dropped)) == ["d = null (no d)"]
    expression = ConditionOR([equal("a"), equal("d", SigmaRegularExpression("x+"))])
    _, dropped = answerable(expression, reason, shrink=True)
    assert list(names(dropped)) == ["d = x+ (no d)"]
    tests = [equal("d", f"v{number}") for number in range(13)]
    _, dropped = answerable(ConditionOR([equal("a"), *tests]), reason, shrink=True)
    [line] = names(dropped)
    assert line.startswith("d = v0, v1") and line.endswith("v9 and 3 more (no d)")
