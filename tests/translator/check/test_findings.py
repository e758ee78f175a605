"""Each check finds its fault, at its line, and nothing else (findings.yml)."""

from __future__ import annotations

from importlib import import_module
from inspect import getsource
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.translator.check.conftest import CLEAN, Checked
from trident.app.check.conventions import conventions
from trident.base.diagnostics import Severity, codes

CASES = yaml.safe_load(Path(__file__).with_name("findings.yml").read_text("utf-8"))


def changed(change: dict[str, str]) -> str:
    text = CLEAN
    for old, new in change.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_case(case: dict[str, Any], checked: Checked) -> None:
    text = changed(case["change"])
    found = checked(text)
    assert [(each.code, each.span.line) for each in found] == [
        (code, line) for code, line, _ in case["found"]
    ], found
    for each, (_, _, words) in zip(found, case["found"], strict=True):
        assert words in f"{each.message} {each.hint}"


def test_every_convention_has_a_case() -> None:
    cased = {code for case in CASES for code, _, _ in case["found"]}
    elsewhere = {
        "TRI603",
        "TRI604",
        "TRI626",
        "TRI640",
        "TRI641",
        "TRI642",
        "TRI647",
        "TRI649",
        "TRI680",
        "TRI681",
        "TRI690",
        "TRI691",
    }
    assert {code for code in codes() if code.startswith("TRI6")} - cased == elsewhere


def test_modifier_given_twice(checked: Checked) -> None:
    text = changed({"CommandLine|contains: ' -enc '": "CommandLine|wide|wide|base64: abc"})
    assert [(each.code, each.span.line) for each in checked(text)] == [("TRI626", 16)]


@pytest.mark.parametrize(("length", "found"), [(120, []), (121, ["TRI604"])])
def test_longest_title(length: int, found: list[str], checked: Checked) -> None:
    text = changed({"title: Encoded PowerShell": f"title: {'T' * length}"})
    assert [each.code for each in checked(text)] == found


def test_conventions_are_warnings(checked: Checked) -> None:
    (found,) = checked(changed({"attack.t1059.001": "attack.t9999"}))
    assert found.severity is Severity.WARNING


def test_titles_across_files(checked: Checked) -> None:
    second = CLEAN.replace("6a29edbe", "6a29edbf")
    (found,) = checked(CLEAN, second)
    assert (found.code, Path(found.span.file).name) == ("TRI603", "rule2.yml")
    assert "rule1.yml:1:1" in found.message


def test_ids_across_files(checked: Checked) -> None:
    found = checked(CLEAN, CLEAN.replace("Encoded", "Hidden"))
    assert [(each.code, each.severity) for each in found] == [("TRI103", Severity.ERROR)]


def test_every_finding_of_the_listed_validators_has_a_row() -> None:
    rows = conventions()["issues"]
    for module_name, names in conventions()["validators"].items():
        module = import_module(f"sigma.validators.core.{module_name}")
        for name in names:
            kinds = getattr(module, name).__mro__
            source = "".join(map(getsource, (kind for kind in kinds if kind is not object)))
            made = {
                each for each in vars(module) if each.endswith("Issue") and f"{each}(" in source
            }
            assert made <= set(rows), name
    assert {row["code"] for row in rows.values()} <= set(codes())
