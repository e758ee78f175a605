"""ARM templates: Microsoft's own models take them, and no text in them is an expression."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.translator.artifacts.sentinel.deployed import (
    artifact,
    counted,
    deployed,
    made,
    only,
    rule,
)
from trident.app.artifacts.arm import literal

LITERALS = [
    ("[concat('a', 'b')]", "[[concat('a', 'b')]"),
    ("[parameters('workspace')]", "[[parameters('workspace')]"),
    ("[[x]", "[[[x]"),
    ("  [x]\n", "[[x]"),
    ("[]", "[[]"),
    ("[", "["),
    ("[x] y", "[x] y"),
    ("x [y]", "x [y]"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "written"), LITERALS)
def test_literals(text: str, written: str) -> None:
    assert literal(text) == written
    assert literal([{"a": text}]) == [{"a": written}]
    assert evaluated(written) == text.strip()


def evaluated(text: str) -> str:
    """What Azure Resource Manager makes of a string: the documentation's rule, read backwards."""
    if text.startswith("[") and text.endswith("]"):
        assert text.startswith("[["), f"an expression: {text}"
        return text[1:]
    return text


HOSTILE = [
    "[concat('a', 'b')]",
    "[parameters('workspace')]\n",
    "', evil('",
    '"}, "evil": {"a": "',
    "a: b # c\n- d\n---\n!!python/object:os.system",
    "{{ 7 * 7 }} {% raw %} ${x} $x$ %x% {{Computer}}",
    "C:\\Windows\\",
    "\u202e right to left \u2028 separator \x85",
    "\x07 bell \x1b[31m",
    "null",
    "x" * 250,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:12]) for text in HOSTILE])
def test_hostile_texts_read_back(tmp_path: Path, text: str) -> None:
    more = f"falsepositives: [{json.dumps(text)}]\nreferences: [{json.dumps(text)}]\n"
    written = made([only(tmp_path, rule(title=text, description=text, more=more))])
    yaml = artifact(written, "analytics/one.yaml")
    (resource,) = artifact(written, "analytics/one.json")["resources"]
    assert yaml["name"] == text
    assert evaluated(resource["properties"]["displayName"]) == text.strip()
    for description in (yaml["description"], evaluated(resource["properties"]["description"])):
        assert description.split() == (f"{text} False positive: {text} Ref: {text}".split())
    assert resource["name"].count("'") == 4
    assert set(resource) == {"type", "apiVersion", "name", "kind", "properties"}


def test_a_query_between_brackets(tmp_path: Path) -> None:
    """KQL quotes a name in brackets: a query may begin and end with one."""
    from trident.app.input.config import read_config

    (tmp_path / "trident.yml").write_text(
        "tables: {kql: {Door Log: {columns: {string: ['What s'], datetime: [TimeGenerated]}}}}\n"
        "fields: {kql: [{logsource: {product: door}, table: Door Log, fields: {Door: What s}}]}\n"
    )
    file = tmp_path / "rule.yml"
    file.write_text(
        rule(more="fields: [Door]\n")
        .replace("{category: process_creation, product: windows}", "{product: door}")
        .replace("CommandLine", "Door")
    )
    profile = read_config(tmp_path / "trident.yml").profile("kql", "sentinel")
    written = made(deployed(file, profile=profile)[0])
    query = artifact(written, "one.json")["resources"][0]["properties"]["query"]
    assert query.startswith("[['Door Log']")
    assert evaluated(query) == artifact(written, "one.yaml")["query"].strip()


def test_names_are_of_guids(tmp_path: Path) -> None:
    written = made([only(tmp_path, counted())])
    hunt = artifact(written, "hunting/count.json")["resources"][0]
    analytics = artifact(written, "analytics/count.json")["resources"][0]
    assert hunt["name"] == (
        "[concat(parameters('workspace'), '/4f0a5a4e-6b0e-4f27-9a59-5c1c2b3d4e5f')]"
    )
    own = artifact(written, "analytics/count.yaml")["id"]
    assert own != "4f0a5a4e-6b0e-4f27-9a59-5c1c2b3d4e5f"
    assert analytics["name"] == (
        f"[concat(parameters('workspace'), '/Microsoft.SecurityInsights/{own}')]"
    )


def test_a_hunting_query(root: Path) -> None:
    written = made(deployed(root / "rules" / "large_jpeg_from_new_source.yml")[0])
    yaml = artifact(written, "hunting/large_jpeg_from_new_source.yaml")
    (resource,) = artifact(written, "hunting/large_jpeg_from_new_source.json")["resources"]
    properties = resource["properties"]
    tags = {tag["name"]: tag["value"] for tag in properties["tags"]}
    assert (resource["type"], properties["category"], properties["version"]) == (
        "Microsoft.OperationalInsights/workspaces/savedSearches",
        "Hunting Queries",
        2,
    )
    assert properties["displayName"] == yaml["name"]
    assert properties["query"] == yaml["query"].strip()
    assert tags == {
        "description": yaml["description"].strip(),
        "tactics": "InitialAccess,CommandAndControl",
        "techniques": "T1001.002",
    }


def test_microsofts_models_take_them(root: Path) -> None:
    """Names, types and enumerations of azure-mgmt-securityinsight (extra ``artifacts``)."""
    models: Any = pytest.importorskip("azure.mgmt.securityinsight.models")
    written = made(deployed(root / "rules")[0])
    templates = [each for each in written.artifacts if each.path.startswith("analytics/")]
    templates = [each for each in templates if each.path.endswith(".json")]
    assert len(templates) > 20
    for template in templates:
        (resource,) = json.loads(template.text)["resources"]
        body = {"kind": resource["kind"], "properties": resource["properties"]}
        loaded = models.AlertRule.deserialize(body)
        assert isinstance(loaded, models.ScheduledAlertRule), template.path
        back = loaded.serialize()["properties"]
        given = dict(resource["properties"])
        del given["techniques"]  # newer than the models, which are those of 2021-10-01
        given["queryFrequency"], given["queryPeriod"] = (
            back["queryFrequency"],
            back["queryPeriod"],
        )  # the same durations in another spelling, compared below
        assert back == given, template.path
        assert loaded.query_frequency.total_seconds() == template.rules[0].run.frequency
        assert loaded.query_period.total_seconds() >= template.rules[0].period
        models.AlertSeverity(loaded.severity), models.TriggerOperator(loaded.trigger_operator)
        for mapping in loaded.entity_mappings or ():
            models.EntityMappingType(mapping.entity_type)
