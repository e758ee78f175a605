"""Profiles: one SIEM's tables and fields as one site's data has them, read from YAML.

A target folder holds ``profiles.yml`` (names and settings), ``tables.yml`` (tables with typed
columns) and ``fields.yml`` (log source -> table and Sigma field -> column, each row with its
source and how sure we are); the folders ``tables`` and ``fields`` hold more of the same, one
file per family. A target may read another's data instead (``data`` in its profiles.yml).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from trident.base.data import read_data, shipped
from trident.mapping.kinds import Kinds, read_kinds
from trident.mapping.wording import Wording, read_wording
from trident.result.translation import ACCEPTED, Fidelity
from trident.rule.plan import LogSource
from trident.target import registry


@dataclass(frozen=True, slots=True)
class Column:
    """A native column or field: its name, its type, and the notes that using it brings.

    ``type`` is one of string, text (analysed, in Elasticsearch), long, int, real, bool,
    datetime, dynamic, ip. ``container`` is the column that holds this field as a property
    (Sentinel's ``WindowsEvent.EventData``), its name a path with dots, and ``format`` how it is
    held there as text (``json``, ``xml``; "" in a dynamic column). ``expression`` is how the
    target's language computes a column that is not stored. ``sources`` are the codes of
    field_sources.yml that say where the mapping is from, ``confidence`` (high, med, low) how sure
    it is; both are empty for a user's own mapping. ``kept``: the profile does not have it, and the
    user's choice is to pass such fields through (``Profile.keep``).
    """

    name: str
    type: str = "string"
    notes: tuple[str, ...] = ()
    container: str = ""
    format: str = ""
    expression: str = ""
    kept: bool = False
    sources: str = field(default="", compare=False)
    confidence: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, data set or sourcetype; ``settings`` are the target's own (index, macro, ...).

    ``computed`` holds the expressions of the columns that are not stored, ``formats`` how text
    columns hold properties, ``added`` what the SIEM adds to each record, which no event holds.
    ``kinds`` tell its rows apart. ``event_data`` is what the names of fields begin with that hold
    EventData of a Windows event and never its UserData.
    """

    name: str
    settings: Mapping[str, Any]
    columns: Mapping[str, str]
    computed: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    kinds: Kinds | None = None
    event_data: str = ""

    @property
    def stored(self) -> dict[str, str]:
        """The columns that records have, with their types: all but the computed ones."""
        return {name: kind for name, kind in self.columns.items() if name not in self.computed}

    @property
    def of_events(self) -> dict[str, str]:
        """The stored columns that hold what an event holds."""
        return {name: kind for name, kind in self.stored.items() if name not in self.added}

    def column(
        self, name: str, notes: tuple[str, ...] = (), sources: str = "", confidence: str = ""
    ) -> Column:
        """The table's own column of that name, or ``column.path``: a property of one."""
        if name in self.columns:
            computed = self.computed.get(name, "")
            kind = self.columns[name]
            return Column(name, kind, notes, "", "", computed, False, sources, confidence)
        container, _, path = name.partition(".")
        self.columns[container]  # a KeyError names the unknown column
        held = self.formats.get(container, "")
        return Column(path, "string", notes, container, held, "", False, sources, confidence)


@dataclass(frozen=True, slots=True)
class Source:
    """One mapped log source: its table and the native name of each Sigma field.

    ``prefixes`` says where fields that are not listed stand, by how their names begin ("" for
    any name); the rest of the name is a property of the column given, or follows a name that
    ends in a dot or is empty. ``refused`` gives the reason for a field that has no column.
    ``notes`` are the codes that every query on this log source brings along. ``kept``: the
    profile does not have the log source, and passes it through (``Profile.keep``).
    """

    logsource: LogSource
    table: Table
    fields: Mapping[str, Column]
    prefixes: Mapping[str, Column] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    wording: Wording = field(default_factory=Wording)
    notes: tuple[str, ...] = ()
    kept: bool = False

    def column(self, name: str) -> Column | None:
        """The native column of a Sigma field; None where the log source has none."""
        if name in self.fields or name in self.refused:
            return self.fields.get(name)
        begins = max((start for start in self.prefixes if name.startswith(start)), default=None)
        if begins is None:
            return None
        place, rest = self.prefixes[begins], name.removeprefix(begins)
        if begins == "":
            if name in self.table.columns and name not in self.table.added:
                return self.table.column(name, place.notes, place.sources, place.confidence)
            if self._elsewhere(name):
                return None
        if not place.name or place.name.endswith("."):
            return replace(place, name=place.name + rest)
        return replace(place, name=rest, container=place.name)

    def why_not(self, name: str) -> str:
        """Why a field has no column, as far as the data say; "" where they say nothing."""
        return self.refused.get(name) or (self._elsewhere(name) if "" in self.prefixes else "")

    def _elsewhere(self, name: str) -> str:
        """Why a field that is not listed does not stand where such fields do; "" if it may."""
        for kind, names in (("column", self.table.columns), ("field", self.fields)):
            near = _by_lower_case(tuple(names)).get(name.lower(), name)
            if near != name:
                return f"it differs from the {kind} {near} in case only"
        if self.logsource.product == "windows" and in_system_section(name):
            return "it stands in an event's System section, not among its data"
        return ""


@cache
def _by_lower_case(names: tuple[str, ...]) -> Mapping[str, str]:
    return {name.lower(): name for name in names}


def in_system_section(name: str) -> bool:
    """Whether a name stands in the System section of a Windows event, never among its data."""
    return name in _system_section()


@cache
def _system_section() -> frozenset[str]:
    return frozenset(shipped(__package__, "system_section.yml"))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Profile:
    """One way a SIEM stores its data; ``time`` is the time column's name.

    ``artifacts`` names what its rules are deployed as (``trident.app.artifacts.writers``), "" for
    none. A profile is equal to itself only: a ``Resolver`` is kept for each.

    ``keep`` passes fields and log sources that it does not have through under their own names.
    ``accept`` are the levels that a query may have.
    """

    target: str
    name: str
    title: str
    time: str
    settings: Mapping[str, Any]
    sources: tuple[Source, ...]
    default: bool = False
    missing: Mapping[str, str] = field(default_factory=dict)
    keep: bool = False
    artifacts: str = ""
    accept: tuple[Fidelity, ...] = ACCEPTED


def load_profiles(target: str) -> Mapping[str, Profile]:
    """All profiles of ``target`` by name, in the order of its profiles.yml."""
    return {name: load_profile(target, name) for name in profile_names(target)}


def profile_names(target: str) -> tuple[str, ...]:
    """The profiles of ``target``, in the order of its profiles.yml."""
    head = _head(target)
    return profile_names(head["data"]) if "data" in head else tuple(head)


def default_profile(target: str) -> str:
    """The name of the profile that ``target`` uses when none is given."""
    head = _head(target)
    if "data" in head:
        return default_profile(head["data"])
    return next(name for name, settings in head.items() if settings.get("default"))


@cache
def load_profile(target: str, name: str) -> Profile:
    """One profile of ``target``.

    With ``data: <target>`` in profiles.yml the target has that target's profiles, tables and
    fields; the file's other keys are settings that each profile has besides.
    """
    head = dict(_head(target))
    if "data" in head:
        lent = load_profile(head.pop("data"), name)
        artifacts = head.pop("artifacts", "")
        settings = {**lent.settings, **head}
        return replace(lent, target=target, artifacts=artifacts, settings=settings)
    settings = dict(head[name])
    tables, fields = _data(target)
    return Profile(
        target=target,
        name=name,
        title=settings.pop("title"),
        time=settings.pop("time"),
        default=settings.pop("default", False),
        missing=settings.pop("missing", {}),
        artifacts=settings.pop("artifacts", ""),
        settings=settings,
        sources=tuple(_sources(fields, tables, name, frozenset(settings.pop("added", ())))),
    )


@cache
def _head(target: str) -> Mapping[str, Any]:
    head: Mapping[str, Any] = shipped(registry.target(target).package, "profiles.yml")
    return head


@cache
def _data(target: str) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """The tables by name, and the rows of fields.yml."""
    package = resources.files(registry.target(target).package)
    tables: dict[str, Any] = {}
    for part in _parts(package, "tables"):
        tables |= part
    rows = [
        row for part in _parts(package, "fields") for part_rows in part for row in _each(part_rows)
    ]
    return tables, rows


def _parts(package: Traversable, kind: str) -> Iterator[Any]:
    """The content of ``<kind>.yml`` and of every file in the folder ``<kind>``."""
    yield read_data(package / f"{kind}.yml")
    folder = package / kind
    if folder.is_dir():
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".yml"):
                yield read_data(file)


def _each(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row, or one per entry of its ``each``: log sources that one column tells apart.

    ``each: {service: {system: System, ...}, by: Channel}`` stands for a row per service, whose
    selector tests ``Channel``.
    """
    if "each" not in row:
        yield row
        return
    templates = dict(row["each"])
    column = templates.pop("by")
    ((part, values),) = templates.items()
    for name, value in values.items():
        source = {**row["logsource"], part: name}
        yield {**row, "logsource": source, "where": {**row.get("where", {}), column: value}}


def with_settings(profile: Profile, settings: Mapping[str, Any]) -> Profile:
    """The profile with some of its settings (index and macro names) replaced by the user's."""
    return replace(profile, settings={**profile.settings, **settings})


def _sources(
    rows: Iterable[Mapping[str, Any]],
    tables: Mapping[str, Any],
    profile: str,
    added: frozenset[str],
) -> Iterator[Source]:
    """The rows of fields.yml that ``profile`` has. Many share a table, and those made of one
    ``each`` or anchor their fields: made once, they cost a start half as much."""
    made: dict[str, Table] = {}
    columns: dict[tuple[str, int], Mapping[str, Column]] = {}
    for row in rows:
        if profile not in row.get("profiles", [profile]):
            continue
        name, entries = row["table"], row.get("fields", {})
        if name not in made:
            made[name] = make_table(name, tables[name], profile, added)
        key = (name, id(entries))
        if key not in columns:
            columns[key] = {field: make_column(made[name], each) for field, each in entries.items()}
        yield make_source(row, made[name], columns[key])


def make_column(table: Table, entry: Sequence[str]) -> Column:
    """A field's entry in fields.yml, typed by its table."""
    name, sources, confidence, *notes = entry
    return table.column(name, tuple(notes), sources, confidence)


def make_source(row: Mapping[str, Any], table: Table, fields: Mapping[str, Column]) -> Source:
    """One row of fields.yml on its table."""
    prefixes = {**row.get("prefixes", {}), **({"": row["anything"]} if "anything" in row else {})}
    return Source(
        LogSource(**row["logsource"]),
        table,
        fields,
        {
            start: Column(
                place[0],
                notes=tuple(place[3:]),
                format=table.formats.get(place[0], ""),
                sources=place[1],
                confidence=place[2],
            )
            for start, place in prefixes.items()
        },
        row.get("refused", {}),
        read_wording(row),
        tuple(row.get("notes", ())),
    )


def make_table(
    name: str, entry: Mapping[str, Any], profile: str, added: frozenset[str] = frozenset()
) -> Table:
    """An entry of tables.yml with the columns that ``profile`` has of it."""
    settings = dict(entry)
    columns = typed_columns(settings.pop("columns"))
    columns.update(typed_columns(settings.pop("only", {}).get(profile, {})))
    computed = settings.pop("computed", {})
    columns.update(dict.fromkeys(computed, "string"))
    formats, event_data = settings.pop("formats", {}), settings.pop("event_data", "")
    kinds = read_kinds(settings.pop("kinds")) if "kinds" in settings else None
    return Table(name, settings, columns, computed, formats, added, kinds, event_data)


def typed_columns(by_type: Mapping[str, list[str]]) -> dict[str, str]:
    """``{type: [column, ...]}`` of tables.yml turned into ``{column: type}``."""
    return {column: kind for kind, names in by_type.items() for column in names}
