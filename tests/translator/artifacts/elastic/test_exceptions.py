"""Sigma filters that are off as exception lists: made where they mean the same, else reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.translator.artifacts.elastic.conftest import Built, build
from tests.translator.conftest import hunt, write
from trident.app.input.config import Config

FILTER = """\
title: Left Out
id: 35a4bc92-3f25-52cf-a08f-1d1327aa3856
name: left_out
logsource: {{product: windows}}
filter:
  rules: [base]
  selection: {selection}
  condition: {condition}
"""


def made(tmp_path: Path, selection: str, condition: str = "not selection", **more: Any) -> Built:
    """The build of a hunt beside a filter."""
    filters = FILTER.format(selection=selection, condition=condition)
    rules = write(tmp_path, rule=more.pop("rule", hunt()), filters__left_out=filters)
    return build(rules, Config(**more))


def items(built: Built, place: str = "eql/integrations") -> list[list[Any]]:
    """The entries of each item: field, type, value."""
    lines = [json.loads(each) for each in built.files[f"{place}/exceptions.ndjson"].splitlines()]
    return [
        [(entry["field"], entry["type"], entry["value"]) for entry in each["entries"]]
        for each in lines
        if "entries" in each
    ]


SAME: list[tuple[str, list[list[Any]], str]] = [
    ("{ProcessId: 7}", [[("process.pid", "match", "7")]], "a number"),
    ("{Computer: PC-1}", [[("host.name", "match", "pc-1")]], "the integration lower-cases it"),
    ("{User|cased: Ann}", [[("user.name", "match", "Ann")]], "as it is written"),
    (
        "{Computer: [a, b]}",
        [[("host.name", "match_any", ["a", "b"])]],
        "alternatives of one field",
    ),
    (
        "{Computer: [a, b], ProcessId: 7}",
        [[("host.name", "match_any", ["a", "b"]), ("process.pid", "match", "7")]],
        "all of them",
    ),
    (
        "[{Computer: a}, {ProcessId: 7}]",
        [[("host.name", "match", "a")], [("process.pid", "match", "7")]],
        "any of them",
    ),
]


@pytest.mark.parametrize(("selection", "wanted", "why"), SAME)
def test_the_same(tmp_path: Path, selection: str, wanted: list[Any], why: str) -> None:
    built = made(tmp_path, selection)
    assert items(built) == wanted, why
    refused = [each for each in built.diagnostics if each.code == "TRI752"]
    assert not [each for each in refused if "profile integrations" in each.message]


DIFFERENT = [
    ("{User: ann}", "not selection", "ignores case"),
    ("{User|contains: ann}", "not selection", "ignores case"),
    ("{ProcessId|gt: 7}", "not selection", "gt"),
    ("{Computer: a}", "selection", "what is kept"),
    ("{Computer: a}", "not (not selection)", "negates a part"),
    ("{Nonsense: a}", "not selection", "Nonsense"),
    # counted before any is made
    (
        "[{Computer|cased: a}, {ProcessId: 7}]",
        f"not ({' and '.join(['selection'] * 40)})",
        f"{2**40} alternatives",
    ),
]


@pytest.mark.parametrize(("selection", "condition", "reason"), DIFFERENT)
def test_not_the_same(tmp_path: Path, selection: str, condition: str, reason: str) -> None:
    built = made(tmp_path, selection, condition)
    assert "eql/integrations/exceptions.ndjson" not in built.files
    found = [each for each in built.diagnostics if each.code == "TRI752"]
    assert found
    assert reason in found[0].message
    assert found[0].span.file.endswith("left_out.yml")


def test_a_filter_of_one_base_rule_of_two(tmp_path: Path) -> None:
    """An exception would take the other rule's events out, too."""
    two = hunt().replace("rules: [base]", "rules: [base, more]").replace("gte: 1", "gte: 2")
    two = two.replace("many_base", "both")
    more = hunt("more").split("---")[0]
    built = made(tmp_path, "{Computer: a}", rule=f"{two}---\n{more}")
    assert "esql/integrations/exceptions.ndjson" not in built.files
    assert any("leaves more alone" in each.message for each in built.diagnostics)


def test_data_sets_that_name_the_field_differently(tmp_path: Path) -> None:
    """One exception would not take both rules' events out."""
    other = hunt("more").split("---")[0].replace("category: process_creation", "service: security")
    other = other.replace('CommandLine|contains: "evil"', "EventID: 4720")
    two = hunt().replace("rules: [base]", "rules: [base, more]").replace("gte: 1", "gte: 2")
    filters = FILTER.format(selection="{Computer|cased: a}", condition="not selection")
    filters = filters.replace("[base]", "any")
    built = build(write(tmp_path, rule=f"{two}---\n{other}", filters__left_out=filters))
    assert built.rules("esql/integrations")
    assert "esql/integrations/exceptions.ndjson" not in built.files
    assert any("other fields" in each.message for each in built.diagnostics)


def test_the_shipped_filters_wait_for_the_site(shipped: Built) -> None:
    """Without values of their placeholders they are nothing yet, and nothing to report."""
    assert not [path for path in shipped.files if path.endswith("exceptions.ndjson")]
    assert not [each for each in shipped.diagnostics if each.code == "TRI752"]


def test_a_shipped_filter_with_values(root: Path) -> None:
    built = build(
        root / "rules", Config(placeholders={"bulk_image_machines": ("10.0.0.5", "10.0.0.6")})
    )
    text = built.files["esql/integrations/exceptions.ndjson"]
    container, item, details = map(json.loads, text.splitlines())
    assert container["type"] == "detection"
    assert container["description"].endswith(
        "For: Abnormally Large JPEG File Downloaded from New Source."
    )
    assert item["list_id"] == container["list_id"]
    assert item["entries"] == [
        {
            "field": "source.ip",
            "operator": "included",
            "type": "match_any",
            "value": ["10.0.0.5", "10.0.0.6"],
        }
    ]
    assert details["exported_exception_list_item_count"] == 1
    rules = [each for place in ("eql", "esql") for each in built.rules(f"{place}/integrations")]
    assert not [each for each in rules if "exceptions_list" in each], "a filter is off by default"


def test_a_filter_that_is_on_is_in_the_query(tmp_path: Path) -> None:
    """A filter beside the rules needs no exception."""
    rule = f"{hunt()}---\n{FILTER.format(selection='{Computer: a}', condition='not selection')}"
    built = build(write(tmp_path, rule=rule))
    assert "eql/integrations/exceptions.ndjson" not in built.files
    assert 'host.name : "a"' in built.rules("eql/integrations")[0]["query"]
