"""A target that another package brings: one folder and an entry point, and it works everywhere.

The folder and its ``dist-info`` are put on the path of a process of its own, as an installed
package would be.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.features import feature_rules
from trident.result.capabilities import CELLS, DETECTIONS

HERE = Path(__file__).parent
NAMED = {
    line.partition(":")[0]
    for line in (HERE / "toy_target" / "capabilities.yml").read_text("utf-8").splitlines()
}
RULES = """\
title: Shell
name: shell
logsource: {category: process_creation, product: windows}
detection:
  selection: {CommandLine|contains: [powershell, "it's"]}
  filter: {Computer: build, ProcessId: 7}
  none: {Computer: null}
  condition: selection and not filter and not none
---
title: Many Shells
name: many_shells
correlation:
  type: event_count
  rules: [shell]
  group-by: [Computer]
  timespan: 5m
  condition: {gte: 2}
"""
EVENTS = """\
tests:
  - rule: many_shells
    now: 2026-11-01T12:00:00Z
    events:
      - &shell {rule: shell, at: -10m, fields: {CommandLine: PowerShell -e, Computer: a}}
      - {<<: *shell, at: -6m}
      - {<<: *shell, at: -59s}
    alerts: [{group: [a], at: -6m}]
"""


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A Python process that has the fixture installed."""
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def trident(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line with the fixture installed."""
    main = "import sys; from trident.app.commands.cli import main; main()"
    return run("-c", main, *arguments, cwd=cwd)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A project folder with one correlation."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "shells.yml").write_text(RULES)
    return tmp_path


def test_convert(rules: Path) -> None:
    ran = trident("convert", "rules", "-t", "toy", cwd=rules)
    assert (ran.returncode, ran.stderr) == (0, "1 translation: 1 exact; 0 refused; 0 errors\n")
    assert ran.stdout.startswith("-- ")
    assert "exact (executed)" in ran.stdout and "OVER (" in ran.stdout
    answer = json.loads(trident("convert", "rules", "-t", "toy", "--format=json", cwd=rules).stdout)
    (translation,) = answer["translations"]
    assert (translation["target"], translation["profile"]) == ("toy", "lab")
    every = trident("convert", "rules", "-t", "all", cwd=rules)
    assert every.stdout.count("many_shells") >= 5


def test_convert_checked(rules: Path) -> None:
    """The target's own parser looks at its queries, in a process that has the target, too."""
    arguments = ("convert", "rules", "-t", "toy", "--checked")
    ran = trident(*arguments, cwd=rules)
    assert ran.returncode == 0, ran.stderr
    assert "-- checked: bound\n" in ran.stdout
    broken = (
        "import sys; from dataclasses import replace; import toy_target.render as own\n"
        "render = own.render\n"
        "own.render = lambda bound: replace(render(bound), text='SELECT missing FROM processes')\n"
        "from trident.app.commands.cli import main; main()"
    )
    ran = run("-c", broken, *arguments, "--no-cache", cwd=rules)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "TRI680 error (toy lab): the query is not valid: no such column: missing" in ran.stderr


def test_list(rules: Path) -> None:
    assert "toy   lab" in trident("list", "targets", cwd=rules).stdout
    assert "Process creations in one SQLite table" in trident("list", "profiles", cwd=rules).stdout
    ran = trident("list", "capabilities", "-t", "toy", cwd=rules)
    rows = {line.split()[0]: line for line in ran.stdout.splitlines() if line.strip()}
    for feature in CELLS:
        assert ("exact (executed)" in rows[feature]) is (feature in NAMED), feature
        assert feature in NAMED or "does not say" in ran.stdout


def test_explain(rules: Path) -> None:
    ran = trident("explain", "rules/shells.yml", "-t", "toy", cwd=rules)
    assert ran.returncode == 0, ran.stderr
    assert "a window of the timespan over the matches of a group" in ran.stdout
    assert "instr(lower(coalesce" in ran.stdout


def test_verify(rules: Path) -> None:
    ran = trident("verify", "rules", "-t", "toy", "--fuzz", "60", "--seed", "3", cwd=rules)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "toy" in ran.stdout and "exact" in ran.stdout


def test_build_check_and_schema(rules: Path) -> None:
    (rules / "trident.yml").write_text("profiles: {toy: lab}\n")
    ran = trident("build", "rules", "--unchecked", cwd=rules)
    assert ran.returncode == 0, ran.stderr
    assert (rules / "dist" / "toy" / "lab" / "many_shells.sql").is_file()
    checked = trident("check", "rules", "-t", "toy", "--select", "TRI2,TRI3", cwd=rules)
    assert (checked.returncode, checked.stdout) == (0, "")
    schema = json.loads(trident("schema", cwd=rules).stdout)
    assert "toy" in schema["properties"]["profiles"]["properties"]


def test_sigma_cli(rules: Path) -> None:
    script = (
        "from sigma.plugins import InstalledSigmaPlugins\n"
        "from sigma.collection import SigmaCollection\n"
        "plugins = InstalledSigmaPlugins.autodiscover()\n"
        "backend = plugins.backends['trident_toy'](plugins.pipelines['trident_lab']())\n"
        "print(*backend.convert(SigmaCollection.load_ruleset(['rules/shells.yml'])))\n"
    )
    ran = run("-c", script, cwd=rules)
    assert ran.returncode == 0, ran.stderr
    expected = trident("convert", "rules", "-t", "toy", cwd=rules).stdout
    assert ran.stdout.split() == expected.split()


def test_every_feature_that_it_does_not_name_is_refused_by_name(rules: Path) -> None:
    """Rules for each correlation feature; tests of fields: tests/backends/predicates."""
    features = [each for each in CELLS if each not in NAMED and each not in DETECTIONS]
    folder = rules / "features"
    folder.mkdir()
    correlations = set()
    for number, feature in enumerate(features):
        for index, documents in enumerate(feature_rules(feature)):
            names = {each["name"]: f"{each['name']}_{number}_{index}" for each in documents}
            text = json.dumps(documents)
            for old, new in names.items():
                text = re.sub(rf"\b{old}\b", new, text)  # in condition strings, too
            listed = json.loads(text)
            (folder / f"{number}_{index}.yml").write_text(
                "\n---\n".join(json.dumps(each) for each in listed)
            )
            correlations.add(listed[-1]["name"])
    ran = trident("convert", "features", "-t", "toy", "--format=json", cwd=rules)
    emitted = json.loads(ran.stdout)["translations"]
    translations = [each for each in emitted if each["rule"]["name"] in correlations]
    lacking = correlations - {each["rule"]["name"] for each in translations}
    assert not lacking, (lacking, ran.stderr[:3000])
    assert all(each["query"] is None for each in translations)
    assert {each["error"]["code"] for each in translations} == {"TRI306"}
    named = " ".join(each["error"]["message"] for each in translations)
    assert "does not say value_count.gte" in named and "does not say chained" in named


def test_a_target_that_cannot_be_used_is_an_error(rules: Path, tmp_path: Path) -> None:
    broken = tmp_path / "installed" / "broken-1.0.dist-info"
    broken.mkdir(parents=True)
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[trident.targets]\nbroken = nowhere:TARGET\n")
    main = (
        f"import sys; sys.path.insert(0, {str(broken.parent)!r})\n"
        "from trident.app.commands.cli import main; main()"
    )
    ran = run("-c", main, "convert", "rules", "-t", "kql", cwd=rules)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "TRI532" in ran.stderr and "nowhere" in ran.stderr and "Traceback" not in ran.stderr
