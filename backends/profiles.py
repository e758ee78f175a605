"""Profiles: one SIEM's tables and fields as one site's data has them, read from YAML.

A target folder holds ``profiles.yml`` (names and settings), ``tables.yml`` (tables with typed
columns) and ``fields.yml`` (log source -> table and Sigma field -> column, each row with its
source and how sure we are). ``resolve`` is the only reader of the field mapping.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

import yaml

from backends.diagnostics import Refusal
from backends.plan import LogSource

TARGETS = ("kql", "spl", "eql")


@dataclass(frozen=True, slots=True)
class Column:
    """A native column or field: its name, its type, and the notes that using it brings.

    ``type`` is one of string, long, int, real, bool, datetime, dynamic, ip. ``container`` is the
    column that holds this field as a property (Sentinel's ``WindowsEvent.EventData``).
    """

    name: str
    type: str = "string"
    notes: tuple[str, ...] = ()
    container: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, data set or sourcetype; ``settings`` are the target's own (index, macro, ...)."""

    name: str
    settings: Mapping[str, Any]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """One mapped log source: its table and the native name of each Sigma field.

    ``anything`` is where fields that are not listed stand under their own Sigma name: a column
    that holds them as properties, or a prefix of their names that ends in a dot or is empty.
    """

    logsource: LogSource
    table: Table
    fields: Mapping[str, Column]
    anything: Column | None = None

    def column(self, field: str) -> Column | None:
        """The native column of a Sigma field; None where the log source has none."""
        listed = self.fields.get(field)
        if listed is not None or self.anything is None:
            return listed
        prefix = self.anything.name
        if not prefix or prefix.endswith("."):
            return replace(self.anything, name=prefix + field)
        return replace(self.anything, name=field, container=prefix)


@dataclass(frozen=True, slots=True)
class Profile:
    """One way a SIEM stores its data; ``time`` is the time column's name."""

    target: str
    name: str
    title: str
    time: str
    settings: Mapping[str, Any]
    sources: tuple[Source, ...]
    default: bool = False
    missing: Mapping[str, str] = field(default_factory=dict)


def resolve_source(logsource: LogSource, profile: Profile) -> Source:
    """The mapping of a rule's log source: the most specific one that covers it.

    Raises:
        Refusal: TRI201 when this profile has no table for the log source.
    """
    found = [source for source in profile.sources if source.logsource.covers(logsource)]
    if not found:
        known = ", ".join(sorted({str(source.logsource) for source in profile.sources}))
        reason = next(
            (
                f": {text}"
                for key, text in profile.missing.items()
                if key in (logsource.category, logsource.service, logsource.product)
            ),
            "",
        )
        raise Refusal(
            "TRI201",
            f"log source {logsource} has no table in {profile.target} profile "
            f"{profile.name}{reason}",
            hint=f"this profile has {known}; add a table in trident.yml",
        )
    return max(found, key=lambda source: source.logsource.specificity)


def resolve(logsource: LogSource, name: str, profile: Profile) -> Column:
    """The native column of Sigma field ``name`` on ``logsource``; one row of fields.yml.

    Raises:
        Refusal: TRI201 without a table, TRI202 without a column for the field.
    """
    source = resolve_source(logsource, profile)
    column = source.column(name)
    if column is None:
        near = difflib.get_close_matches(name, source.fields, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}? " if near else ""
        raise Refusal(
            "TRI202",
            f"field {name} of log source {logsource} has no column in "
            f"{source.table.name} ({profile.target} profile {profile.name})",
            hint=f"{hint}map it in trident.yml: fields",
        )
    return column


@cache
def load_profiles(target: str) -> Mapping[str, Profile]:
    """All profiles of ``target`` by name, in the order of its profiles.yml."""
    package = resources.files(f"backends.{target}")

    def read(name: str) -> Any:
        return yaml.load(package.joinpath(name).read_text(encoding="utf-8"), yaml.CSafeLoader)

    profiles, tables, fields = read("profiles.yml"), read("tables.yml"), read("fields.yml")
    return {
        name: Profile(
            target=target,
            name=name,
            title=settings.pop("title"),
            time=settings.pop("time"),
            default=settings.pop("default", False),
            missing=settings.pop("missing", {}),
            settings=settings,
            sources=tuple(
                make_source(row, tables, name)
                for row in fields
                if name in row.get("profiles", [name])
            ),
        )
        for name, settings in profiles.items()
    }


def default_profile(target: str) -> str:
    """The name of the profile that ``target`` uses when none is given."""
    return next(name for name, profile in load_profiles(target).items() if profile.default)


def with_settings(profile: Profile, settings: Mapping[str, Any]) -> Profile:
    """The profile with some of its settings (index and macro names) replaced by the user's."""
    return replace(profile, settings={**profile.settings, **settings})


def make_source(row: Mapping[str, Any], tables: Mapping[str, Any], profile: str) -> Source:
    """One row of fields.yml, its table looked up and its columns typed for ``profile``."""
    settings = dict(tables[row["table"]])
    columns = typed_columns(settings.pop("columns"))
    columns.update(typed_columns(settings.pop("only", {}).get(profile, {})))
    table = Table(row["table"], settings, columns)
    anything = row.get("anything")
    return Source(
        LogSource(**row["logsource"]),
        table,
        {
            name: Column(native[0], columns[native[0]], tuple(native[3:]))
            for name, native in row["fields"].items()
        },
        Column(anything[0], "string", tuple(anything[3:])) if anything else None,
    )


def typed_columns(by_type: Mapping[str, list[str]]) -> dict[str, str]:
    """``{type: [column, ...]}`` of tables.yml turned into ``{column: type}``."""
    return {column: kind for kind, names in by_type.items() for column in names}
