"""Trident as a pySigma backend, and in an installed sigma-cli (pySigma 1.5.1)."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError, SigmaFeatureNotSupportedByBackendError
from sigma.plugins import InstalledSigmaPlugins
from sigma.processing.pipeline import ProcessingPipeline

from sigma.backends.trident import (
    EqlDetections,
    TridentEsqlBackend,
    TridentKqlBackend,
    TridentSplBackend,
)
from sigma.pipelines import trident as pipelines
from tests.translator.conftest import Trident, base, count, hunt, together, write
from trident.mapping.profiles import load_profiles
from trident.target import registry

STEG, JPEG = "steganography_then_webmail", "large_jpeg_from_new_source"

TARGETS = {
    "trident_kql": TridentKqlBackend,
    "trident_spl": TridentSplBackend,
    "trident_eql": EqlDetections,
    "trident_esql": TridentEsqlBackend,
}

PIPELINES = {
    "trident_sentinel": ("kql",),
    "trident_defender": ("kql",),
    "trident_microsoft_addon": ("spl",),
    "trident_integrations": ("eql", "esql"),
    "trident_windows_ta": ("spl",),
    "trident_cim": ("spl",),
    "trident_sysmon": ("eql", "esql"),
}
CHOICES = [
    (pipeline, target, pipeline.removeprefix("trident_"))
    for pipeline, targets in PIPELINES.items()
    for target in targets
]


REFUSED = {
    (JPEG, "defender"): "TRI201: log source proxy",
    (JPEG, "cim"): "TRI202: field FileType",
    (STEG, "cim"): "TRI202: field DestinationHostname",
}


def queries(trident: Trident, hunts: Path, rule: str, target: str, profile: str) -> list[str]:
    """The queries that ``trident convert`` makes of a hunt."""
    ran = trident(
        "convert", hunts / f"{rule}.yml", "-t", target, "--profile", profile, "--format", "json"
    )
    (found,) = ran.json["translations"]
    return [
        found["query"],
        *(c["body"]["query"] for c in found["companions"] if c["kind"] == "query"),
    ]


def test_every_target_and_profile() -> None:
    assert set(TARGETS) == {f"trident_{target}" for target in registry.names()}
    known = {(target, name) for target in registry.names() for name in load_profiles(target)}
    assert {(target, profile) for _, target, profile in CHOICES} == known


def test_discovered() -> None:
    found = InstalledSigmaPlugins.autodiscover()
    assert {name: found.backends.get(name) for name in TARGETS} == TARGETS
    assert {name for name in found.pipelines if name.startswith("trident")} == set(PIPELINES)
    assert {name for name in found.backends if name.startswith("trident")} == set(TARGETS)


@pytest.mark.parametrize("rule", [STEG, JPEG])
@pytest.mark.parametrize(("pipeline", "target", "profile"), CHOICES)
def test_as_trident_itself(
    trident: Trident, hunts: Path, rule: str, pipeline: str, target: str, profile: str
) -> None:
    backend = TARGETS[f"trident_{target}"](getattr(pipelines, pipeline)())
    rules = SigmaCollection.load_ruleset([hunts / f"{rule}.yml"])
    if refusal := REFUSED.get((rule, profile)):
        with pytest.raises(SigmaFeatureNotSupportedByBackendError, match=refusal):
            backend.convert(rules)
    else:
        assert backend.convert(rules) == queries(trident, hunts, rule, target, profile)


def collection(*documents: str) -> SigmaCollection:
    """The rules of some YAML documents."""
    return SigmaCollection.from_yaml("---\n".join(documents))


def test_the_default_profile_without_a_pipeline() -> None:
    (query,) = TridentKqlBackend().convert(collection(hunt()))
    assert "TimeGenerated" in query


def test_rules_are_not_changed(hunts: Path) -> None:
    rules = SigmaCollection.load_ruleset([hunts / f"{STEG}.yml"])
    before = [rule.to_dict() for rule in rules.rules]
    sentinel = TridentKqlBackend(pipelines.trident_sentinel())
    defender = TridentKqlBackend(pipelines.trident_defender())
    first = sentinel.convert(rules)
    assert "Timestamp" in defender.convert(rules)[0]
    assert sentinel.convert(rules) == first
    assert [rule.to_dict() for rule in rules.rules] == before


def test_emitted() -> None:
    emitted = TridentKqlBackend().convert(
        collection(
            base(), base("alone", "other"), count().replace("rules:", "generate: true\n  rules:")
        )
    )
    assert len(emitted) == 3
    assert len(TridentKqlBackend().convert(collection(base(), count()))) == 1


def test_a_correlation_over_a_correlation() -> None:
    outer = count("many_base").replace("Many many_base", "Outer")
    (query,) = TridentKqlBackend().convert(collection(base(), count(), outer))
    assert "DeviceProcessEvents" in query


def test_a_filter_in_the_collection() -> None:
    exclusion = """\
title: Quiet
logsource: {product: windows}
filter:
  rules: [base]
  selection: {User: scanner}
  condition: not selection
"""
    (query,) = TridentKqlBackend().convert(collection(hunt(), exclusion))
    assert "scanner" in query


def test_a_users_own_pipeline_comes_first() -> None:
    mapping = ProcessingPipeline.from_yaml(
        "name: own\npriority: 10\ntransformations:\n"
        "  - {id: own, type: field_name_mapping, mapping: {cmd: CommandLine, host: Computer}}\n"
    )
    rules = collection(base().replace("CommandLine", "cmd"), count().replace("Computer", "host"))
    (query,) = TridentKqlBackend(mapping + pipelines.trident_defender()).convert(rules)
    assert "ProcessCommandLine contains" in query
    assert "DeviceName" in query
    assert "Timestamp" in query


def test_refusals_and_errors_can_be_collected() -> None:
    refused = base("bad").replace("CommandLine", "NoSuchField")
    misspelt = count().replace("group-by: [Computer]", "aliases: {a: {other: b}}")
    backend = TridentKqlBackend(collect_errors=True)
    assert len(backend.convert(collection(base(), refused))) == 1
    ((rule, error),) = backend.errors
    assert rule.name == "bad"
    assert isinstance(error, SigmaFeatureNotSupportedByBackendError)
    assert "TRI202" in str(error)
    with pytest.raises(SigmaError, match="TRI105"):
        TridentKqlBackend().convert(collection(base(), misspelt))


def test_callback_sees_each_query() -> None:
    seen = []

    def callback(rule, output_format, index, condition, result):  # type: ignore[no-untyped-def]
        seen.append((rule.name, output_format, index))
        return f"// {index}\n{result}"

    (query,) = TridentKqlBackend().convert(collection(hunt()), callback=callback)
    assert seen == [("many_base", "default", 0)]
    assert query.startswith("// 0\n")


def test_several_queries_of_one_rule() -> None:
    assert len(EqlDetections().convert(collection(together("one", "two")))) == 2


@pytest.fixture
def sigma() -> list[str]:
    """The command of the installed sigma-cli; CI runs these tests in a venv that has it."""
    command = Path(sys.executable).with_name("sigma")
    if find_spec("sigma.cli") is None or not command.exists():
        pytest.skip("sigma-cli is not installed")
    return [str(command)]


def call(*command: object) -> subprocess.CompletedProcess[str]:
    """Run a command and catch what it prints."""
    return subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False
    )


def test_cli_lists(sigma: list[str]) -> None:
    targets = call(*sigma, "list", "targets").stdout
    listed = call(*sigma, "list", "pipelines").stdout
    assert all(f"| {name} " in targets for name in TARGETS)
    assert all(f"| {name} " in listed for name in PIPELINES)


@pytest.mark.parametrize(("pipeline", "target", "profile"), CHOICES)
def test_cli_converts(
    trident: Trident, hunts: Path, sigma: list[str], pipeline: str, target: str, profile: str
) -> None:
    ran = call(
        *sigma, "convert", "-t", f"trident_{target}", "-p", pipeline, "--format", "default",
        hunts / f"{STEG}.yml",
    )  # fmt: skip
    if refusal := REFUSED.get((STEG, profile)):
        assert ran.returncode == 1 and refusal in " ".join(ran.stderr.split()), ran.stderr
        return
    assert ran.returncode == 0, ran.stderr
    expected = "\n\n".join(queries(trident, hunts, STEG, target, profile))
    assert ran.stdout.strip() == expected.strip()


def test_cli_refuses(hunts: Path, sigma: list[str]) -> None:
    rule = hunts / f"{JPEG}.yml"
    command = (*sigma, "convert", "-t", "trident_kql", "-p", "trident_defender")
    ran = call(*command, rule)
    assert ran.returncode == 1
    assert "TRI201" in ran.stderr
    assert "Traceback" not in ran.stderr
    skipped = call(*command, "--skip-unsupported", rule, hunts / f"{STEG}.yml")
    assert skipped.returncode == 0
    assert "DeviceProcessEvents" in skipped.stdout
    assert "TRI201" in skipped.stderr


def test_cli_pipeline_of_another_target(hunts: Path, sigma: list[str]) -> None:
    ran = call(
        *sigma, "convert", "-t", "trident_spl", "-p", "trident_sentinel", hunts / f"{STEG}.yml"
    )
    assert ran.returncode == 2


def test_cli_filter(hunts: Path, sigma: list[str], tmp_path: Path) -> None:
    write(
        tmp_path,
        filter="title: F\nlogsource: {product: windows}\nfilter:\n  rules: [webmail_connection]\n"
        "  selection: {User: scanner}\n  condition: not selection\n",
    )
    ran = call(
        *sigma, "convert", "-t", "trident_kql", "--filter", tmp_path / "filter.yml",
        hunts / f"{STEG}.yml",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "scanner" in ran.stdout


def test_cli_beside_other_plugins(hunts: Path, sigma: list[str]) -> None:
    if find_spec("sigma.backends.splunk") is None:
        pytest.skip("no other plugin is installed")
    targets = call(*sigma, "list", "targets").stdout
    assert "| splunk " in targets
    rule = hunts.parent / "rule.yml"
    rule.write_text(base())
    assert "evil" in call(*sigma, "convert", "-t", "splunk", "--without-pipeline", rule).stdout
