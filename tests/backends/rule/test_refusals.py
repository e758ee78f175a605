"""What has no meaning is refused with its code, at its line (refusals.yml)."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml

from trident.app.input.load import document
from trident.app.input.yamltext import YamlDocument, read_documents
from trident.base.diagnostics import Diagnostic, codes
from trident.rule.planner import plan_all
from trident.rule.rules import Ruleset

TABLE = yaml.safe_load(Path(__file__).with_name("refusals.yml").read_text("utf-8"))
BASES = "".join(
    f"title: {name}\n"
    f"name: {name}\n"
    "logsource: {category: test}\n"
    f"detection: {{s: {{tag|contains: {name}}}, condition: s}}\n"
    "---\n"
    for name in "abcd"
)
HEAD = "title: rule\nname: rule\n"
MARK = re.compile(r"#.*(TRI\d{3})")
ABOUT_FILTERS = {"TRI111", "TRI114"}
ABOUT_PIPELINES = {f"TRI12{number}" for number in range(7)}
"""Their cases stand in tests/translator/input/test_pipelines.py."""
ABOUT_SIZE = {"TRI118"}
"""Its cases stand in tests/hostile/test_bounds.py."""
ABOUT_READING = {"TRI115", "TRI116", "TRI117"}
"""Their cases stand in misread.yml, legacy.yml and tests/translator/check/findings.yml."""


def text_of(case: dict[str, Any]) -> str:
    if "text" in case:
        return f"{BASES}{case['text']}"
    parts = [BASES, HEAD, "correlation:\n", indent(case["correlation"], "  ")]
    if "trident" in case:
        parts += ["trident:\n", indent(case["trident"], "  ")]
    return "".join([*parts, case.get("text_after", "")])


def marks(text: str) -> list[tuple[str, int]]:
    """The codes in comments, with their lines."""
    lines = enumerate(text.split("\n"), 1)
    return [(mark[1], number) for number, line in lines if (mark := MARK.search(line))]


def diagnostics(text: str) -> list[Diagnostic]:
    documents = []
    for parsed in read_documents(text, "rules.yml"):
        assert isinstance(parsed, YamlDocument)
        documents.append(document(parsed))
    ruleset = Ruleset.from_documents(documents)
    planned = [found for each in plan_all(ruleset) for found in each.diagnostics]
    return [*ruleset.diagnostics, *planned]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["why"])
def test_code_and_line(case: dict[str, Any]) -> None:
    text = text_of(case)
    expected = marks(text)
    found = diagnostics(text)
    assert expected
    assert sorted((each.code, each.span.line) for each in found) == sorted(expected)
    assert {each.span.file for each in found} == {"rules.yml"}
    assert {str(each.severity) for each in found} == {case.get("severity", "error")}
    assert any(case.get("says", "") in each.message for each in found), found
    assert all(each.hint for each in found)


def test_every_code_about_rules_has_a_case() -> None:
    marked = {code for case in TABLE for code, _ in marks(text_of(case))}
    assert {code for code in codes() if code.startswith("TRI1")} - marked == (
        ABOUT_FILTERS | ABOUT_PIPELINES | ABOUT_READING | ABOUT_SIZE
    )
