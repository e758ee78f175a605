"""Findings of ``build`` and ``verify`` in each format, and in the manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.translator.check.test_reports import sarif_validator
from tests.translator.conftest import Ran, Trident, base, count, hunt, write
from trident.app.report import junit, sarif
from trident.app.report.report import Report
from trident.app.verify import report as verified
from trident.app.verify.compare import Observed, Verdict
from trident.app.verify.session import Log, Result
from trident.app.verify.session import Report as Verified
from trident.base.diagnostics import Severity
from trident.rule.plan import Identity, Span
from trident.rule.planner import Planned

REFUSED = hunt("door").replace("group-by: [Computer]", "group-by: [NoSuchField]")


def build(trident: Trident, folder: Path, form: str, *options: str) -> Ran:
    return trident("build", "--format", form, *options, cwd=folder)


def results(ran: Ran) -> list[tuple[str, str]]:
    """Codes and levels of a SARIF log that its schema accepts."""
    assert list(sarif_validator().iter_errors(ran.json)) == []
    (run,) = ran.json["runs"]
    assert run["automationDetails"]["id"] == "trident/build/"
    return [(each["ruleId"], each["level"]) for each in run["results"]]


def test_sarif(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__door=hunt("door"))
    assert results(build(trident, tmp_path, "sarif")) == []
    write(tmp_path, rules__door=REFUSED)
    ran = build(trident, tmp_path, "sarif")
    assert ran.code == 0
    assert set(results(ran)) == {("TRI202", "warning")}
    assert "kql sentinel" in ran.json["runs"][0]["results"][0]["message"]["text"]
    write(tmp_path, rules__broken=count("nobody"))
    ran = build(trident, tmp_path, "sarif", "--check")
    assert ran.code == 1
    assert set(results(ran)) == {("TRI202", "warning"), ("TRI102", "error")}
    (tmp_path / "rules" / "broken.yml").write_text(hunt("other"))
    ran = build(trident, tmp_path, "sarif", "--check")
    assert ran.code == 1
    assert ("TRI507", "error") in results(ran)
    places = [each["locations"][0]["physicalLocation"] for each in ran.json["runs"][0]["results"]]
    assert "dist/manifest.json" in {place["artifactLocation"]["uri"] for place in places}


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 1)])
def test_junit_fails_as_the_command_does(
    trident: Trident, tmp_path: Path, strict: bool, code: int
) -> None:
    write(tmp_path, rules__door=REFUSED, rules__fine=hunt("fine"))
    ran = build(trident, tmp_path, "junit", *(["--strict"] if strict else []))
    assert ran.code == code
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(ran.out)}
    refused = suites["rules/door.yml"]
    counted = {"failures": refused.get("failures"), "skipped": refused.get("skipped")}
    number = refused.get("tests")
    assert counted == (
        {"failures": number, "skipped": "0"} if strict else {"failures": "0", "skipped": number}
    )
    assert suites["rules/fine.yml"].get("failures") == "0"


def test_json_and_github(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__door=REFUSED)
    found = build(trident, tmp_path, "json").json
    assert (found["command"], found["files"]) == ("build", 1)
    assert {each["code"] for each in found["findings"]} == {"TRI202"}
    lines = build(trident, tmp_path, "github", "--check").out.splitlines()
    assert len(lines) == len(found["findings"])
    assert all(line.startswith("::warning file=rules/door.yml,line=") for line in lines)


def test_text_has_no_product(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__door=REFUSED)
    ran = build(trident, tmp_path, "text")
    assert ran.out == ""
    assert "TRI202" in ran.err


def test_the_manifest_has_what_was_found_about_artifacts(trident: Trident, tmp_path: Path) -> None:
    """A rule without id gets its queries, and no artifact in any SIEM that would deploy one."""
    unnamed = "\n".join(line for line in count().splitlines() if not line.startswith("id:"))
    tagged = f"{count('other')}tags: [attack.nonsense]\n"
    write(
        tmp_path, rules__door=f"{base()}---\n{unnamed}\n", rules__b=f"{base('other')}---\n{tagged}"
    )
    ran = trident("build", cwd=tmp_path)
    assert ran.code == 0
    manifest = json.loads((tmp_path / "dist" / "manifest.json").read_text())
    found: dict[Any, Any] = {
        (each["rule"]["name"], each["profile"]): {
            (finding["code"], finding["severity"]) for finding in each["findings"]
        }
        for each in manifest["translations"]
        if each["target"] == "kql"
    }
    assert found["many_base", "sentinel"] == {("TRI508", "warning")}
    assert ("TRI509", "warning") in found["many_other", "sentinel"]
    assert ran.err.count("TRI508") == 1


def verdicts(*observed: Observed) -> Verified:
    """A verification of one rule with these outcomes."""
    rule = Identity("rule", "Rule", None, Span("rules/a.yml", 3, 1))
    planned = Planned(rule, None, None, ())  # type: ignore[arg-type]
    group = frozenset({(("a",), 1)})
    results = [
        Result(planned, "kql", "sentinel", "exact", [
            (Log((), 0, "a.events.yml"), Verdict(each, missing=group, problem="why \x1b[31m")),
        ])
        for each in observed
    ]  # fmt: skip
    return Verified(results)


def test_verify() -> None:
    report = verified.findings(verdicts(*Observed), ())
    assert [(each.code, each.severity) for each in report.diagnostics] == [
        ("TRI771", Severity.ERROR),
        ("TRI772", Severity.ERROR),
    ]
    assert report.diagnostics[0].span == Span("rules/a.yml", 3, 1)
    assert "kql sentinel on a.events.yml: 1 missing, 0 extra" in report.diagnostics[0].message
    assert list(sarif_validator().iter_errors(json.loads(sarif.render(report)))) == []


EVENTS = """\
now: 2026-01-15T12:00:00Z
start: -2h
sources:
  started: {category: process_creation, product: windows, fields: {CommandLine: evil}}
scenes:
  - why: one is enough
    events: [{at: +0s, started: {Computer: a}}]
    alerts: [{at: +0s, group: [a]}]
"""


@pytest.mark.parametrize("form", ["sarif", "github"])
def test_the_verify_command(trident: Trident, tmp_path: Path, form: str) -> None:
    """An expectation that the definition does not have is a finding at the rule."""
    write(tmp_path, rules__door=hunt("door"))
    tests = tmp_path / "rules" / "door.events.yml"
    options = ("rules", "-t", "spl", "--profile", "windows_ta", "--format", form)
    tests.write_text(f"rule: many_door\n{EVENTS}", "utf-8")
    ran = trident("verify", *options, cwd=tmp_path)
    assert ran.code == 0
    assert not (ran.out if form == "github" else ran.json["runs"][0]["results"])
    tests.write_text(f"rule: many_door\n{EVENTS}".replace("group: [a]", "group: [b]"), "utf-8")
    ran = trident("verify", *options, cwd=tmp_path)
    assert ran.code == 1
    if form == "github":
        assert ran.out.startswith("::error file=rules/door.yml,line=8,col=1,title=TRI771::")
    else:
        assert list(sarif_validator().iter_errors(ran.json)) == []
        assert {each["ruleId"] for each in ran.json["runs"][0]["results"]} == {"TRI771"}


def test_tolerated_findings_are_skipped() -> None:
    report = verified.findings(verdicts(Observed.DIFFERS), ())
    tolerant = Report("x", report.diagnostics, (), frozenset({Severity.ERROR}))
    (suite,) = ElementTree.fromstring(junit.render(tolerant))
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")
