"""Trident as a pySigma backend, and in an installed sigma-cli (pySigma 1.5.1)."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError, SigmaFeatureNotSupportedByBackendError
from sigma.processing.pipeline import ProcessingPipeline

from sigma.backends import trident as backends
from sigma.pipelines import trident as pipelines
from tests.support.targets import SHIPPED
from tests.translator.conftest import Trident, base, count, hunt, together, write
from trident.app.artifacts.formats import FORMATS
from trident.mapping.profiles import load_profiles

STEG, JPEG = "steganography_then_webmail", "large_jpeg_from_new_source"

TARGETS = {
    f"trident_{target}": getattr(backends, f"Trident{target.capitalize()}Backend")
    for target in SHIPPED
}
TridentKqlBackend = TARGETS["trident_kql"]
TridentEqlBackend = TARGETS["trident_eql"]
TridentSplBackend = TARGETS["trident_spl"]

CHOICES = [
    (f"trident_{profile}", target, profile)
    for target in SHIPPED
    for profile in load_profiles(target)
]
PIPELINES = {pipeline for pipeline, _, _ in CHOICES}

REFUSED = {
    (JPEG, "defender"): "TRI201: log source proxy",
    (JPEG, "cim"): "TRI202: field FileType",
    (STEG, "cim"): "TRI202: field DestinationHostname",
}


def converted(
    trident: Trident, hunts: Path, rule: str, target: str, profile: str, form: str = "text"
) -> str:
    """What ``trident convert`` prints of a hunt."""
    where = ("-t", target, "--profile", profile, "--format", form, "--no-cache")
    return trident("convert", hunts / f"{rule}.yml", *where).out


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
        return
    answer = json.loads(converted(trident, hunts, rule, target, profile, "json"))
    (translation,) = answer["translations"]
    translation["rule"]["line"] = 0  # pySigma's rules do not know theirs
    assert json.loads(backend.convert(rules, "json")) == answer
    if translation["parameters"]:
        with pytest.raises(SigmaFeatureNotSupportedByBackendError, match=r"TRI533.*json"):
            backend.convert(rules)
    else:
        text = converted(trident, hunts, rule, target, profile)
        assert "\n".join(backend.convert(rules)) == text
        assert "(" in text.splitlines()[1]  # the level and its proof


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
    assert len(TridentEqlBackend().convert(collection(together("one", "two")))) == 2


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
    expected = converted(trident, hunts, STEG, target, profile)
    assert ran.stdout.split() == expected.split()


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


SPLUNK = list(load_profiles("spl"))
ELASTIC = [(target, name) for target in ("eql", "esql") for name in load_profiles(target)]
ARTIFACTS = [
    # target, profile, format, the build's files
    ("kql", "sentinel", "sentinel_rule", "analytics/*.yaml"),
    *(("spl", name, "savedsearches", "app/*/default/savedsearches.conf") for name in SPLUNK),
    *((target, name, "siem_rule_ndjson", "rules*.ndjson") for target, name in ELASTIC),
]


def test_every_profile_with_a_format_is_compared() -> None:
    formats = {
        (target, profile.name, name)
        for target in SHIPPED
        for profile in load_profiles(target).values()
        for name in FORMATS.get(profile.artifacts, ())
    }
    assert {(target, profile, name) for target, profile, name, _ in ARTIFACTS} == formats


@pytest.mark.parametrize(("target", "profile", "name", "path"), ARTIFACTS)
def test_as_the_build_writes_it(
    trident: Trident, tmp_path: Path, target: str, profile: str, name: str, path: str
) -> None:
    document = "status: test\ndate: 2026-11-01\ndescription: Two.\nlevel: high\n"
    write(tmp_path, rules__hunt=f"{base()}---\n{document}{count()}")
    out = tmp_path / "dist"
    ran = trident("build", tmp_path / "rules", "-o", out, cwd=tmp_path)
    assert ran.code == 0, ran.err
    files = sorted((out / target / profile).glob(path))
    assert files
    backend = TARGETS[f"trident_{target}"](getattr(pipelines, f"trident_{profile}")())
    rules = SigmaCollection.load_ruleset([tmp_path / "rules" / "hunt.yml"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the build says of the hunt's metadata, too
        text = backend.convert(rules, name)
    assert text == "---\n".join(file.read_text("utf-8") for file in files)


def test_a_profile_without_the_format_is_refused() -> None:
    defender = TridentKqlBackend(pipelines.trident_defender())
    with pytest.raises(SigmaFeatureNotSupportedByBackendError, match="TRI534"):
        defender.convert(collection(hunt()), "sentinel_rule")


def test_what_the_artifacts_refuse_is_an_error(hunts: Path) -> None:
    """A window longer than Sentinel's rules may look back; the other rule is still there."""
    rules = collection(base(), count(), base("other"), count("other").replace("5m", "20d"))
    with pytest.raises(SigmaError):
        TridentKqlBackend().convert(rules, "sentinel_rule")
    backend = TridentKqlBackend(collect_errors=True)
    text = backend.convert(rules, "sentinel_rule")
    assert "name: Many base" in text and "Many other" not in text
    assert {rule.title for rule, _ in backend.errors} >= {"Many other"}


POSTPROCESSING = """\
name: after
priority: 10
postprocessing:
  - {type: embed, prefix: "search ", suffix: ""}
"""
FINALIZERS = "name: after\npriority: 10\nfinalizers:\n  - {type: concat}\n"


@pytest.mark.parametrize("pipeline", [POSTPROCESSING, FINALIZERS], ids=["query", "output"])
def test_both_faces_refuse_what_changes_finished_queries(
    trident: Trident, tmp_path: Path, pipeline: str
) -> None:
    (tmp_path / "own.yml").write_text(pipeline)
    write(tmp_path, rules__hunt=hunt())
    ran = trident("convert", "rules", "-t", "kql", "-p", "own.yml", cwd=tmp_path)
    assert ran.code == 2 and "TRI122" in ran.err
    with pytest.raises(SigmaError, match="TRI122"):
        TridentKqlBackend(ProcessingPipeline.from_yaml(pipeline)).convert(collection(hunt()))


CHANGES = [
    (
        "a renamed field",
        "  - {id: own, type: field_name_mapping, mapping: {cmd: CommandLine}}\n",
        base().replace("CommandLine", "cmd"),
        "ProcessCommandLine contains",
    ),
    (
        "a condition",
        "  - {id: own, type: add_condition, conditions: {User: scanner}}\n",
        base(),
        "scanner",
    ),
]


@pytest.mark.parametrize(
    ("steps", "rule", "shown"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES]
)
def test_both_faces_apply_the_users_pipeline(
    trident: Trident, tmp_path: Path, steps: str, rule: str, shown: str
) -> None:
    pipeline = f"name: own\npriority: 10\ntransformations:\n{steps}"
    (tmp_path / "own.yml").write_text(pipeline)
    write(tmp_path, rules__rule=rule)
    ran = trident("convert", "rules", "-t", "kql", "-p", "own.yml", cwd=tmp_path)
    (query,) = TridentKqlBackend(ProcessingPipeline.from_yaml(pipeline)).convert(collection(rule))
    ours = [line for line in ran.out.splitlines() if not line.startswith("//")]
    theirs = [line for line in query.splitlines() if not line.startswith("//")]
    assert shown in query and ours == theirs
