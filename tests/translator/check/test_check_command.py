"""``trident check`` at the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.translator.check.conftest import CLEAN
from tests.translator.conftest import Trident
from trident.app.commands.options import FORMATS
from trident.app.report import formats

UNKNOWN = CLEAN.replace("attack.t1059.001", "attack.t9999")


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    """A rule with one finding."""
    file = tmp_path / "rule.yml"
    file.write_text(UNKNOWN, encoding="utf-8")
    return file


def test_findings_on_stdout_and_a_count_on_stderr(trident: Trident, rule: Path) -> None:
    ran = trident("check", "rule.yml", cwd=rule.parent)
    assert ran.code == 1
    assert ran.out == (
        "rule.yml:10:5: TRI650 warning: attack.t9999 is not in the table"
        " (Enterprise 19, ICS 18.1)\n"
        "   10 |   - attack.t9999\n"
        "      |     ^\n"
        "    help: correct the tag; one from a newer ATT&CK than the table can be ignored\n"
    )
    # Where a parser is not installed, a line before it says so.
    assert ran.err.splitlines()[-1] == "1 finding in 1 file: 1 TRI650"


def test_nothing_found(trident: Trident, rule: Path) -> None:
    rule.write_text(CLEAN)
    ran = trident("check", rule, "--unchecked")
    assert (ran.code, ran.out, ran.err) == (0, "", "no findings in 1 file\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--ignore", "TRI650"), 0),
        (("--ignore", "TRI6"), 0),
        (("--ignore", "tri601,TRI65"), 0),
        (("--select", "TRI1"), 0),
        (("--select", "TRI1", "--select", "TRI650"), 1),
        (("--select", "TRI650", "--ignore", "TRI6"), 1),  # the longest decides
        (("--select", "TRI6", "--ignore", "TRI6"), 0),
        (("--ignore", "TRI777"), 2),
        (("--select", ""), 2),
    ],
)
def test_selection(arguments: tuple[str, ...], code: int, trident: Trident, rule: Path) -> None:
    assert trident("check", rule, *arguments).code == code


@pytest.mark.parametrize(
    ("config", "arguments", "code"),
    [
        ("check: {ignore: [TRI650]}", (), 0),
        ("check: {select: TRI1}", (), 0),
        ("check: {select: TRI1}", ("--select", "TRI6"), 1),
        ("check: {ignore: [TRI601]}", ("--ignore", "TRI650"), 0),
        ("check: {ignore: [TRI999]}", (), 2),
        ("check: {ignored: [TRI650]}", (), 2),
        ("check: {ignore: {a: b}}", (), 2),
    ],
)
def test_selection_of_trident_yml(
    config: str, arguments: tuple[str, ...], code: int, trident: Trident, rule: Path
) -> None:
    rule.with_name("trident.yml").write_text(config)
    assert trident("check", "rule.yml", *arguments, cwd=rule.parent).code == code


def test_profiles_of_trident_yml(trident: Trident, rule: Path) -> None:
    rule.write_text(CLEAN.replace("CommandLine", "NoSuchField"))
    rule.with_name("trident.yml").write_text("profiles: {kql: defender}")
    ran = trident("check", "rule.yml", "-t", "kql", cwd=rule.parent)
    assert "(kql defender)" in ran.out


def test_stdin(trident: Trident) -> None:
    ran = trident("check", "-", stdin=UNKNOWN)
    assert ran.code == 1
    assert ran.out.startswith("<stdin>:10:5: TRI650")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_formats(form: str, trident: Trident, rule: Path) -> None:
    ran = trident("check", rule, "--format", form)
    assert ran.code == 1
    assert "TRI650" in ran.out
    if form in ("json", "sarif"):
        json.loads(ran.out)
    if form == "junit":
        ElementTree.fromstring(ran.out)
    again = trident("check", rule, "--format", form)
    assert again.out == ran.out


def test_every_format_is_offered() -> None:
    assert set(FORMATS) == set(formats.FORMATS)


def test_output_file(trident: Trident, rule: Path) -> None:
    ran = trident("check", rule, "--format", "sarif", "-o", rule.with_name("found.sarif"))
    assert (ran.code, ran.out) == (1, "")
    assert json.loads(rule.with_name("found.sarif").read_text())["version"] == "2.1.0"


def test_usage_errors(trident: Trident, rule: Path, tmp_path: Path) -> None:
    assert trident("check", tmp_path / "gone").code == 2
    assert trident("check", rule, "-t", "xyz").code == 2
    (tmp_path / "empty").mkdir()
    ran = trident("check", tmp_path / "empty")
    assert ran.code == 2
    assert "TRI505" in ran.err


def test_the_shipped_rules_have_no_error(trident: Trident, root: Path) -> None:
    ran = trident("check", root / "rules", "--format", "json", "--ignore", "TRI3", "--unchecked")
    assert {each["severity"] for each in ran.json["findings"]} <= {"warning"}
