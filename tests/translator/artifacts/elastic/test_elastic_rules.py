"""Elastic's files of the shipped rules, read back by other parsers; the hunts field by field."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.translator.artifacts.elastic.conftest import Built, build
from tests.translator.conftest import hunt, together, write
from trident.app.artifacts.elastic.guide import aggregates
from trident.app.input.config import Config
from trident.rule.plan import Run
from trident.rule.raw import timespan

PLACES = ("eql/integrations", "eql/sysmon", "esql/integrations", "esql/sysmon")
STEG, JPEG = "Steganography Tool Followed by Webmail", "Abnormally Large JPEG File Downloaded"


def rule(built: Built, place: str, name: str) -> dict[str, Any]:
    """The rule of a profile whose name begins so."""
    (found,) = (each for each in built.rules(place) if each["name"].startswith(name))
    return found


@pytest.mark.parametrize("place", PLACES)
def test_the_import_file(shipped: Built, place: str) -> None:
    *rules, details = map(json.loads, shipped.files[f"{place}/rules.ndjson"].splitlines())
    assert details["exported_rules_count"] == details["exported_count"] == len(rules) > 10
    for each in rules:
        assert each["type"] == each["language"] == place.split("/")[0]
        assert ("index" in each) == (each["type"] == "eql")


@pytest.mark.parametrize("place", PLACES)
def test_a_rule_file_is_the_rule(shipped: Built, place: str) -> None:
    rules = {each["rule_id"]: each for each in shipped.rules(place)}
    for path, text in shipped.files.items():
        if path.startswith(f"{place}/rules/"):
            file = tomllib.loads(text)
            whole = rules.pop(file["rule"]["rule_id"])
            # The detection-rules repository's own build adds these two.
            assert whole.pop("required_fields")
            packages = [each["package"] for each in whole.pop("related_integrations")]
            assert file["rule"] == whole
            assert file["metadata"]["integration"] == packages
            assert file["metadata"]["creation_date"] == "2026/11/21"
            assert file["metadata"]["maturity"] == "experimental"
            stack = "9.4.0" if whole["type"] == "esql" else None
            assert file["metadata"].get("min_stack_version") == stack
    assert rules == {}


def test_each_rule_has_its_own_id(shipped: Built) -> None:
    ids = [each["rule_id"] for place in PLACES for each in shipped.rules(place)]
    assert len(set(ids)) == len(ids)
    assert all(UUID(each).version == 5 for each in ids)


HUNTS: list[tuple[str, str, str, Any, str]] = [
    ("eql", STEG, "rule_id", "c7ee82f2-9b40-5cbc-a78a-940e5df01b42", "the same in every build"),
    ("eql", STEG, "index", ["logs-m365_defender.event-*"], ""),
    ("eql", STEG, "interval", "1h", ""),
    ("eql", STEG, "from", "now-96m", "1 h + 30 m timespan + 5 m delay + 1 m overlap"),
    ("eql", STEG, "to", "now-5m", "EQL is as of the delay by what it reads"),
    ("eql", STEG, "severity", "medium", ""),
    ("eql", STEG, "risk_score", 47, ""),
    ("eql", STEG, "alert_suppression", None, "Kibana knows an alert by its events"),
    (
        "eql",
        STEG,
        "investigation_fields",
        {
            "field_names": [
                "host.name",
                "m365_defender.event.initiating_process.account_name",
                "m365_defender.event.remote.url",
                "process.name",
                "file.name",
            ]
        },
        "the tool's record is a process or a file",
    ),
    ("esql", STEG, "from", "now-96m", ""),
    ("esql", STEG, "to", "now", "the query bounds itself"),
    (
        "esql",
        STEG,
        "alert_suppression",
        {
            "group_by": ["@timestamp", "host.name"],
            "duration": {"value": 62, "unit": "m"},
            "missing_fields_strategy": "doNotSuppress",
        },
        "what identifies an alert, for as long as another run can find it",
    ),
    ("esql", JPEG, "from", "now-10085m", "the history's 7 days + 5 m delay"),
    ("esql", JPEG, "alert_suppression", None, "each row is a document"),
    ("esql", JPEG, "related_integrations", [{"package": "cef", "version": "*"}], ""),
]


@pytest.mark.parametrize(("target", "name", "key", "wanted", "why"), HUNTS)
def test_the_hunts(shipped: Built, target: str, name: str, key: str, wanted: Any, why: str) -> None:
    assert rule(shipped, f"{target}/integrations", name).get(key) == wanted, why


def test_a_baseline_hunt_in_eql_is_no_rule(shipped: Built) -> None:
    """Its query has parameters, which no schedule fills."""
    assert not [each for each in shipped.rules("eql/integrations") if each["name"].startswith(JPEG)]


def test_required_fields(shipped: Built) -> None:
    found = rule(shipped, "eql/integrations", STEG)["required_fields"]
    types = {each["name"]: each["type"] for each in found}
    assert types["process.command_line"] == "wildcard"
    assert types["host.name"] == "keyword"
    assert types["event.category"] == "keyword", "the selection of the data set"


def test_a_rule_of_several_queries(tmp_path: Path) -> None:
    built = build(write(tmp_path, rule=together("one", "two")))
    found = built.rules("eql/integrations")
    assert [each["name"][-8:] for each in found] == [" (1 of 2)"[-8:], " (2 of 2)"[-8:]]
    assert len({each["query"] for each in found}) == len({each["rule_id"] for each in found}) == 2
    assert all("TRI760" in each["note"] for each in found)
    assert {"both.toml", "both.2.toml"} == {
        path.split("/")[-1] for path in built.files if path.startswith("eql/integrations/rules/")
    }


FOUR_KEYS = hunt().replace("[Computer]", "[Computer, User, Image]").replace("gte: 1", "gte: 2")


def test_more_group_keys_than_suppression_takes(tmp_path: Path) -> None:
    built = build(write(tmp_path, rule=FOUR_KEYS))
    (found,) = built.rules("esql/integrations")
    assert aggregates(found["query"])
    assert "alert_suppression" not in found
    assert "TRI763" in found["note"]


def test_documents_are_told_apart_by_kibana(shipped: Built) -> None:
    """A rule without alert suppression keeps what Kibana tells documents apart by, or says so."""
    for place in ("esql/integrations", "esql/sysmon"):
        for each in shipped.rules(place):
            kept = "METADATA _id, _version, _index" in each["query"]
            assert kept != aggregates(each["query"])
            assert kept != ("alert_suppression" in each or "TRI763" in each["note"])


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1s"), (90, "90s"), (60, "1m"), (5400, "90m"), (7200, "2h")]
)
def test_duration(seconds: int, text: str) -> None:
    assert timespan(seconds) == text


def test_days_are_hours_where_there_are_none() -> None:
    assert timespan(86_400) == "1d"
    assert timespan(86_400, "hms") == "24h"


def test_schedule_and_author_of_the_configuration(tmp_path: Path) -> None:
    config = Config(author="Blue Team", run=Run(600, 0))
    built = build(write(tmp_path, rule=hunt()), config)
    (found,) = built.rules("eql/integrations")
    assert found["author"] == ["Blue Team"]
    assert (found["interval"], found["to"]) == ("10m", "now")
    assert found["from"] == "now-16m"
