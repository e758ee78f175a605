"""Every limit, at it and one over; what is over is reported, never written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.translator.artifacts.splunk.deployed import codes, deployed, rule
from trident.app.artifacts import splunk
from trident.app.artifacts.splunk.data import table
from trident.app.artifacts.splunk.limits import App, Detection, SavedSearch
from trident.base.diagnostics import Severity, TridentError

SOUND: dict[str, tuple[Any, dict[str, Any]]] = {
    "app": (App, {"id": "a", "label": "Label", "version": "1.0.0"}),
    "saved_search": (
        SavedSearch,
        {"stanza": "s", "cron_schedule": "* * * * *", "risk_score": 1, "settings": {}},
    ),
    "detection": (
        Detection,
        {
            "name": "n",
            "stanza": "s",
            "id": "0a6be1a1-5f6d-4b1b-9d3a-7f3a2c1d0e5f",
            "date": "2026-01-01",
            "author": "a",
            "description": "d",
            "known_false_positives": "none",
            "risk_score": 1,
            "content": {},
        },
    ),
}

CASES: list[tuple[str, str, list[Any], list[Any]]] = [
    ("app", "id", ["trident_app-1"], ["", "a b", "../x", "a\n"]),
    ("app", "label", ["x" * 5, "x" * 80], ["x" * 4, "x" * 81, "x] [default", "x\ny\nz"]),
    ("app", "version", ["1.0.0", "10.2.3-beta1"], ["1.0", "1.0.0\n", "v1.0.0"]),
    ("saved_search", "stanza", ["x" * 99], ["x" * 100]),
    ("saved_search", "risk_score", [0, 100], [-1, 101]),
    (
        "saved_search",
        "cron_schedule",
        ["* * * * *", "0,30 1,13 * * 6"],
        ["@hourly", "* * * * 7", "0 0 1 * *", "*/5 * * * *"],
    ),
    ("detection", "name", ["x", "x" * 67], ["", "x" * 68]),
    ("detection", "stanza", ["x" * 81], ["x" * 82]),
    ("detection", "id", [], ["x", "0a6be1a1-5f6d-4b1b-9d3a-7f3a2c1d0e5"]),
    ("detection", "date", ["1970-01-01"], ["2026/01/01", "", "2026-1-1"]),
    ("detection", "author", ["", "x" * 255], ["x" * 256]),
    ("detection", "description", ["x" * 10000], ["x" * 10001]),
    ("detection", "known_false_positives", ["abcd"], ["abc"]),
    ("detection", "risk_score", [1, 100], [0, 101]),
]


def test_every_limit_has_a_case() -> None:
    limits = {(section, name) for section, given in table("limits").items() for name in given}
    assert {(section, name) for section, name, _, _ in CASES} == limits
    assert all(
        {"source", "way_out"} < set(limit)
        for given in table("limits").values()
        for limit in given.values()
    )


@pytest.mark.parametrize(("section", "name", "sound", "over"), CASES)
def test_at_and_over(section: str, name: str, sound: list[Any], over: list[Any]) -> None:
    make, given = SOUND[section]
    for each in sound:
        make(**{**given, name: each})
    for each in over:
        with pytest.raises(TridentError) as found:
            make(**{**given, name: each})
        diagnostic = found.value.diagnostic
        severity = Severity.ERROR if section == "app" else Severity.REFUSED
        assert (diagnostic.code, diagnostic.severity) == ("TRI730", severity)
        assert name in diagnostic.message
        assert diagnostic.hint == table("limits")[section][name]["way_out"]


RULES = [
    ("title at contentctl's limit", rule(title="x" * 64), [], []),
    ("title one over it", rule(title="x" * 65), [], ["TRI730"]),
    ("title at the app's limit", rule(title="x" * 82), [], ["TRI730"]),
    ("title one over both", rule(title="x" * 83), ["TRI730"], ["TRI730"]),
    (
        "no risk, which contentctl does not take",
        rule(more="trident: {risk_score: 0}\n"),
        [],
        ["TRI730"],
    ),
    ("description one over", rule(description="x" * 10001), [], ["TRI730"]),
]


@pytest.mark.parametrize(("why", "text", "app", "detection"), RULES, ids=[r[0] for r in RULES])
def test_rules(tmp_path: Path, why: str, text: str, app: list[str], detection: list[str]) -> None:
    (tmp_path / "rule.yml").write_text(text)
    found = deployed(tmp_path)
    made, detections = splunk.app(found), splunk.contentctl(found)
    assert (codes(made), codes(detections)) == (app, detection)
    assert bool(made.artifacts) == (not app)
    assert bool(detections.artifacts) == (not detection)


def test_a_wrong_app_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule())
    found = deployed(tmp_path, app={"id": "../../etc"})
    assert codes(splunk.app(found)) == ["TRI730"]
    assert not splunk.app(found).artifacts
    assert not splunk.contentctl(found).artifacts
