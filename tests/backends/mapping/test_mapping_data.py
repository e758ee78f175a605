"""The mapping data of every target: complete, consistent, and true to the tables' references."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from trident.app.explain.origins import source_meanings
from trident.base.diagnostics import codes
from trident.mapping.profiles import Profile, Source, load_profiles
from trident.mapping.resolver import resolve_source

TARGETS = ("kql", "spl", "eql")
ROW_KEYS = {
    "logsource", "table", "profiles", "fields", "anything", "prefixes", "refused", "notes", "each",
    "where", "values", "hashes", "divert", "lacks", "either", "keywords",
}  # fmt: skip
TYPES = {"string", "text", "long", "int", "real", "bool", "datetime", "dynamic", "ip"}


def rows(root: Path, target: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row of a target's fields.yml and fields/*.yml, with its file."""
    folder = root / "backends" / "trident" / target
    for file in (folder / "fields.yml", *sorted((folder / "fields").glob("*.yml"))):
        for row in yaml.load(file.read_text("utf-8"), yaml.CSafeLoader):
            yield file.name, row


def sources() -> Iterator[tuple[Profile, Source]]:
    for target in TARGETS:
        for profile in load_profiles(target).values():
            for source in profile.sources:
                yield profile, source


def named(case: tuple[Profile, Source]) -> str:
    return f"{case[0].target}-{case[0].name}-{case[1].logsource}"


@pytest.mark.parametrize("target", TARGETS)
def test_rows_are_whole(root: Path, target: str) -> None:
    known = load_profiles(target)
    for file, row in rows(root, target):
        place = f"{target}/{file} {row['logsource']}"
        assert set(row) <= ROW_KEYS, place
        assert set(row.get("profiles", ())) <= set(known), place
        places = [*row.get("fields", {}).values(), *row.get("prefixes", {}).values()]
        for native in [*places, *([row["anything"]] if "anything" in row else [])]:
            assert len(native) >= 3 and native[1], (place, native)
            assert native[2] in ("high", "med", "low"), (place, native)
            assert all("text" in codes()[note] for note in native[3:]), (place, native)
        assert all("text" in codes()[note] for note in row.get("notes", ())), place
        assert all(isinstance(why, str) and why for why in row.get("refused", {}).values()), place


@pytest.mark.parametrize("target", TARGETS)
def test_a_source_code_is_explained_where_it_is_used(root: Path, target: str) -> None:
    folder = root / "backends" / "trident" / target
    heads = {}
    for file in (folder / "fields.yml", *(folder / "fields").glob("*.yml")):
        lines = file.read_text("utf-8").splitlines()
        heads[file.name] = " ".join(line for line in lines if line.startswith("#"))
    shared = heads["fields.yml"]
    for file, row in rows(root, target):
        for native in row.get("fields", {}).values():
            for code in native[1].split():
                assert code in heads[file] or code in shared, (target, file, code)
                assert code in source_meanings(), code


@pytest.mark.parametrize("target", TARGETS)
def test_each_log_source_stands_once_in_a_profile(target: str) -> None:
    for profile in load_profiles(target).values():
        counted = Counter(str(source.logsource) for source in profile.sources)
        assert not [name for name, number in counted.items() if number > 1], profile.name


@pytest.mark.parametrize("case", list(sources()), ids=named)
def test_what_a_row_names_is_there(case: tuple[Profile, Source]) -> None:
    source = case[1]
    wording = source.wording
    assert set(source.table.columns.values()) <= TYPES
    for column in source.fields.values():
        if column.container:
            assert column.container in source.table.columns
    for place in source.prefixes.values():
        prefix = not place.name or place.name.endswith(".")
        assert prefix or place.name in source.table.columns, place
    assert not set(source.refused) & set(source.fields)
    fields = [
        *wording.hashes.values(),
        *wording.values,
        *(name for names in wording.divert.values() for name in names.values()),
        *(name for names in wording.either.values() for name in names),
        *wording.keywords,
        *wording.lacks,
    ]
    assert not [name for name in fields if source.column(name) is None]
    for name in wording.where:
        assert name in source.table.columns, name
        column = source.fields.get(name)
        assert column is None or column.name == name, "a selector must not hide another field"


@pytest.mark.parametrize("target", TARGETS)
def test_no_table_is_unused(root: Path, target: str) -> None:
    used = {row["table"] for _, row in rows(root, target)}
    folder = root / "backends" / "trident" / target
    for file in (folder / "tables.yml", *(folder / "tables").glob("*.yml")):
        assert set(yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)) <= used, file.name


@pytest.mark.parametrize("target", TARGETS)
def test_a_mapped_log_source_is_not_called_missing(target: str) -> None:
    for profile in load_profiles(target).values():
        for source in profile.sources:
            assert resolve_source(source.logsource, profile) is source, str(source.logsource)


def test_every_macro_is_defined() -> None:
    for profile in load_profiles("spl").values():
        roles = {source.table.settings["macro"] for source in profile.sources}
        assert roles == set(profile.settings["macros"]) == set(profile.settings["definitions"])


def test_computed_fields_of_one_search_agree() -> None:
    """One search reads all its tables at once, so a computed field is the same on each of them."""
    for profile in load_profiles("spl").values():
        known: dict[str, str] = {}
        for source in profile.sources:
            for name, expression in source.table.computed.items():
                assert known.setdefault(name, expression) == expression, name


def test_eql_computes_no_field() -> None:
    for profile in load_profiles("eql").values():
        assert not [source for source in profile.sources if source.table.computed]


def test_kql_tables_are_those_of_the_references(shared: Path) -> None:
    """Columns and types as Microsoft documents them; connectors' own tables (_CL) are not there."""
    data = [json.loads((shared / "data" / name).read_text()) for name in FILES]
    for profile in load_profiles("kql").values():
        tables = {source.table.name: source.table for source in profile.sources}
        for table in tables.values():
            if table.name.endswith("_CL"):
                continue
            known = {}
            for file in data:
                known |= file[profile.name].get(table.name, {})
            wrong = {
                name: kind for name, kind in table.stored.items() if known.get(name, "-") != kind
            }
            assert not wrong, (profile.name, table.name)


FILES = ("kql_tables.json", "kql_tables_all.json")


def test_computed_columns_bind(kql_binder: Callable[..., Any]) -> None:
    for profile in load_profiles("kql").values():
        tables = {source.table.name: source.table for source in profile.sources}
        for table in tables.values():
            for name, expression in table.computed.items():
                query = f"{table.name} | extend {name} = {expression} | project {name}"
                bound = kql_binder(query, {table.name: table.stored})
                assert not bound.errors, (table.name, name, bound.errors)
                assert bound.columns == {name: "string"}
