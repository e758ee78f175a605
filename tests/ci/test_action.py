"""``action.yml``, the hooks and the example workflow: valid for their consumers, run as they run
them, and no input of the action becomes a command or another option."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.translator.check.conftest import CLEAN
from tests.translator.conftest import Trident, hunt, write
from tests.translator.conftest import trident as trident  # the fixture
from trident.app.files.kept import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
TESTED = f"{ROOT}/.ci/requirements-verify.txt"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
WORKFLOW = yaml.safe_load((ROOT / "docs" / "examples" / "workflow.yml").read_text("utf-8"))
STEPS = [step for step in ACTION["runs"]["steps"] if "run" in step]
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
"""How GitHub runs ``shell: bash``."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the steps ended: exit code, log, the step outputs, what trident and pip were given."""

    code: int
    log: str
    outputs: Mapping[str, str]
    calls: list[list[str]]


Action = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a clean rule."""
    return write(tmp_path / "project", rules__clean=CLEAN)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all of these runs, as a workflow has that keeps it: most of the time of a run
    on one rule is the start of the parsers."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def action(tmp_path: Path, project: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Action:
    """Run the action's shell steps with inputs; the environment is the cache and what the steps
    say, pip is a stub, trident this one, or with ``record`` a stub too."""
    monkeypatch.setenv(ENVIRONMENT, str(kept))
    bin_, calls = tmp_path / "bin", tmp_path / "calls"
    bin_.mkdir()
    program = (
        f"exec {shlex.quote(sys.executable)} -c 'from trident.app.commands.cli import main; main()'"
    )
    real = f'[ -n "$RECORD" ] || {program} "$@"'
    for name, then in (("python", ""), ("trident", real)):
        record = f"printf '%s\\0' {name} \"$@\" >>{shlex.quote(str(calls))}"
        mark = f"printf '\\001\\0' >>{shlex.quote(str(calls))}"
        (bin_ / name).write_text(f"#!/bin/sh\n{record}\n{mark}\n{then}\n")
        (bin_ / name).chmod(0o755)

    def run(*, record: bool = False, cwd: str = ".", **inputs: str) -> Ended:
        outputs = tmp_path / "outputs"
        outputs.write_text("")
        calls.write_text("")
        log, code = "", 0
        for step in STEPS:
            if code:
                break
            environment = {
                "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                ENVIRONMENT: str(kept),
                "RECORD": "only" if record else "",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_WORKSPACE": str(project),
                **{name: filled(value, inputs) for name, value in step["env"].items()},
            }
            ran = subprocess.run(
                [*BASH, step["run"]],
                env=environment,
                cwd=project / cwd,
                capture_output=True,
                text=True,
            )
            log, code = log + ran.stdout + ran.stderr, ran.returncode
        called = calls.read_text().split("\1\0")[:-1]
        return Ended(
            code,
            log,
            dict(line.split("=", 1) for line in outputs.read_text().splitlines()),
            [call.split("\0")[:-1] for call in called],
        )

    return run


def filled(template: str, inputs: Mapping[str, str]) -> str:
    """A step's environment value with the expression in it replaced, as GitHub does."""
    if template == "${{ github.action_path }}":
        return str(ROOT)
    found = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", template)
    assert found, template
    default = ACTION["inputs"][found[1]]["default"]
    return inputs.get(found[1].replace("-", "_"), default)


def test_no_expression_in_a_script() -> None:
    assert len(STEPS) == 2
    for step in STEPS:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    script = (ROOT / ".ci" / "action.sh").read_text("utf-8")
    assert not re.search(r"\b(eval|source)\b|^\s*\. ", script, re.MULTILINE)


def test_every_input_is_used_and_said() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    for name, given in ACTION["inputs"].items():
        assert f"inputs.{name}" in text
        assert given["description"]
        assert isinstance(given["default"], str)
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == set(ACTION["inputs"])


def test_check_a_clean_rule(action: Action) -> None:
    ended = action()
    assert (ended.code, dict(ended.outputs)) == (0, {})
    install = ["python", "-m", "pip", "install", "--quiet"]
    hashed = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--ignore-requires-python"]
    assert ended.calls == [
        [*install, *hashed, "-r", TESTED],
        [*install, "--no-deps", "--no-build-isolation", str(ROOT)],
        ["trident", "check", "--format=github", "--", "rules"],
    ]
    page = (ROOT / "docs" / "verification.md").read_text("utf-8")
    (esql,) = re.findall(r"--ignore-requires-python --no-deps (.*)", page)
    for package in esql.split():
        assert re.search(rf"^{package.partition('==')[0]}==", Path(TESTED).read_text("utf-8"), re.M)


def test_findings_are_annotations(action: Action, project: Path) -> None:
    write(project, rules__door=hunt("door"))
    ended = action()
    assert ended.code == 1
    assert "::warning file=rules/door.yml,line=" in ended.log


def test_sarif(action: Action, project: Path) -> None:
    write(project, rules__door=hunt("door"))
    ended = action(format="sarif")
    assert ended.code == 1
    assert ended.outputs == {"report": str(project / "trident.sarif")}
    assert '"TRI' in (project / "trident.sarif").read_text()


def test_build(action: Action, project: Path, trident: Trident) -> None:
    ended = action(command="build")
    assert ended.code == 1
    assert "TRI507" in ended.log
    trident("build", cwd=project)
    assert action(command="build").code == 0
    write(project, rules__door=hunt("door").replace("[Computer]", "[NoSuchField]"))
    trident("build", cwd=project)
    assert action(command="build").code == 0
    assert action(command="build", strict="true").code == 1
    trident("build", "--unchecked", cwd=project)
    assert action(command="build").code == 1
    assert action(command="build", checked="false").code == 0
    assert action(command="check", checked="false", record=True).calls[-1][2] == "--unchecked"
    assert "--unchecked" not in action(command="verify", checked="false", record=True).calls[-1]


def test_verify(action: Action, project: Path) -> None:
    ended = action(command="verify", targets="kql\n", format="junit", report="out.xml")
    assert ended.code == 0
    assert "--target=kql" in ended.calls[-1]
    assert (project / "out.xml").read_text().startswith("<?xml")


def test_several_rules_and_targets(action: Action, project: Path) -> None:
    write(project, other__clean=CLEAN.replace("6a29edbe", "7a29edbe").replace("Enc", "Another enc"))
    ended = action(rules="rules\n\nother\r\n", targets="kql\nspl", config="", filters="")
    expected = ["--format=github", "--target=kql", "--target=spl", "--", "rules", "other"]
    assert ended.calls[-1][2:] == expected
    assert ended.code == 0


def test_a_tool_error_leaves_no_report(action: Action) -> None:
    ended = action(rules="nowhere", format="sarif")
    assert (ended.code, dict(ended.outputs)) == (2, {})


HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned; #",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "rules && touch pwned",
    "| touch pwned",
    "\ntouch pwned\n",
    "--config=pwned",
    "--output=pwned",
    "-opwned",
    "${{ github.token }}",
    "*",
    "x\nreport=pwned",
    "a[$(touch pwned)]",
]


@pytest.mark.parametrize(
    "name",
    [
        "command",
        "rules",
        "targets",
        "config",
        "filters",
        "format",
        "report",
        "strict",
        "checked",
        "output",
    ],
)
@pytest.mark.parametrize("value", HOSTILE)
def test_no_input_is_executed(action: Action, project: Path, name: str, value: str) -> None:
    """Whatever stands in an input, trident gets it as that option's value, or does not run."""
    command = "build" if name in ("output", "strict") else "check"
    before = {path.name for path in project.parent.rglob("*")}
    ended = action(record=True, **{"command": command, name: value})
    made = {path.name for path in project.parent.rglob("*")} - before
    assert "pwned" not in made
    assert ended.outputs.get("report", "").find("\n") == -1
    lines = [line for line in value.replace("\r", "").split("\n") if line.strip()]
    for call in ended.calls[2:]:
        options, _, rules = "\0".join(call[2:]).partition("\0--\0")
        if name == "rules":
            assert rules.split("\0") == lines
        else:
            assert rules == "rules"
        known = {"format", "output", "check", "config", "filter", "target", "strict", "unchecked"}
        assert all(re.match(rf"--({'|'.join(known)})(=|$)", o) for o in options.split("\0"))


def test_every_path_is_in_the_workspace(action: Action, project: Path) -> None:
    """Written upwards, absolute, through a link to a folder, a file or nothing yet: nothing outside
    is read or written. What stays inside is, links included."""
    outside = project.parent / "outside"
    outside.mkdir()
    (outside / "rule.yml").write_text(CLEAN)
    beside = project.parent / f"{project.name}-beside"
    beside.mkdir()
    (project / "folder").symlink_to(outside)
    (project / "file.yml").symlink_to(outside / "rule.yml")
    (project / "new.xml").symlink_to(outside / "new.xml")
    (project / "here").symlink_to(project / "rules")
    reached = ["../../..", "../outside", str(outside), "folder", "rules/../../outside", str(beside)]
    hostile = [
        *(("report", place) for place in [*(f"{each}/r.xml" for each in reached), "new.xml"]),
        *(("rules", place) for place in [*reached, "rules\n../outside", "file.yml", "folder/*"]),
        *(("output", place) for place in reached),
        *(("config", f"{each}/trident.yml") for each in reached),
    ]
    before = sorted(project.parent.rglob("*"))
    for name, place in hostile:
        command = "build" if name == "output" else "check"
        ended = action(record=True, **{"command": command, name: place})
        assert (ended.code, ended.outputs) == (2, {}), (name, place)
        assert f"{name} is outside of the workspace" in ended.log
        assert [call[0] for call in ended.calls] == ["python", "python"]
    assert action(record=True, cwd="../outside").code == 2
    written = [each for each in project.parent.rglob("*") if each not in before]
    assert {each.name for each in written} <= {"outputs", "calls"}

    ended = action(rules="here", format="junit", report="here/../out.xml", checked="false")
    assert (ended.code, (project / "out.xml").is_file()) == (0, True), ended.log


def test_a_report_without_control_characters(action: Action) -> None:
    """What stands in ``GITHUB_OUTPUT`` is one line, whatever the runner takes for its end."""
    for control in "\n\r\x0b\x1b":
        ended = action(record=True, report=f"x{control}y")
        assert (ended.code, ended.outputs) == (2, {})


def test_options_exist(trident: Trident) -> None:
    """What the scripts, hooks and pages write is an option of that command."""
    script = (ROOT / ".ci" / "action.sh").read_text("utf-8")
    named = set(re.findall(r"--([a-z-]+)", script)) - {""}
    helps = {name: trident(name, "--help").out for name in ("check", "build", "verify")}
    for option in named - {"option"}:
        assert any(f"--{option}" in text for text in helps.values()), option
    for shared in ("format", "config", "filter"):
        assert all(f"--{shared}" in text for text in helps.values())
    formats = ACTION["inputs"]["format"]["description"]
    for form in ("github", "text", "json", "junit", "sarif"):
        assert form in formats
        assert all(form in text for text in helps.values())
    for hook in HOOKS:
        _, command, *options = hook["entry"].split()
        assert all(option in helps[command] for option in options)


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_hooks(trident: Trident, project: Path, hook: Mapping[str, Any]) -> None:
    """Each hook's command, on a project where it passes and where it does not."""
    program, *arguments = [*hook["entry"].split(), *hook["args"]]
    assert program == "trident"
    assert hook["pass_filenames"] is False
    trident("build", cwd=project)
    assert trident(*arguments, cwd=project).code == 0
    write(project, rules__door=hunt("door"))
    assert trident(*arguments, cwd=project).code == 1


def test_the_hooks_are_check_and_build() -> None:
    entries = {hook["id"]: hook["entry"] for hook in HOOKS}
    assert entries == {
        "trident-check": "trident check",
        "trident-build-check": "trident build --check",
    }


def test_the_example_workflow_uses_inputs_that_exist() -> None:
    used = [
        step
        for job in WORKFLOW["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("your-org/trident@")
    ]
    assert {step["with"]["command"] for step in used} == {"check", "build", "verify"}
    for step in used:
        assert set(step["with"]) <= set(ACTION["inputs"])


VENDORED = [
    ("vendor.github-actions", "action.yml"),
    ("vendor.github-workflows", "docs/examples/workflow.yml"),
]


@pytest.mark.parametrize(("schema", "file"), VENDORED)
def test_github_schemas(schema: str, file: str) -> None:
    if find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema is not installed")
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        schema,
        str(ROOT / file),
    ]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
