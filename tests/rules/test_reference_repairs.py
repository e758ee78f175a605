"""The two reference queries, their repairs, and the difference that each repair makes when run.

``reference/repairs.yml`` holds the replacements and the events. Executed on duckdb-kql; bound by
Microsoft's parser against the published table schemas.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from trident.meaning.events import SECOND, to_micros

FOLDER = Path(__file__).with_name("reference")
FIXTURES: dict[str, Any] = yaml.safe_load((FOLDER / "repairs.yml").read_text("utf-8"))
SOURCES = {"steganography": "upstream_stego.yaml", "large_jpeg": "upstream_jpeg.yaml"}
NOW = to_micros(dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC))
UNITS = {"us": 1, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86400 * SECOND}
HUNTS = sorted(FIXTURES)
REPAIRS = [(hunt, repair["number"]) for hunt in HUNTS for repair in FIXTURES[hunt]["repairs"]]


def reference(hunt: str) -> str:
    return (FOLDER / f"{hunt}.kql").read_text("utf-8")


def repaired(hunt: str) -> str:
    return (FOLDER / f"{hunt}.repaired.kql").read_text("utf-8")


def rewritten(hunt: str, *, without: int | None = None) -> str:
    """The reference with the mechanical changes and all repairs but one."""
    fixture, text = FIXTURES[hunt], reference(hunt)
    repairs = [repair for repair in fixture["repairs"] if repair["number"] != without]
    for step in (*fixture["mechanical"], *repairs):
        for old, new in step["changes"]:
            assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
            text = text.replace(old, new)
    return text


def bare(query: str) -> list[str]:
    """The query's words: no comments, no layout. (Neither query has // in a string.)"""
    return re.sub(r"//.*", "", query).split()


def repair_of(hunt: str, number: int) -> dict[str, Any]:
    return next(repair for repair in FIXTURES[hunt]["repairs"] if repair["number"] == number)


def age(text: str) -> int:
    """``30d1us`` or ``-1us`` in microseconds."""
    assert re.fullmatch(r"-?(\d+(us|[smhd]))+", text)
    total = sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)(us|[smhd])", text))
    return -total if text.startswith("-") else total


def rows_of(hunt: str, case: dict[str, Any], *, backwards: bool = False) -> dict[str, Any]:
    fixture = FIXTURES[hunt]
    loaded = {}
    for table, listed in case["rows"].items():
        shared = {
            name: value
            for name, value in fixture["defaults"].items()
            if name in fixture["tables"][table]
        }
        loaded[table] = [
            {**shared, **{k: v for k, v in row.items() if k != "ago"}}
            | {fixture["time"]: NOW - age(row["ago"])}
            for row in listed
        ][:: -1 if backwards else 1]
    return loaded


def run(engine: Any, hunt: str, query: str, rows: dict[str, Any], *shows: str) -> list[Any]:
    """The columns that identify a row, in a fixed order; several rows may look alike."""
    engine.load(rows)
    found = engine.run(query, NOW)
    return sorted([row[name] for name in shows or FIXTURES[hunt]["shows"]] for row in found)


CASES = [
    pytest.param(hunt, number, case, id=f"{hunt}-{number}-{case['why'][:40]}")
    for hunt, number in REPAIRS
    for case in repair_of(hunt, number)["cases"]
]


@pytest.fixture
def engine(kql_engine: Any) -> Any:
    return lambda hunt: kql_engine(FIXTURES[hunt]["tables"])


@pytest.mark.parametrize("hunt", HUNTS)
def test_reference_is_verbatim(hunt: str, shared: Path) -> None:
    source = (shared / "reference" / SOURCES[hunt]).read_text("utf-8")
    assert reference(hunt) == yaml.safe_load(source)["query"]


@pytest.mark.parametrize("hunt", HUNTS)
def test_repaired_differs_by_the_listed_changes_alone(hunt: str) -> None:
    assert bare(repaired(hunt)) == bare(rewritten(hunt))


@pytest.mark.parametrize(("hunt", "number"), REPAIRS)
def test_repair_is_marked_and_documented(hunt: str, number: int, root: Path) -> None:
    assert f"// repair {number}: " in repaired(hunt)
    section = (root / "docs" / "reference-hunts.md").read_text("utf-8")
    section = section.split(f"### Repairs: {hunt}.kql", 1)[1].split("\n##", 1)[0]
    assert f"\n{number}. " in section


@pytest.mark.parametrize(("hunt", "number", "case"), CASES)
def test_repair_changes_what_it_says(engine: Any, hunt: str, number: int, case: Any) -> None:
    before, after = rewritten(hunt, without=number), repaired(hunt)
    rows, reversed_rows = rows_of(hunt, case), rows_of(hunt, case, backwards=True)
    target = engine(hunt)
    assert run(target, hunt, before, rows) == sorted(case["before"])
    assert run(target, hunt, after, rows) == sorted(case["after"])
    assert run(target, hunt, after, reversed_rows) == sorted(case["after"])
    if "before_reversed" in case:
        assert run(target, hunt, before, reversed_rows) == sorted(case["before_reversed"])
    if "step" in case:
        for query, found in ((before, "step_before"), (after, "step_after")):
            step = query[: query.rindex("\nWebMailUsage")] + "\n" + case["step"]
            names = [[name] for name in case[found]]
            assert run(target, hunt, step, rows, "FileName") == sorted(names)
    else:
        assert case["before"] != case["after"]


@pytest.mark.parametrize(
    ("hunt", "case"),
    [
        pytest.param(hunt, case, id=f"{hunt}-{case['why'][:40]}")
        for hunt in HUNTS
        for case in FIXTURES[hunt]["kept"]
    ],
)
def test_no_repair_touches_what_was_meant(engine: Any, hunt: str, case: Any) -> None:
    rows = rows_of(hunt, case)
    assert run(engine(hunt), hunt, repaired(hunt), rows) == sorted(case["after"])


@pytest.mark.parametrize("hunt", HUNTS)
@pytest.mark.parametrize("profile", ["sentinel", "defender"])
def test_both_forms_bind(kql_binder: Any, hunt: str, profile: str, shared: Path) -> None:
    schema = json.loads((shared / "data" / "kql_tables.json").read_text("utf-8"))[profile]
    first, second = kql_binder(reference(hunt), schema), kql_binder(repaired(hunt), schema)
    if hunt == "large_jpeg" and profile == "defender":
        assert all("CommonSecurityLog" in error for error in first.errors + second.errors)
        assert second.errors
        return
    assert first.errors == second.errors == ()
    changed: dict[str, list[str]] = {}
    for repair in FIXTURES[hunt]["repairs"]:
        changed |= repair.get("types", {})
    listed = list(first.columns.items())[: len(second.columns)]
    assert [(name, changed.get(name, [kind])[0]) for name, kind in second.columns.items()] == listed
    assert all(second.columns[name] == kinds[1] for name, kinds in changed.items())
