"""Missing values below any number of negations: random conditions on every engine.

What a target leaves out as a guard that cannot matter must not matter: each condition is run on
records that lack any of its fields. ``python -m tests.language.test_missing_values 500 1`` runs as
many conditions as wanted from a seed, on each target or on those that are named behind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import pytest

from tests.support.generate import plan_documents
from tests.support.selection import Bench, lab_events, lab_profile, missing_engine
from tests.support.targets import SHIPPED
from trident.mapping.profiles import Profile
from trident.rule.plan import Search

FIELDS = {"f": ("f", "string"), "g": ("g", "string"), "n": ("n", "long"), "b": ("b", "bool")}
VALUES: dict[str, tuple[Any, ...]] = {
    "f": (None, "", "ab", "10.0.0.1"),
    "g": (None, "ab", "b"),
    "n": (None, 0, 7),
    "b": (None, True, False),
}
RECORDS = [
    {field: value for field, value in zip(VALUES, values, strict=True) if value is not None}
    for values in product(*VALUES.values())
]
TESTS: tuple[dict[str, Any], ...] = (
    *(
        {"f": "ab"},
        {"f|contains": "b"},
        {"f|re": "^a?b?$"},
        {"f|re": "a.*|.*b"},
        {"f": ["ab", "b"]},
    ),
    *({"f|cidr": "10.0.0.0/8"}, {"f": None}, {"f": ""}, {"f": "*"}, {"f|exists": True}),
    *({"f": "a*b"}, {"f": "?*?"}, {"f|cased": "ab"}, {"f|fieldref": "g"}, {"f|exists": False}),
    *({"g": "ab"}, {"g|startswith": "b"}, {"g|endswith": ["a", "b"]}, {"g": None}, {"g|re": "b"}),
    *({"n": 0}, {"n": [0, 7]}, {"n|gt": 0}, {"n|lte": 7}, {"n": None}, {"n": ["0", 8]}),
    *({"n|exists": True}, {"b": True}, {"b": False}, {"b": None}, {"n": [7, None]}, {"f|gte": 1}),
)


def conditions(random: Random) -> Iterator[Search]:
    """Random conditions of three to six tests, with ``not`` before any part."""
    while True:
        tests = random.sample(TESTS, random.randint(3, 6))
        names = [f"t{number}" for number in range(len(tests))]
        detection: dict[str, Any] = dict(zip(names, tests, strict=True))
        detection["condition"] = _joined(random, names)
        yield _search(detection)


def _joined(random: Random, names: list[str]) -> str:
    negated = "not " if random.random() < 0.45 else ""
    if len(names) == 1:
        return negated + names[0]
    cut = random.randint(1, len(names) - 1)
    sides = (_joined(random, part) for part in (names[:cut], names[cut:]))
    return f"{negated}({random.choice((' and ', ' or ')).join(sides)})"


def _search(detection: dict[str, Any]) -> Search:
    rule = {"title": "t", "logsource": {"category": "lab"}, "detection": detection}
    plan = plan_documents((rule,))
    assert isinstance(plan, Search)
    return plan


def check(target: str, count: int, seed: str, records: int = 36) -> int:
    """Run ``count`` conditions on a target; how many were run and not refused."""
    profile: Profile = lab_profile(target, FIELDS)
    random = Random(seed)
    searches = conditions(random)
    with Bench(target) as bench:
        codes = [
            bench.check(next(searches), profile, lab_events(random.sample(RECORDS, records)))
            for _ in range(count)
        ]
    return codes.count("")


@pytest.mark.parametrize("target", SHIPPED)
def test_no_missing_value_changes_the_answer(target: str) -> None:
    if package := missing_engine(target):
        pytest.skip(f"{package} is not installed")
    assert check(target, 4, "suite", 12) >= 1


if __name__ == "__main__":
    wanted, start = int(sys.argv[1]), sys.argv[2]
    for each in sys.argv[3:] or SHIPPED:
        print(f"{each}: {check(each, wanted, start)} of {wanted} conditions run", flush=True)
