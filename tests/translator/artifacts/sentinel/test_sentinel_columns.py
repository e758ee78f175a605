"""Every column that an artifact names is a result column of its query, as Microsoft's parser binds
it to the tables of the profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.translator.artifacts.sentinel.deployed import artifact, deployed, made, only, rule
from trident.app.artifacts.deployment import Deployment, Made
from trident.mapping.profiles import Profile

EVENT_LOG = "a property of a column"
"""A log that advanced hunting does not have."""

MORE = {
    "whole records": rule(),
    "fields": rule(more="fields: [Computer, User, Image]\n"),
    "record among the fields": rule(more="fields: [ReportId, DeviceId]\n"),
    EVENT_LOG: rule()
    .replace(
        "{category: process_creation, product: windows}", "{product: windows, service: security}"
    )
    .replace("CommandLine|contains", "TargetUserName|contains"),
    "a computed column": rule(value="a").replace("CommandLine", "User").replace('"a"', r"'\a'"),
}


def tables(profile: Profile) -> dict[str, dict[str, str]]:
    found = {source.table.name: dict(source.table.stored) for source in profile.sources}
    for columns in found.values():
        columns[profile.time] = "datetime"
    return found


def shipped(root: Path, name: str) -> list[Deployment]:
    return deployed(root / "rules", name)[0]


def entity_columns(rule: Mapping[str, Any]) -> Iterator[str]:
    for entity in rule.get("entityMappings", ()):
        for field in entity["fieldMappings"]:
            yield field["columnName"]
    yield from rule.get("customDetails", {}).values()


def check_sentinel(binder: Any, deployment: Deployment, written: Made) -> int:
    """How many columns the rule and the hunting query of a deployment name."""
    count = 0
    schema = tables(deployment.profile)
    for kind in ("analytics", "hunting"):
        paths = {each.path for each in written.artifacts}
        if f"{kind}/{deployment.stem}.yaml" not in paths:
            continue
        content = artifact(written, f"{kind}/{deployment.stem}.yaml")
        bound = binder(content["query"], schema)
        assert bound.errors == (), deployment.stem
        named = list(entity_columns(content))
        assert set(named) <= set(bound.columns), (deployment.stem, kind)
        count += len(named)
    return count


def test_sentinel(root: Path, kql_binder: Any) -> None:
    deployments = shipped(root, "sentinel")
    written = made(deployments)
    counts = {each.stem: check_sentinel(kql_binder, each, written) for each in deployments}
    assert len(counts) > 25
    assert [stem for stem, count in counts.items() if not count] == [
        "security_tool_stopped_on_many_hosts"  # it alerts on no user or host of its own
    ]


def check_defender(binder: Any, deployment: Deployment) -> None:
    detection = artifact(made([deployment]), ".json")
    bound = binder(detection["queryCondition"]["queryText"], tables(deployment.profile))
    assert bound.errors == (), deployment.stem
    kinds = {"Timestamp": "datetime", "DeviceId": "string", "ReportId": "long"}
    assert kinds.items() <= bound.columns.items(), deployment.stem
    for mappings in detection["detectionAction"]["alertTemplate"]["entityMappings"].values():
        for mapping in mappings:
            assert set(mapping.values()) <= set(bound.columns), deployment.stem


def test_defender(root: Path, kql_binder: Any) -> None:
    deployments = shipped(root, "defender")
    assert len(deployments) > 10
    for deployment in deployments:
        check_defender(kql_binder, deployment)


@pytest.mark.parametrize("text", MORE.values(), ids=MORE)
def test_single_rules_in_sentinel(tmp_path: Path, kql_binder: Any, text: str) -> None:
    deployment = only(tmp_path, text)
    check_sentinel(kql_binder, deployment, made([deployment]))


@pytest.mark.parametrize("name", [name for name in MORE if name != EVENT_LOG])
def test_single_rules_in_defender(tmp_path: Path, kql_binder: Any, name: str) -> None:
    check_defender(kql_binder, only(tmp_path, MORE[name], "defender"))
