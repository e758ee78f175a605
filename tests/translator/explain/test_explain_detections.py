"""The words of a detection, read back by their English, select what the evaluator selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from sigma.modifiers import modifier_mapping

from tests.backends.meaning.test_detection import TABLE, rule
from tests.support.generate import PYSIGMA, plan_documents
from tests.translator.explain.reading import Reading, read
from trident.app.explain.detections import detection_words
from trident.app.explain.meaning import Meaning, items_of, lines, meanings
from trident.app.explain.phrases import MODIFIERS
from trident.app.explain.values import Shown
from trident.base.diagnostics import Refusal, Span
from trident.meaning.detection import compile_detection
from trident.rule.plan import Search
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset

FIELDS = ("f", "g", "h", "other", "a b", "field")
WORDS = yaml.safe_load(Path(__file__).with_name("words.yml").read_text("utf-8"))


def known(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cases that this version of pySigma reads."""
    return [case for case in cases if case.get("since", 0) <= PYSIGMA]


def search(
    detection: dict[str, Any], placeholders: Mapping[str, Sequence[str]] | None = None
) -> Search:
    plan = plan_documents((rule(detection),), placeholders)
    assert isinstance(plan, Search)
    return plan


def reading(plan: Search, fields: tuple[str, ...] = FIELDS) -> Reading:
    return read(asdict(lines(detection_words(plan.condition), Shown(True))), fields)


def explained(detection: dict[str, Any], **placeholders: list[str]) -> Meaning:
    ruleset = Ruleset.from_documents(
        [Document(rule(detection), Span("rule.yml", 1))], placeholders=placeholders
    )
    (planned,) = plan_all(ruleset)
    assert planned.plan is not None, planned.diagnostics
    (found,) = meanings(planned.plan, items_of(ruleset), Shown())
    return found


@pytest.mark.parametrize("case", known(TABLE), ids=lambda case: case["why"])
def test_the_evaluators_own_cases(case: dict[str, Any]) -> None:
    detection = case.get("detection") or {"selection": case["item"], "condition": "selection"}
    records = [*case["matches"], *case["misses"]]
    named = {key for record in records if isinstance(record, dict) for key in record}
    test = reading(search(detection, case.get("placeholders")), (*FIELDS, *map(str, named)))
    for wanted, group in ((True, case["matches"]), (False, case["misses"])):
        for record in group:
            fields = record if isinstance(record, dict) else {"f": record}
            assert test(fields) is wanted, fields


@pytest.mark.parametrize("case", known(WORDS), ids=lambda case: case["why"])
def test_words(case: dict[str, Any]) -> None:
    """The text itself, so that its wording is a decision and no accident."""
    detection = case.get("detection") or {"s": case["item"], "condition": "s"}
    found = explained(detection, **case.get("placeholders", {}))
    assert found.matches is not None
    assert _outline(asdict(found.matches)) == case["says"]
    if "written" in case:
        assert asdict(found.matches)["written"] == (case["written"],)


def _outline(words: dict[str, Any]) -> Any:
    if "parts" in words:
        return {words["holds"]: [_outline(part) for part in words["parts"]]}
    return words["text"]


def test_every_modifier_has_words() -> None:
    """Each is used in a case above, and those that change the value say so."""
    items = [case.get("detection") or {"s": case.get("item")} for case in [*TABLE, *WORDS]]
    used = {name for item in items for name in _modifiers(item)}
    aliases = {"ignorecase": "i", "multiline": "m", "dotall": "s"}
    assert {aliases.get(name, name) for name in modifier_mapping} <= used
    assert set(MODIFIERS) <= set(modifier_mapping)


def _modifiers(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for each in value for name in _modifiers(each)}
    if not isinstance(value, dict):
        return set()
    own = {name for key in value for name in str(key).split("|")[1:]}
    return own | {name for each in value.values() for name in _modifiers(each)}


VALUES = [
    "a",
    "B",
    "ab",
    "a*b",
    "a?c",
    r"\*",
    r"x\?",
    "*",
    "",
    '"',
    "a b",
    "\n",
    "5",
    "ü",
    r"\\*",
    r"a\\*b",
]
TEXTS = [
    "a",
    "A",
    "b",
    "ab",
    "aXb",
    "axc",
    "*",
    "x?",
    "",
    '"',
    "a b",
    "\n",
    "5",
    "Ü",
    "\\",
    "\\z",
    "a\\b",
    "a*b",
]
KEYS = ["{}", "{}|contains", "{}|startswith", "{}|endswith", "{}|cased", "{}|contains|all"]
OTHERS = [
    ("{}|re", ["a.b", "^a", "[bB]$"]),
    ("{}|re|i|s", ["a.b", "^A"]),
    ("{}|gt", [4, 5]),
    ("{}|neq", [5, "a"]),
    ("{}|exists", [True, False]),
    ("{}|fieldref", ["h"]),
    ("{}|fieldref|startswith", ["h"]),
    ("{}|windash|contains", ["-a"]),
    ("{}|cidr", ["10.0.0.0/8"]),
    ("{}", [None, 5, True, 1.5]),
]
CONDITIONS = [
    "s and t",
    "s or t",
    "s and not t",
    "not s or not t",
    "not (s or t)",
    "not (s and not t)",
    "not not s and u",
    "(s or t) and not (u or s)",
    "1 of them",
    "all of them",
    "s or (t or (u and not s))",
]


@pytest.mark.parametrize("seed", range(40))
def test_random_detections(seed: int) -> None:
    random = Random(f"words-{seed}")
    for _ in range(15):
        detection: dict[str, Any] = {name: _selection(random) for name in "stu"}
        detection["condition"] = random.choice(CONDITIONS)
        plan = search(detection)
        wanted, found = compile_detection(plan.condition), reading(plan)
        for _ in range(30):
            event = {
                name: random.choice([*TEXTS, 5, 4, True, None, "10.1.1.1"])
                for name in ("f", "g", "h")
                if random.random() < 0.8
            }
            words = lines(detection_words(plan.condition), Shown(True))
            assert found(event) is wanted(event), (detection, event, words)


def _selection(random: Random) -> Any:
    draw = random.random()
    if draw < 0.1:
        return random.sample(["a", "B", "a*b", 5], random.randint(1, 3))
    if draw < 0.2:
        return [_map(random), _map(random)]
    return _map(random)


def _map(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in random.sample("fg", random.randint(1, 2)):
        if random.random() < 0.3:
            key, values = random.choice(OTHERS)
            found[key.format(name)] = random.choice(values)
            continue
        key = random.choice(KEYS)
        count = 2 if "all" in key else random.randint(1, 3)
        found[key.format(name)] = random.sample(VALUES, count)
    return found


def test_no_words_without_a_meaning() -> None:
    from sigma.rule import SigmaRule

    sigma = SigmaRule.from_dict(rule({"s": [True], "condition": "s"}))
    with pytest.raises(Refusal) as refused:
        detection_words(sigma.detection.parsed_condition[0].parsed)
    assert refused.value.diagnostic.code == "TRI302"
