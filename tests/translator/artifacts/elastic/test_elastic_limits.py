"""Each of Elastic's limits: a rule at it, and one over it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.translator.artifacts.elastic.conftest import build
from tests.translator.conftest import hunt, write
from trident.app.artifacts.elastic import model
from trident.app.artifacts.elastic.model import ElasticRule, limits
from trident.base.diagnostics import Severity, TridentError

SITE = "https://attack.mitre.org"


def valid(language: str = "eql") -> dict[str, Any]:
    """A rule within every limit, with every field."""
    return {
        "rule_id": "c7ee82f2-9b40-5cbc-a78a-940e5df01b42",
        "name": "A rule",
        "description": "What it finds",
        "author": [],
        "type": language,
        "language": language,
        "query": "any where true",
        "severity": "low",
        "risk_score": 21,
        "interval": "1h",
        "from_": "now-2h",
        "to": "now",
        "max_signals": 100,
        "index": ["logs-*"],
        "threat": [
            {
                "framework": "MITRE ATT&CK",
                "tactic": {"id": "TA0011", "name": "C2", "reference": f"{SITE}/tactics/TA0011/"},
                "technique": [
                    {
                        "id": "T1001",
                        "name": "Data Obfuscation",
                        "reference": f"{SITE}/techniques/T1001/",
                        "subtechnique": [
                            {
                                "id": "T1001.002",
                                "name": "Steganography",
                                "reference": f"{SITE}/techniques/T1001/002/",
                            }
                        ],
                    }
                ],
            }
        ],
        "alert_suppression": {
            "group_by": ["a"],
            "duration": {"value": 1, "unit": "m"},
            "missing_fields_strategy": "suppress",
        },
        "investigation_fields": {"field_names": ["a"]},
        "related_integrations": [{"package": "cef", "version": "*"}],
        "required_fields": [{"name": "a", "type": "keyword"}],
    }


TECHNIQUE = ("threat", 0, "technique", 0)
SUB = (*TECHNIQUE, "subtechnique", 0)

# Where, a value at the limit, one over it.
CASES: dict[str, tuple[tuple[str | int, ...], Any, Any]] = {
    "name": (("name",), "a", ""),
    "description": (("description",), "a", ""),
    "rule_id": (("rule_id",), "c7ee82f2-9b40-5cbc-a78a-940e5df01b42", "c7ee82f2-9b40-5cbc-a78a"),
    "version": (("version",), 1, 0),
    "risk_score least": (("risk_score",), 0, -1),
    "risk_score most": (("risk_score",), 100, 101),
    "severity": (("severity",), "critical", "informational"),
    "interval": (("interval",), "1s", "1w"),
    "interval zero": (("interval",), "1d", "0m"),
    "from": (("from_",), "now-1s", "now-0s"),
    "to": (("to",), "now-5m", "now+5m"),
    "max_signals": (("max_signals",), 1, 0),
    "index": (("index",), ["a"], []),
    "query least": (("query",), "a", ""),
    "threat.tactic.id": (("threat", 0, "tactic", "id"), "TA0001", "TA1"),
    "threat.tactic.reference": (
        ("threat", 0, "tactic", "reference"),
        f"{SITE}/tactics/TA0001/",
        f"{SITE}/tactics/TA0001",
    ),
    "threat.technique.id": ((*TECHNIQUE, "id"), "T1567", "T1567.001"),
    "threat.technique.reference": (
        (*TECHNIQUE, "reference"),
        f"{SITE}/techniques/T1567/",
        f"{SITE}/techniques/T1567/001/",
    ),
    "threat.technique.subtechnique.id": ((*SUB, "id"), "T1567.001", "T1567"),
    "threat.technique.subtechnique.reference": (
        (*SUB, "reference"),
        f"{SITE}/techniques/T1567/001/",
        f"{SITE}/techniques/T1567/",
    ),
    "alert_suppression.group_by most": (
        ("alert_suppression", "group_by"),
        ["a", "b", "c"],
        ["a", "b", "c", "d"],
    ),
    "alert_suppression.group_by least": (("alert_suppression", "group_by"), ["a"], []),
    "alert_suppression.duration.value": (("alert_suppression", "duration", "value"), 1, 0),
    "alert_suppression.duration.unit": (("alert_suppression", "duration", "unit"), "h", "d"),
    "alert_suppression.missing_fields_strategy": (
        ("alert_suppression", "missing_fields_strategy"),
        "doNotSuppress",
        "drop",
    ),
    "investigation_fields.field_names": (("investigation_fields", "field_names"), ["a"], []),
    "related_integrations.package": (("related_integrations", 0, "package"), "a", ""),
    "required_fields.name": (("required_fields", 0, "name"), "a", ""),
}


def with_value(path: tuple[str | int, ...], value: Any, language: str = "eql") -> ElasticRule:
    """The valid rule with another value at a path."""
    content = copy.deepcopy(valid(language))
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return ElasticRule(**content)


@pytest.mark.parametrize("case", CASES)
def test_at_and_over(case: str) -> None:
    path, inside, outside = CASES[case]
    assert with_value(path, inside).to_dict()
    with pytest.raises(TridentError) as caught:
        with_value(path, outside).to_dict()
    found = caught.value.diagnostic
    assert (found.code, found.severity) == ("TRI750", Severity.REFUSED)
    assert f"Elastic's {case.split()[0]}: " in found.message


def test_a_query_of_esql_has_a_length() -> None:
    longest = "x" * 1_000_000
    assert with_value(("query",), longest, "esql").to_dict()
    assert with_value(("query",), longest + "x", "eql").to_dict(), "a limit of ES|QL's parser"
    with pytest.raises(TridentError, match="1000001 characters where 1000000 is the most"):
        with_value(("query",), longest + "x", "esql").to_dict()


def test_every_limit_is_tested() -> None:
    tested = {case.split()[0] for case in CASES}
    assert {limit.at for limit in limits()} == tested
    assert all(limit.source for limit in limits())


def test_a_rule_over_a_limit_is_no_artifact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    low = model.Limit("query", "a test", most=100, type="esql")
    monkeypatch.setattr(model, "limits", lambda: (low,))
    built = build(write(tmp_path, rule=hunt()))
    assert not [path for path in built.files if path.startswith("esql") and "rules" in path]
    assert built.rules("eql/integrations")
    (found, *_) = (each for each in built.diagnostics if each.code == "TRI750")
    assert found.severity is Severity.REFUSED
    assert found.span.file.endswith("rule.yml")
    assert found.hint
