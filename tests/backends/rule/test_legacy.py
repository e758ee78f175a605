"""The syntax before correlations is refused with the modern form of the rule (legacy.yml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from trident.app.input.load import load
from trident.base.diagnostics import Diagnostic
from trident.rule.legacy import modern, place
from trident.rule.planner import Planned, plan_all
from trident.rule.rules import Document, Ruleset

TABLE = yaml.safe_load(Path(__file__).with_name("legacy.yml").read_text("utf-8"))
ITEMS = {name: {"tag|contains": name} for name in ("sel", "other", "third")}
BASES = [
    {
        "title": name,
        "name": name,
        "logsource": {"category": "test"},
        "detection": {"s": {"tag": name}, "condition": "s"},
    }
    for name in "ab"
]
TRIGGER = ("type", "group-by", "condition")


def document(case: dict[str, Any], timeframe: str | None = "10m") -> dict[str, Any]:
    if "correlation" in case:
        written = {**case["correlation"], "rules": ["a", "b"], "timespan": "10m"}
        return {"title": "A rule", "level": "high", "correlation": written}
    detection = {**ITEMS, "condition": case["condition"]}
    if timeframe:
        detection["timeframe"] = timeframe
    return {
        "title": "A rule",
        "level": "high",
        "logsource": {"category": "test"},
        "detection": detection,
    }


def planned(documents: list[dict[str, Any]]) -> tuple[list[Diagnostic], list[Planned]]:
    ruleset = Ruleset.from_documents([Document(each) for each in documents])
    every = plan_all(ruleset)
    return [*ruleset.diagnostics, *(f for each in every for f in each.diagnostics)], every


@pytest.mark.parametrize("case", TABLE, ids=lambda case: str(case.get("condition") or case))
def test_form(case: dict[str, Any]) -> None:
    data = document(case)
    (finding,), _ = planned([*BASES, data])
    assert finding.code == "TRI116"
    rule = modern(data)
    if case["modern"] is None:
        assert rule is None
        assert not finding.remedy
        return
    assert rule is not None
    assert finding.remedy == rule.text()
    written = rule.documents[-1]
    shown = {key: value for key, value in written["correlation"].items() if key in TRIGGER}
    assert shown == case["modern"]
    assert written["correlation"]["timespan"] == "10m"
    assert written["level"] == "high"
    found, every = planned([*BASES, *rule.documents])
    assert not found
    assert every[-1].plan is not None
    assert [each["title"] for each in yaml.safe_load_all(rule.text()) if "title" in each] == [
        "A rule"
    ]


def test_the_searches_of_a_near_stand_alone() -> None:
    rule = modern(document({"condition": "sel | near other"}))
    assert rule is not None
    first, second, correlation = rule.documents
    assert first["detection"] == {"sel": ITEMS["sel"], "condition": "sel"}
    assert second["detection"] == {"other": ITEMS["other"], "condition": "other"}
    assert correlation["correlation"]["rules"] == [first["name"], second["name"]]


def test_a_timespan_that_the_rule_does_not_give_is_the_authors() -> None:
    data = document({"condition": "sel | count() > 5"}, timeframe=None)
    (finding,), _ = planned([data])
    assert "timespan of your own" in finding.hint


def test_the_finding_points_at_the_key(tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    for key, case in (("condition:", TABLE[0]), ("ordered:", TABLE[-4]), ("type:", TABLE[-2])):
        file.write_text(yaml.safe_dump(document(case), sort_keys=False), "utf-8")
        ruleset = Ruleset.from_documents(load([str(file)]).documents)
        (finding,) = ruleset.diagnostics
        assert key in file.read_text("utf-8").splitlines()[finding.span.line - 1]


def test_a_hostile_condition_is_answered_at_once() -> None:
    for text in (
        "count(" + " " * 200_000,
        "count() by " + " " * 200_000,
        "near a and" + " " * 200_000,
    ):
        assert modern(document({"condition": f"sel | {text}"})) is None


def test_todays_syntax_is_none_of_it() -> None:
    for each in BASES:
        assert place(each) is None
