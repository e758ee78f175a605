"""Entities and levels as Enterprise Security's risk objects, threat objects, notables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.translator.artifacts.splunk.deployed import codes, deployed, one, rule
from trident.app.artifacts.metadata import LEVELS, entity_types
from trident.app.artifacts.splunk import app
from trident.app.artifacts.splunk.data import table
from trident.app.artifacts.splunk.rba import assess, domain

RISK = {"system", "user", "other"}


def test_the_table_knows_only_entities_that_there_are() -> None:
    for kind, identifiers in table("splunk")["entities"].items():
        assert set(identifiers) <= set(entity_types()[kind])
        for each in identifiers.values():
            role, _, place = each.partition(".")
            assert (role, place in RISK) in (("risk", True), ("threat", False))
    assert set(table("splunk")["levels"]) == set(LEVELS)


LEVEL_CASES = [
    ("informational", "Hunting", 20, False, False),
    ("low", "Hunting", 40, False, False),
    ("medium", "Anomaly", 60, True, False),
    ("high", "TTP", 80, True, True),
    ("critical", "TTP", 100, True, True),
]


@pytest.mark.parametrize(("level", "kind", "score", "risk", "notable"), LEVEL_CASES)
def test_levels(
    tmp_path: Path, level: str, kind: str, score: int, risk: bool, notable: bool
) -> None:
    (tmp_path / "rule.yml").write_text(rule().replace("level: high", f"level: {level}"))
    found = assess(one(deployed(tmp_path)))
    assert (found.type, found.score, found.severity) == (kind, score, level)
    assert (found.adds_risk, found.is_notable) == (risk, notable)
    (artifact,) = (a for a in app(deployed(tmp_path)).artifacts if "saved" in a.path)
    assert ("action.risk = 1" in artifact.text) is risk
    assert ("action.notable = 1" in artifact.text) is notable


CASES = [
    # why, entities, risk objects, threat objects (column and type)
    (
        "usual ones of a rule that names none",
        "",
        [("Computer", "system"), ("User", "user")],
        [("CommandLine", "process")],
    ),
    (
        "one risk object per entity, by the first identifier of the table",
        "[{type: Account, FullName: User, Name: ParentUser}]",
        [("ParentUser", "user")],
        [],
    ),
    (
        "every identifier of a threat",
        "[{type: Host, FullName: Computer}, {type: File, Name: FileName, Directory: Image}]",
        [("Computer", "system")],
        [("FileName", "file_name"), ("Image", "file_path")],
    ),
    (
        "threats alone: the first is what the risk goes to",
        "[{type: File, Name: FileName}, {type: Process, CommandLine: CommandLine}]",
        [("FileName", "other")],
        [("CommandLine", "process")],
    ),
    (
        "identifiers that name nothing by themselves",
        "[{type: Process, ProcessId: ProcessId}]",
        [],
        [],
    ),
]


@pytest.mark.parametrize(
    ("why", "entities", "risk", "threats"), CASES, ids=[case[0] for case in CASES]
)
def test_entities(
    tmp_path: Path,
    why: str,
    entities: str,
    risk: list[tuple[str, str]],
    threats: list[tuple[str, str]],
) -> None:
    more = "fields: [Computer, User]\n"
    if entities:
        more += f"trident: {{risk_score: 7, entities: {entities}}}\n"
    (tmp_path / "rule.yml").write_text(rule(more=more))
    found = assess(one(deployed(tmp_path)))
    assert [(each.column, each.type) for each in found.risk] == risk
    assert [(each.column, each.type) for each in found.threats] == threats
    assert found.adds_risk is bool(risk)
    written = json.loads(found.as_json())
    assert [each for each in written if "risk_score" in each] == [
        {"risk_object_field": c, "risk_object_type": t, "risk_score": 7 if entities else 80}
        for c, t in risk
    ]
    assert len(written) == len(risk) + len(threats)


def test_native_names_of_whole_records(tmp_path: Path) -> None:
    """A rule without `fields` shows the records as they are."""
    (tmp_path / "rule.yml").write_text(rule())
    found = assess(one(deployed(tmp_path)))
    assert found.risk[0].column == "properties.DeviceName"
    assert found.message.startswith("Base: Computer $properties.DeviceName$")


def test_an_entity_without_column_is_reported(tmp_path: Path) -> None:
    more = "fields: [Computer]\ntrident: {entities: [{type: Host, FullName: NoField}]}\n"
    (tmp_path / "rule.yml").write_text(rule(more=more))
    assert codes(app(deployed(tmp_path))) == ["TRI736"]


SOURCES = [
    ({"category": "process_creation", "product": "windows"}, ("endpoint", "Endpoint")),
    ({"category": "proxy"}, ("network", "Web Proxy")),
    ({"product": "windows", "service": "security"}, ("access", "Windows")),
    ({"product": "aws", "service": "cloudtrail"}, ("threat", "AWS Account")),
]


@pytest.mark.parametrize(("source", "wanted"), SOURCES)
def test_domains(tmp_path: Path, source: dict[str, str], wanted: tuple[str, str]) -> None:
    document = yaml.safe_load(rule())
    document["logsource"] = source
    document["detection"]["selection"] = {"EventID": 1} if "service" in source else {"c-uri": "x"}
    if source.get("category") == "process_creation":
        document["detection"]["selection"] = {"CommandLine": "x"}
    if source.get("product") == "aws":
        document["detection"]["selection"] = {"eventName": "x"}
    (tmp_path / "rule.yml").write_text(yaml.safe_dump(document))
    assert tuple(domain(one(deployed(tmp_path)))) == wanted


MIXED = {"dropped_then_run": ("endpoint", "Endpoint"), "new_country_for_user": ("identity",)}


def test_a_correlation_has_the_domain_of_its_rules(root: Path) -> None:
    found = {each.stem: tuple(domain(each)) for each in deployed(root / "rules" / "examples")}
    for name, wanted in MIXED.items():
        assert found[name][: len(wanted)] == wanted


def test_a_correlation_over_several_domains(tmp_path: Path) -> None:
    proxy = rule().replace("name: base", "name: proxy").replace("0a6be1a1", "1a6be1a1")
    proxy = proxy.replace("category: process_creation, product: windows", "category: proxy")
    proxy = proxy.replace("CommandLine|contains", "c-uri|contains")
    both = (
        "title: Both\nid: 2a6be1a1-5f6d-4b1b-9d3a-7f3a2c1d0e5f\nname: both\ncorrelation:\n"
        "  type: temporal\n  rules: [base, proxy]\n  timespan: 5m\n"
    )
    (tmp_path / "rule.yml").write_text("---\n".join([rule(), proxy, both]))
    assert tuple(domain(one(deployed(tmp_path)))) == ("threat", "Infrastructure")
