"""What is called dead is dead: held against the reference evaluator, and what is found."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from tests.support.generate import plan_documents
from trident.meaning.detection import compile_detection
from trident.predicates.dead import dead_parts, implies
from trident.predicates.values import exclude, include, reading
from trident.rule.plan import Search
from trident.rule.tree import condition_tests

VALUES: list[Any] = [
    *("", "a", "A", "ab", "aB", "ba", "b", "aab", "a b", "5", "5.0", "05", "6", "true", "10.0.0.1"),
    *(
        None,
        5,
        5.0,
        6,
        1e-7,
        True,
        False,
        "10.1.0.1",
        "2026-01-01T05:00:00Z",
        "\u017f",
        "\u212a",
        "k",
        "K",
    ),
]
TESTS: list[dict[str, Any]] = [
    {"F": "a"}, {"F": "A"}, {"F|cased": "A"}, {"F|cased": "a"}, {"F": "a*"}, {"F": "*b"},
    {"F|contains": "b"}, {"F|contains": "ab"}, {"F|contains|cased": "B"}, {"F": "a?"}, {"F": "?"},
    {"F": "a*b"}, {"F": "*a*b*"}, {"F": "*"}, {"F": None}, {"F": ""}, {"F|exists": True},
    {"F|exists": False}, {"F": 5}, {"F": "5"}, {"F": "5.0"}, {"F": 6}, {"F|gt": 5}, {"F|gte": 5},
    {"F|lt": 6}, {"F|lte": 5}, {"F|lt": 5}, {"F|lt": 0}, {"F": True}, {"F": "TRUE"}, {"F": "k"},
    {"F|cidr": "10.0.0.0/8"}, {"F|cidr": "10.0.0.0/16"}, {"F|cidr": "fe80::/10"}, {"F": "10.*"},
    {"F": "10.0.0.1"}, {"F|re": "^a"}, {"F|re|i": "^a"}, {"F|hour": 5}, {"F|hour": 6},
    {"F|fieldref": "G"}, {"F": ["a", "b"]}, {"F|startswith": "a b"}, {"F": "\u212a"},
    {"F": "\u017f"},
]  # fmt: skip


def condition_of(detection: dict[str, Any]) -> Any:
    rule = {"title": "x", "logsource": {"product": "windows"}, "detection": detection}
    planned = plan_documents([rule])
    assert isinstance(planned, Search)
    return planned.condition


def single(test: dict[str, Any]) -> Any:
    return condition_of({"s": test, "condition": "s"})


def test_what_two_values_have_to_do_with_each_other_is_right() -> None:
    """Every pair of tests on every value: a certain answer has no counterexample."""
    plain = [t for t in TESTS if not isinstance(next(iter(t.values())), list)]
    read = []
    for test in plain:
        (leaf,) = condition_tests(single(test))
        check = compile_detection(leaf)
        passed = {index for index, value in enumerate(VALUES) if check({"F": value, "G": "a"})}
        read.append((test, reading(leaf.value), passed))
    shown = 0
    for (one, first, ours), (other, second, theirs) in product(read, repeat=2):
        assert exclude(first, second) == exclude(second, first), (one, other)
        if exclude(first, second):
            assert not ours & theirs, (one, other)
            shown += 1
        if include(first, second):
            assert theirs <= ours, (one, other)
            shown += 1
    assert shown > 600


CONDITIONS = (
    "a and b", "a and not b", "a and b and c", "a and (b or c)", "(a and b) or c",
    "a and not (b and c)", "a and not (b or c)", "not a and not b and c", "not (a or not b)",
    "(a or b) and (c or d) and not a", "a and (b or (c and not d))", "not (not a and b) and c",
)  # fmt: skip


def test_what_is_dead_has_no_event() -> None:
    """Random detections of two fields: a whole that is called dead finds none of all events."""
    rng = random.Random(6)
    events = [{"F": one, "G": other} for one, other in product(VALUES, repeat=2)]
    found = 0
    for _ in range(700):
        items = {}
        for name in "abcd":
            pair = [dict(rng.choice(TESTS)) for _ in range(rng.choice((1, 1, 2)))]
            if rng.random() < 0.3:
                pair[0] = {key.replace("F", "G", 1): value for key, value in pair[0].items()}
            items[name] = rng.choice((pair, pair[-1]))
        condition = condition_of({**items, "condition": rng.choice(CONDITIONS)})
        if any(part.whole for part in dead_parts(condition)):
            found += 1
            check = compile_detection(condition)
            assert not any(map(check, events)), items
    assert found > 60


def test_cases() -> None:
    for case in yaml.safe_load(Path(__file__).with_name("dead.yml").read_text("utf-8")):
        parts = dead_parts(condition_of(case["detection"]))
        assert [str(part.kind) for part in parts] == case["dead"], case["why"]


def test_implication() -> None:
    narrow, wide = single({"E": 1, "F": "abc"}), single({"F|contains": ["x", "B"]})
    assert implies(narrow, wide)
    assert not implies(wide, narrow)
    assert implies(narrow, narrow)
    assert not implies(
        condition_of({"s": {"F": "a"}, "o": {"F": "b"}, "condition": "s and o"}), wide
    )
