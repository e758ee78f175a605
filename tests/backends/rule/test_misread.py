"""What YAML reads otherwise than a rule's file shows it (misread.yml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from trident.app.input.load import load
from trident.base.diagnostics import Diagnostic, Severity
from trident.rule.rules import Ruleset

TABLE = yaml.safe_load(Path(__file__).with_name("misread.yml").read_text("utf-8"))
FORMS = {
    "detection": "title: a\nlogsource: {{category: test}}\ndetection:\n  s:\n    {item}\n"
    "  condition: s\n",
    "filter": "title: a\nlogsource: {{category: test}}\nfilter:\n  rules: any\n  s:\n    {item}\n"
    "  condition: not s\n",
    "global": "action: global\ndetection:\n  s:\n    {item}\n  condition: s\n---\n"
    "title: a\nlogsource: {{category: test}}\n",
}


def read(folder: Path, text: str) -> tuple[list[Diagnostic], bool]:
    """The diagnostics of a file, and whether a rule or filter came of it."""
    file = folder / "rule.yml"
    file.write_text(text, "utf-8")
    loaded = load([str(file)])
    ruleset = Ruleset.from_documents(loaded.documents)
    found = [*loaded.diagnostics, *ruleset.diagnostics]
    return found, bool(ruleset.rules or ruleset.filters)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "case", TABLE, ids=lambda case: f"{case.get('key', 'f')}: {case['written']}"
)
def test_value(tmp_path: Path, form: str, case: dict[str, Any]) -> None:
    item = f"{case.get('key', 'f')}: {case['written']}"
    text = FORMS[form].format(item=item)
    found, loaded = read(tmp_path, text)
    about = [each for each in found if each.code == "TRI115"]
    assert [each for each in found if each.code not in ("TRI114", "TRI115")] == []
    assert loaded is (case["found"] != "error")
    if case["found"] == "nothing":
        assert about == []
        return
    (finding,) = about
    wanted = Severity.ERROR if case["found"] == "error" else Severity.WARNING
    assert finding.severity is wanted
    assert case["says"] in finding.message
    assert all(part in finding.hint for part in case.get("help", "").split(" or "))
    line = text.splitlines()[finding.span.line - 1]
    assert line.lstrip().startswith(f"{case.get('key', 'f')}: ")


@pytest.mark.parametrize(
    "line",
    ["date: 2026-01-31", "author: on", "falsepositives: [0x100]", "description: |\n  a\n  b"],
)
def test_only_what_is_compared(tmp_path: Path, line: str) -> None:
    found, _ = read(tmp_path, FORMS["detection"].format(item="f: a") + line + "\n")
    assert not [each for each in found if each.code == "TRI115"]


def test_each_place_of_a_value_is_said(tmp_path: Path) -> None:
    item = "f: [0x10, 0x20]\n    g: on"
    found, _ = read(tmp_path, FORMS["detection"].format(item=item))
    assert [(each.span.line, each.span.column) for each in found] == [(5, 9), (5, 15), (6, 8)]


def test_it_is_said_beside_the_error_that_it_makes(tmp_path: Path) -> None:
    found, _ = read(tmp_path, FORMS["detection"].format(item="f|contains: 0x100"))
    assert [each.code for each in found] == ["TRI115", "TRI101"]


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    found, _ = read(tmp_path, FORMS["detection"].format(item="f: 0x" + "1" * 500))
    assert all(len(each.message) < 1_000 for each in found)
