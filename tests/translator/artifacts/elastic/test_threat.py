"""ATT&CK tags as Elastic's threat: which technique stands below which tactic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.translator.artifacts.elastic.conftest import build
from tests.translator.conftest import hunt, write
from trident.app.artifacts.elastic.threat import threat
from trident.base.diagnostics import Severity

Tree = dict[str, dict[str, list[str]]]


def tree(entries: list[Any]) -> Tree:
    """Ids: tactic, techniques, sub-techniques."""
    return {
        entry["tactic"]["id"]: {
            technique["id"]: [sub["id"] for sub in technique.get("subtechnique", ())]
            for technique in entry.get("technique", ())
        }
        for entry in entries
    }


CASES: list[tuple[list[str], list[str], Tree, str]] = [
    ([], [], {}, "nothing"),
    (["exfiltration"], [], {"TA0010": {}}, "a tactic alone"),
    (["exfiltration"], ["T1567"], {"TA0010": {"T1567": []}}, "the technique serves it"),
    (
        ["initial-access", "command-and-control"],
        ["T1001.002"],
        {"TA0001": {}, "TA0011": {"T1001": ["T1001.002"]}},
        "below the one that it serves, in its technique",
    ),
    (["initial-access"], ["T1567"], {"TA0001": {}, "TA0010": {"T1567": []}}, "its own tactic"),
    (
        [],
        ["T1053"],
        {"TA0002": {"T1053": []}, "TA0003": {"T1053": []}, "TA0004": {"T1053": []}},
        "",
    ),
    (
        ["execution"],
        ["T1053"],
        {"TA0002": {"T1053": []}},
        "of several, the one that the rule names",
    ),
    (
        ["command-and-control"],
        ["T1001", "T1001.001", "T1001.002"],
        {"TA0011": {"T1001": ["T1001.001", "T1001.002"]}},
        "one entry",
    ),
    (["defense-evasion"], ["T1685"], {"TA0112": {"T1685": []}}, "a split tactic: the part served"),
    (["defense-evasion"], [], {"TA0005": {}, "TA0112": {}}, "a split tactic: both parts"),
]


@pytest.mark.parametrize(("tactics", "techniques", "wanted", "why"), CASES)
def test_threat(tactics: list[str], techniques: list[str], wanted: Tree, why: str) -> None:
    entries, unknown = threat(tactics, techniques)
    assert tree(entries) == wanted, why
    assert unknown == []


def test_names_and_references() -> None:
    (entry,), _ = threat(["command-and-control"], ["T1001.002"])
    assert entry["tactic"]["name"] == "Command and Control"
    assert entry["technique"][0]["name"] == "Data Obfuscation"
    (sub,) = entry["technique"][0]["subtechnique"]
    assert sub["reference"] == "https://attack.mitre.org/techniques/T1001/002/"


def test_an_unknown_technique_is_reported(tmp_path: Path) -> None:
    tags = "tags: [attack.execution, attack.t9999, cve.2026-1, attack.nonsense]\n"
    built = build(write(tmp_path, rule=hunt() + tags))
    (rule,) = built.rules("eql/integrations")
    assert tree(rule["threat"]) == {"TA0002": {}}
    assert rule["tags"] == ["cve.2026-1", "attack.nonsense"], "no tag is lost"
    (found,) = {each for each in built.diagnostics if each.code == "TRI751"}
    assert "T9999" in found.message
    assert found.severity is Severity.WARNING
