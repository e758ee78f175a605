"""What is said of when a correlation fires, held against the evaluator on events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.features import feature_rules
from tests.support.generate import BASES, NOW, TEXTS, base_rule, plan_documents
from trident.app.explain.meaning import meanings
from trident.app.explain.printed import explanation
from trident.app.explain.triggers import alert, fires, refers, shows
from trident.app.explain.values import Shown, duration, ordinal
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.result.capabilities import FEATURES
from trident.rule.plan import Correlation

CASES = yaml.safe_load(Path(__file__).with_name("triggers.yml").read_text("utf-8"))


def planned(case: dict[str, Any]) -> Correlation:
    outer = {"title": "outer", "name": "outer", "correlation": case["correlation"]}
    if "trident" in case:
        outer["trident"] = case["trident"]
    plan = plan_documents((*map(base_rule, BASES), outer))
    assert isinstance(plan, Correlation)
    return plan


def event(seconds: float, base: str, fields: dict[str, Any] | None = None) -> Event:
    source = BASES[base][0]
    return Event(NOW - round(seconds * SECOND), source, {TEXTS[source][0]: base, **(fields or {})})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_said_and_done(case: dict[str, Any]) -> None:
    plan = planned(case)
    assert case["says"] in " ".join(fires(plan))
    events = sorted((event(*given) for given in case["events"]), key=lambda each: each.time)
    found = {alert.time for alert in evaluate(plan, events, NOW)}
    assert found == {NOW - round(seconds * SECOND) for seconds in case["alerts"]}


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_has_words(feature: str) -> None:
    for documents in feature_rules(feature):
        plan = plan_documents(documents)
        text = explanation(meanings(plan, lambda _: lambda _: None, Shown()), [], Shown())
        for slip in (" at 0x", "backends.", "Sigma", "None", "()", "  .", "{", "}"):
            assert slip not in text, text
        for line in text.splitlines():
            assert len(line) <= 100


def test_every_rule_and_number_is_said() -> None:
    """No sentence is left out for a kind of trigger."""
    for case in CASES:
        said = " ".join(fires(planned(case)))
        for reference in case["correlation"]["rules"]:
            assert reference in said
        for name in case["correlation"].get("group-by", ()):
            assert name in said


def test_chained() -> None:
    (documents,) = feature_rules("chained")
    plan = plan_documents(documents)
    assert isinstance(plan, Correlation)
    assert list(refers(plan)) == [
        "A match of inner is one of its alerts: it has the time at which that rule fired, and its "
        "fields are Computer."
    ]


def test_alert_and_columns() -> None:
    case = {
        "correlation": {
            "type": "temporal_ordered",
            "rules": ["alpha", "gamma"],
            "group-by": ["Computer", "User"],
            "timespan": "90s",
        },
        "trident": {
            "columns": {
                "Started": {"stage": 1},
                "Name": {"stage": 2, "field": "FileName", "after_last": "\\"},
            }
        },
    }
    plan = planned(case)
    assert next(alert(plan)).startswith("One alert is one Computer and User at one time")
    assert list(shows(("a", "b"), plan.columns)) == [
        "The fields a and b.",
        "Started: the time of stage 1.",
        'Name: the text after the last "\\" in FileName of stage 2.',
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 second"),
        (90, "90 seconds"),
        (1800, "30 minutes"),
        (5400, "90 minutes"),
        (86_400, "1 day"),
        (129_600, "36 hours"),
        (604_800, "7 days"),
    ],
)
def test_durations(seconds: int, said: str) -> None:
    assert duration(seconds) == said


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 95, 100)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "95th", "100th",
    ]  # fmt: skip
