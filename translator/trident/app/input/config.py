"""``trident.yml``: the user's default profiles, site settings, extra tables and fields.

profiles:     {kql: sentinel, spl: [microsoft_addon]}
settings:     {spl: {macros: {trident_cef: "index=proxy sourcetype=cef"}}}
tables:       {kql: {Badge_CL: {columns: {string: [Host_s], datetime: [TimeGenerated]}}}}
fields:       {kql: [{logsource: {product: door}, table: Badge_CL, fields: {Computer: Host_s}}]}
placeholders: {it_admin_users: [alice, bob]}
author:       Blue Team
schedule:     {frequency: 1h, delay: 5m}
check:        {select: [TRI], ignore: [TRI606]}
unmapped:     keep
accept:       [exact, covering, parameterised, sound]
pipelines:    [site.yml]
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trident.app.input.load import merged
from trident.app.input.sources import CONFIG as NAME
from trident.app.input.sources import read_text
from trident.app.input.suggest import unknown
from trident.base.diagnostics import Span, TridentError
from trident.mapping.profiles import (
    Profile,
    Source,
    Table,
    load_profile,
    load_profiles,
    profile_names,
    typed_columns,
    with_settings,
)
from trident.mapping.unmapped import column_line
from trident.result.translation import ACCEPTED, PARTLY, Fidelity
from trident.rule.plan import LogSource, Run
from trident.rule.raw import check_keys
from trident.rule.rules import Document
from trident.rule.schedule import read_run
from trident.target import registry

if TYPE_CHECKING:
    from trident.rule.pipelines import PipelineFile

HOURLY = Run(3600, 300)
"""The schedule of a rule for which nobody says another: every hour, data up to 5 minutes late."""

COLUMN_TYPES = ("string", "text", "long", "int", "real", "bool", "datetime", "dynamic", "ip")

UNMAPPED = ("refuse", "keep")
"""What becomes of a field or log source that a profile does not have."""

_KEYS = (
    "profiles",
    "settings",
    "tables",
    "fields",
    "placeholders",
    "unmapped",
    "accept",
    "pipelines",
    "author",
    "schedule",
    "check",
)
_CHECK_KEYS = ("select", "ignore")
_FIELD_KEYS = ("logsource", "table", "profiles", "fields")
_LOGSOURCE_KEYS = ("category", "product", "service")


@dataclass(frozen=True, slots=True)
class FieldRow:
    """Sigma fields of one log source and their columns; ``table`` None keeps the shipped one.

    ``profiles`` empty means every profile of the target.
    """

    logsource: LogSource
    fields: Mapping[str, str]
    span: Span
    table: str | None = None
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table of the user's, or columns added to a shipped one; columns map name to type."""

    name: str
    columns: Mapping[str, str]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Config:
    """One ``trident.yml``, or its absence; mappings are keyed by target.

    ``accept`` are the levels that a query may have, ``exact`` always. ``author`` is that of rules
    that name none; ``run`` is the schedule of those that set none.
    ``select`` and ``ignore`` are how codes begin that ``trident check`` reports, and does not.
    """

    file: str = ""
    profiles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tables: Mapping[str, tuple[TableRow, ...]] = field(default_factory=dict)
    fields: Mapping[str, tuple[FieldRow, ...]] = field(default_factory=dict)
    placeholders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unmapped: str = UNMAPPED[0]
    accept: tuple[Fidelity, ...] = ACCEPTED
    pipelines: tuple[PipelineFile, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    author: str = ""
    run: Run = HOURLY

    def with_setting(self, target: str, name: str, value: str) -> Config:
        """The configuration with one setting of a target's profiles given on the command line."""
        own = {**self.settings.get(target, {}), name: value}
        return replace(self, settings={**self.settings, target: own})

    def profile(self, target: str, name: str) -> Profile:
        """A shipped profile with this configuration's settings, tables and fields on it.

        Raises:
            TridentError: TRI504 for a field whose table or column nobody declares.
        """
        profile = load_profile(target, name)
        profile = with_settings(profile, merged(profile.settings, self.settings.get(target, {})))
        profile = replace(profile, keep=self.unmapped == "keep", accept=self.accept)
        return _extended(profile, self.tables.get(target, ()), self.fields.get(target, ()))


def read_config(path: Path | None) -> Config:
    """The configuration in a file; the default one for None.

    Raises:
        TridentError: TRI001..TRI007 for a broken file, TRI104 for an unknown key, TRI502 for an
            unknown profile, TRI504 for a value of the wrong kind; each with file and line.
    """
    if path is None:
        return Config()
    from trident.app.input.pipelines import only_document

    parsed = only_document(read_text(str(path)), path.as_posix(), "TRI504")
    return _Reader(parsed).config(path.as_posix()) if parsed else Config(path.as_posix())


class _Reader:
    """Reads the document key by key and places every complaint."""

    def __init__(self, source: Document) -> None:
        self.document = source

    def config(self, file: str) -> Config:
        self._keys((), self.document.data, _KEYS)
        return Config(
            file,
            {target: self._profiles(target, entry) for target, entry in self._of("profiles")},
            {target: self._settings(target, entry) for target, entry in self._of("settings")},
            {target: tuple(self._tables(target)) for target, _ in self._of("tables")},
            {target: tuple(self._fields(target, entry)) for target, entry in self._of("fields")},
            {
                str(name): self._names(("placeholders", name), entries, "values")
                for name, entries in self._mapping("placeholders").items()
            },
            self._unmapped(),
            self._accept(),
            self._pipelines(Path(file).parent),
            self._prefixes("select"),
            self._prefixes("ignore"),
            str(self.document.data.get("author") or ""),
            read_run(self.document, ("schedule",), HOURLY, "TRI504"),
        )

    def _fail(self, message: str, *path: str | int) -> TridentError:
        return TridentError("TRI504", message, span=self.document.at(*path))

    def _keys(self, path: tuple[Any, ...], mapping: Any, allowed: Collection[str]) -> None:
        if not isinstance(mapping, Mapping):
            raise self._fail(f"{'.'.join(map(str, path)) or NAME} must be a mapping", *path)
        check_keys(self.document, path, mapping, allowed)

    def _mapping(self, *path: str) -> Mapping[Any, Any]:
        """The mapping at ``path``; an empty one where there is none."""
        part: Any = self.document.data
        for depth, key in enumerate(path, 1):
            part = part.get(key)
            if part is None:
                return {}
            if not isinstance(part, dict):
                raise self._fail(
                    f"{'.'.join(map(str, path[:depth]))} must be a mapping", *path[:depth]
                )
        mapping: Mapping[Any, Any] = part
        return mapping

    def _of(self, key: str) -> Iterator[tuple[str, Any]]:
        by_target = self._mapping(key)
        self._keys((key,), by_target, registry.names())
        yield from by_target.items()

    def _pipelines(self, folder: Path) -> tuple[PipelineFile, ...]:
        """The pipelines, whose paths start at the configuration's own folder."""
        names = self._names(("pipelines",), self.document.data.get("pipelines", []), "files")
        for index, name in enumerate(names):
            if not os.path.lexists(folder / name):
                raise self._fail(f"there is no file {name}", "pipelines", index)
        if not names:
            return ()
        from trident.app.input.pipelines import read_pipelines  # here, as few have any

        return read_pipelines(folder / name for name in names)

    def _unmapped(self) -> str:
        unmapped = self.document.data.get("unmapped", UNMAPPED[0])
        if unmapped not in UNMAPPED:
            raise self._fail(f"unmapped must be one of {', '.join(UNMAPPED)}", "unmapped")
        return str(unmapped)

    def _accept(self) -> tuple[Fidelity, ...]:
        if "accept" not in self.document.data:
            return ACCEPTED
        names = self._names(("accept",), self.document.data["accept"], "levels")
        for name in names:
            if name not in (*ACCEPTED, *PARTLY):
                known = [str(level) for level in (*ACCEPTED, *PARTLY)]
                raise unknown("TRI504", "level", name, known).at(self.document.at("accept"))
        return tuple(dict.fromkeys([Fidelity.EXACT, *map(Fidelity, names)]))

    def _names(self, path: tuple[Any, ...], entry: Any, what: str) -> tuple[str, ...]:
        names = [entry] if isinstance(entry, str | int | float) else entry
        if not isinstance(names, list) or not all(isinstance(n, str | int | float) for n in names):
            raise self._fail(f"{path[-1]} must be one name or a list of {what}", *path)
        return tuple(str(name) for name in names)

    def _prefixes(self, key: str) -> tuple[str, ...]:
        self._keys(("check",), self._mapping("check"), _CHECK_KEYS)
        return self._names(("check", key), self._mapping("check").get(key, []), "codes")

    def _profiles(self, target: str, entry: Any) -> tuple[str, ...]:
        names = self._names(("profiles", target), entry, "profiles")
        for name in names:
            if name not in profile_names(target):
                raise unknown("TRI502", f"{target} profile", name, profile_names(target)).at(
                    self.document.at("profiles", target)
                )
        return names

    def _settings(self, target: str, entry: Any) -> Mapping[str, Any]:
        known: dict[str, Any] = {}
        for profile in load_profiles(target).values():
            known = merged(known, profile.settings)
        roles = {
            str(value)
            for table in self._mapping("tables", target).values()
            if isinstance(table, Mapping)
            for value in table.values()
        }
        self._check_settings(("settings", target), entry, known, roles)
        return dict(entry)

    def _check_settings(
        self, path: tuple[str, ...], setting: Any, known: Any, roles: Collection[str]
    ) -> None:
        """A setting has the shipped one's name and kind, or its name stands in an own table."""
        if isinstance(known, Mapping):
            self._keys(path, setting, (*known, *roles))
            for key in setting:
                self._check_settings((*path, key), setting[key], known.get(key, ""), roles)
        elif type(setting) is not type(known):
            raise self._fail(f"{path[-1]} must be a {type(known).__name__}", *path)

    def _tables(self, target: str) -> Iterator[TableRow]:
        path = ("tables", target)
        shipped = {
            source.table.name: source.table.settings
            for profile in load_profiles(target).values()
            for source in profile.sources
        }
        every = dict.fromkeys(key for settings in shipped.values() for key in settings)
        for name in self._mapping(*path):
            here = (*path, name)
            table = self._mapping(*here)
            self._keys(here, table, ("columns", *every))
            for key in registry.target(target).table.needed:
                if key not in table and name not in shipped:
                    raise self._fail(f"a table of {target} needs {key}", *here)
            columns = self._mapping(*here, "columns")
            self._keys((*here, "columns"), columns, COLUMN_TYPES)
            typed = {
                kind: list(self._names((*here, "columns", kind), names, "columns"))
                for kind, names in columns.items()
            }
            settings = {key: value for key, value in table.items() if key != "columns"}
            yield TableRow(str(name), typed_columns(typed), settings)

    def _fields(self, target: str, rows: Any) -> Iterator[FieldRow]:
        path: tuple[Any, ...] = ("fields", target)
        if not isinstance(rows, list):
            raise self._fail(f"fields.{target} must be a list", *path)
        for index, row in enumerate(rows):
            here = (*path, index)
            self._keys(here, row, _FIELD_KEYS)
            for key, kind in (("logsource", dict), ("fields", dict), ("table", str)):
                if key in row and not isinstance(row[key], kind):
                    raise self._fail(f"{key} must be a {kind.__name__}", *here, key)
            source = row.get("logsource")
            if not source:
                raise self._fail("a row needs a logsource", *here)
            self._keys((*here, "logsource"), source, _LOGSOURCE_KEYS)
            yield FieldRow(
                LogSource(**{key: str(value) for key, value in source.items()}),
                {str(name): str(column) for name, column in row.get("fields", {}).items()},
                self.document.at(*here),
                row.get("table"),
                self._names((*here, "profiles"), row.get("profiles", []), "profiles"),
            )


def _extended(
    profile: Profile, tables: tuple[TableRow, ...], rows: tuple[FieldRow, ...]
) -> Profile:
    known = {source.table.name: source.table for source in profile.sources}
    for row in tables:
        old = known.get(row.name, Table(row.name, {}, {}))
        known[row.name] = replace(
            old, settings={**old.settings, **row.settings}, columns={**old.columns, **row.columns}
        )
    sources = {
        source.logsource: replace(source, table=known[source.table.name])
        for source in profile.sources
    }
    for each in rows:
        if not each.profiles or profile.name in each.profiles:
            sources[each.logsource] = _source(
                each, sources.get(each.logsource), known, profile.target
            )
    return replace(profile, sources=tuple(sources.values()))


def _source(
    row: FieldRow, shipped: Source | None, tables: Mapping[str, Table], target: str
) -> Source:
    name = row.table or (shipped.table.name if shipped else None)
    if name is None:
        raise TridentError(
            "TRI504", f"log source {row.logsource} has no table yet; give one", span=row.span
        )
    if name not in tables:
        raise unknown("TRI504", "table", name, tables).at(row.span)
    table = tables[name]
    for column in row.fields.values():
        if column not in table.columns:
            error = unknown("TRI504", f"column of table {name}", column, table.columns)
            raise error.at(row.span).with_remedy(column_line(target, name, column))
    added = {field: table.column(column) for field, column in row.fields.items()}
    if shipped is None or shipped.table.name != name:
        return Source(row.logsource, table, added)
    return replace(
        shipped,
        table=table,
        fields={**shipped.fields, **added},
        refused={field: why for field, why in shipped.refused.items() if field not in added},
        wording=shipped.wording.without(added),
    )
