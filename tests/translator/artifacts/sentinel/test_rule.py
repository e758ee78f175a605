"""What an analytics rule and a custom detection take from the rule's document."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from tests.translator.conftest import Trident
from trident.app.artifacts.killchain import sentinel_tactics
from trident.rule import attack
from trident.rule.plan import Run


def analytics(tmp_path: Path, text: str) -> tuple[dict[str, Any], list[str]]:
    """The analytics rule of a text's last rule, and the codes of its notes and diagnostics."""
    written = made([only(tmp_path, text)])
    notes = {note.code: None for each in written.artifacts for note in each.notes}
    found = [*notes, *(each.code for each in written.diagnostics)]
    (path,) = (
        each.path
        for each in written.artifacts
        if each.path.startswith("analytics") and each.path.endswith("yaml")
    )
    return artifact(written, path), found


LEVELS = [
    ("informational", "Informational", []),
    ("low", "Low", []),
    ("medium", "Medium", []),
    ("high", "High", []),
    ("critical", "High", ["TRI712"]),
]


@pytest.mark.parametrize(("level", "severity", "notes"), LEVELS)
def test_severity(tmp_path: Path, level: str, severity: str, notes: list[str]) -> None:
    found, codes = analytics(tmp_path, rule(more=f"level: {level}\n"))
    assert (found["severity"], codes) == (severity, notes)
    detection = artifact(made([only(tmp_path, rule(more=f"level: {level}\n"), "defender")]), "json")
    assert detection["detectionAction"]["alertTemplate"]["severity"] == severity.lower()


DATES = [
    ("date: 2026-11-21\n", "2026.11.21"),
    ("date: 2026/11/01\n", "2026.11.1"),
    ("date: 2026-11-21\nmodified: 2026-12-01\n", "2026.12.1"),
    ("", "1.0.0"),
]


@pytest.mark.parametrize(("dates", "version"), DATES)
def test_version(tmp_path: Path, dates: str, version: str) -> None:
    text = rule().replace("date: 2026-11-21\n", dates)
    assert analytics(tmp_path, text)[0]["version"] == version


TAGS = [
    ("its tactic", "[attack.execution, attack.t1059.001]", ["Execution"], ["T1059.001"], []),
    (
        "every tactic of a technique",
        "[attack.initial-access, attack.t1078]",
        ["InitialAccess", "Persistence", "PrivilegeEscalation", "DefenseEvasion"],
        ["T1078"],
        ["TRI713"],
    ),
    (
        "a technique that ATT&CK replaced",
        "[attack.defense-evasion, attack.t1562.001]",
        ["DefenseEvasion"],
        ["T1562.001"],
        [],
    ),
    ("a technique that there is none of", "[attack.t9999]", [], [], ["TRI714"]),
    ("a tactic that Sentinel has none of", "[attack.t0820]", [], [], ["TRI714"]),
    ("none", "[]", [], [], []),
]


@pytest.mark.parametrize(
    ("tags", "tactics", "techniques", "codes"), [c[1:] for c in TAGS], ids=[c[0] for c in TAGS]
)
def test_tactics(
    tmp_path: Path, tags: str, tactics: list[str], techniques: list[str], codes: list[str]
) -> None:
    found, said = analytics(tmp_path, rule(more=f"tags: {tags}\n"))
    assert (found["tactics"], found["relevantTechniques"], said) == (tactics, techniques, codes)


def test_every_tactic_of_enterprise_has_a_name_in_sentinel() -> None:
    nameless = [id_ for id_ in attack.techniques() if not sentinel_tactics(id_)]
    assert {attack.techniques()[id_].domain for id_ in nameless} == {attack.ICS}
    assert len(nameless) == 4  # those that serve ICS' evasion alone


ENTITIES = "\n".join(
    f"    - {{type: {kind}, {key}: {name}}}"
    for kind, key, name in (
        ("Host", "HostName", "Computer"),
        ("Account", "Name", "User"),
        ("Process", "CommandLine", "CommandLine"),
        ("File", "Name", "Image"),
        ("FileHash", "Algorithm", "sha1"),
        ("Process", "ProcessId", "ProcessId"),
        ("URL", "Url", "sha256"),
    )
).replace("Algorithm: sha1", "Algorithm: md5, Value: sha1")


def test_entities_beyond_the_fifth_are_noted(tmp_path: Path) -> None:
    found, codes = analytics(tmp_path, counted(more=f"trident:\n  entities:\n{ENTITIES}\n"))
    kinds = [entity["entityType"] for entity in found["entityMappings"]]
    assert kinds == ["Host", "Account", "Process", "File", "FileHash"]
    assert codes == ["TRI715"]


def test_a_property_of_a_column_is_no_entity(tmp_path: Path) -> None:
    """A whole record shows its columns, not what is inside of one."""
    text = rule(more="trident: {entities: [{type: Account, Name: ServiceSid}]}\n").replace(
        "{category: process_creation, product: windows}", "{product: windows, service: security}"
    )
    found, codes = analytics(tmp_path, text.replace("CommandLine", "ServiceSid"))
    assert "entityMappings" not in found
    assert codes == ["TRI715"]


def test_details_are_what_no_entity_holds(tmp_path: Path) -> None:
    found, _ = analytics(tmp_path, rule(more="fields: [Computer, Image, ParentImage, sha256]\n"))
    mapped = {
        field["columnName"] for each in found["entityMappings"] for field in each["fieldMappings"]
    }
    assert not mapped & set(found["customDetails"])
    assert found["customDetails"] == {"FolderPath": "FolderPath", "SHA256": "SHA256"}


def test_the_manifest_has_the_notes(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rule.yml").write_text(rule(more="level: critical\n"))
    assert trident("build", cwd=tmp_path).code == 0
    manifest = json.loads((tmp_path / "dist" / "manifest.json").read_text())
    notes = {
        (each["target"], each["profile"]): [note["code"] for note in each["notes"]]
        for each in manifest["translations"]
    }
    assert "TRI712" in notes["kql", "sentinel"] and "TRI712" in notes["kql", "defender"]
    files = {file for each in manifest["translations"] for file in each["files"]}
    assert {
        "kql/sentinel/analytics/one.yaml",
        "kql/sentinel/analytics/one.json",
        "kql/defender/detections/one.json",
    } <= files


GRAPH = {
    "": ["@odata.type", "displayName", "description", "status", "queryCondition", "schedule",
         "detectionAction"],
    "queryCondition": ["queryText"],
    "schedule": ["frequency"],
    "detectionAction": ["alertTemplate"],
    "alertTemplate": ["title", "description", "severity", "tactics", "entityMappings"],
    "tactics": ["tactic", "techniques"],
    "techniques": ["technique", "subTechniques"],
    "entityMappings": ["accounts", "azureResources", "cloudApplications", "dns", "files", "hosts",
                       "ips", "mailMessages", "mailboxes", "registryValues", "securityGroups",
                       "urls"],
    "hosts": ["deviceIdColumn", "nameColumn", "netBiosNameColumn", "ntDomainColumn",
              "dnsDomainColumn"],
    "accounts": ["nameColumn", "ntDomainColumn", "dnsDomainColumn", "upnColumn", "upnSuffixColumn",
                 "sidColumn", "aadUserIdColumn"],
    "files": ["nameColumn", "sha1Column", "sha256Column"],
    "ips": ["addressColumn", "scopeColumn"],
    "urls": ["addressColumn"],
    "dns": ["domainNameColumn", "serverIpColumn", "hostIpAddressColumn"],
    "registryValues": ["keyColumn", "valueNameColumn"],
}  # fmt: skip
"""Properties of Microsoft Graph's resource types, v1.0: security-detectionrule and those it names
(https://learn.microsoft.com/graph/api/resources/security-detectionrule)."""


def unknown(content: Any, name: str = "") -> Iterator[str]:
    """Properties that Graph's resource types do not have."""
    for each in content if isinstance(content, list) else [content]:
        if isinstance(each, dict):
            for key, value in each.items():
                if key not in GRAPH[name]:
                    yield f"{name}.{key}"
                yield from unknown(value, key)


def test_custom_detections_have_graphs_properties(root: Path) -> None:
    written = made(deployed(root / "rules", "defender")[0])
    assert len(written.artifacts) > 10
    for each in written.artifacts:
        assert list(unknown(json.loads(each.text))) == [], each.path


def test_a_custom_detection(root: Path) -> None:
    written = made(deployed(root / "rules" / "steganography_then_webmail.yml", "defender")[0])
    detection = artifact(written, "steganography_then_webmail.json")
    template = detection["detectionAction"]["alertTemplate"]
    assert template["tactics"] == [
        {"tactic": "Exfiltration", "techniques": [{"technique": "T1567", "subTechniques": []}]}
    ]
    assert template["entityMappings"] == {
        "hosts": [{"deviceIdColumn": "DeviceId", "nameColumn": "DeviceName"}],
        "accounts": [{"nameColumn": "InitiatingProcessAccountName"}],
        "urls": [{"addressColumn": "RemoteUrl"}],
        "files": [{"nameColumn": "FileName"}],
    }
    assert [note.code for note in written.artifacts[0].notes] == ["TRI711"]


def test_what_defender_has_no_place_for_is_noted(tmp_path: Path) -> None:
    more = "trident: {entities: [{type: Process, CommandLine: CommandLine}]}\n"
    written = made([only(tmp_path, rule(more=more), "defender")])
    assert [note.code for note in written.artifacts[0].notes] == ["TRI715"]
    detection = artifact(written, ".json")
    entities = detection["detectionAction"]["alertTemplate"]["entityMappings"]
    assert entities == {"hosts": [{"deviceIdColumn": "DeviceId"}]}


def test_subtechniques_stand_under_their_technique(tmp_path: Path) -> None:
    tags = "tags: [attack.execution, attack.t1059.001, attack.t1059.003, attack.t1078]\n"
    written = made([only(tmp_path, rule(more=tags), "defender")])
    tactics = artifact(written, ".json")["detectionAction"]["alertTemplate"]["tactics"]
    assert tactics[0] == {
        "tactic": "Execution",
        "techniques": [{"technique": "T1059", "subTechniques": ["T1059.001", "T1059.003"]}],
    }
    assert [each["tactic"] for each in tactics[1:]] == [
        "InitialAccess",
        "Persistence",
        "PrivilegeEscalation",
        "DefenseEvasion",
    ]


def test_two_builds_are_the_same(root: Path) -> None:
    first, second = (made(deployed(root / "rules", run=Run(3600, 300))[0]) for _ in range(2))
    assert [each.text for each in first.artifacts] == [each.text for each in second.artifacts]
