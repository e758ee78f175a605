"""What is known of the events of a log source, as far as a profile stores them as they are.

Events are told apart into kinds: Windows' by EventID (``events.py``), records by their type
(``records.py``). A column of another name may be filled from elsewhere, and what a user has mapped
is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from trident.base.diagnostics import Refusal
from trident.mapping.events import EventFields, event_fields
from trident.mapping.profiles import Column, Profile, Source
from trident.mapping.records import record_fields
from trident.mapping.resolver import resolve, resolve_source
from trident.mapping.wording import Wording
from trident.rule.plan import LogSource, Search

Kinds = frozenset[Any]
"""Kinds of events: EventIDs (numbers), types of records (texts)."""


class Log(Protocol):
    """What is known of a log's events, whoever stores them."""

    @property
    def alone(self) -> Kinds | None:
        """The kinds of all events; None where any may be."""

    def kind(self, name: str, text: str) -> int | str | None:
        """The kind that a test of a field for a text asks for; None for any other test."""

    def called(self, kinds: Collection[Any]) -> str:
        """What events of these kinds are called."""

    def lacks(self, name: str, kinds: Collection[Any]) -> bool:
        """Whether it is certain that no event of these kinds has the field."""

    def names(self, kinds: Collection[Any]) -> list[str]:
        """The fields that events of these kinds have."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a log source's events as a profile stores them; ``kinds`` are those that
    they are of, None where any may be."""

    log: Log | None
    kinds: Kinds | None
    logsource: LogSource
    source: Source
    profile: Profile

    def left_by(self, name: str, text: str) -> Kinds | None:
        """The kinds that a test of a field for a text leaves; None for all."""
        kind = self.log.kind(name, text) if self.log else None
        return None if kind is None else frozenset((kind,))

    def why_not(self, name: str, kinds: Kinds) -> str:
        """Why no event of these kinds has the field; "" where one may."""
        column = _as_it_is(self.source, name) if self.log else None
        if self.log is None or column is None:
            return ""
        if self.log.lacks(name, kinds):
            return f"no {self.log.called(kinds)} has a field {name}"
        if isinstance(self.log, EventFields) and kinds <= self.log.user_data:
            start = self.source.table.event_data
            if start and column.name.startswith(start):
                return f"no {self.log.called(kinds)} has EventData, which {column.name} is of"
        return ""

    def names(self, kinds: Kinds) -> list[str]:
        """The fields that events of these kinds have."""
        return self.log.names(kinds) if self.log else []

    def never(self, name: str, text: str) -> str:
        """Why no row of the table has the text in the field; "" where one may."""
        kinds = self.source.table.kinds
        if kinds is None or name in self.source.wording.values:
            return ""
        column = None
        with suppress(Refusal):
            column = resolve(self.logsource, name, self.profile)
        if column is None or column.container or column.name != kinds.column:
            return ""
        tables = {source.table.name: source.table for source in self.profile.sources}
        others = [table.kinds for table in tables.values() if table.kinds is not None]
        if not kinds.lacks(text, others):
            return ""
        return f"no row of {self.source.table.name} has {kinds.column} {text}"

    @property
    def values(self) -> tuple[str, ...]:
        """The values of the column that tells the table's rows apart."""
        return self.source.table.kinds.values if self.source.table.kinds else ()


def known_in(profile: Profile) -> Callable[[Search], Known | None]:
    """What is known of the events of a search, as far as the profile stores them as they are."""

    def of(search: Search) -> Known | None:
        logsource = search.logsource
        try:
            source = resolve_source(logsource, profile)
        except Refusal:
            return None
        log, kinds = _log(logsource, source)
        if log is None and source.table.kinds is None:
            return None
        return Known(log, kinds, logsource, source, profile)

    return of


def _log(logsource: LogSource, source: Source) -> tuple[Log | None, Kinds | None]:
    """What is known of the log source's own events, and the kinds that it has."""
    events = event_fields(logsource)
    if events is None:
        records = record_fields(logsource)
        return records, records.alone if records else None
    if not logsource.category:
        return events, None
    selected = _selected(source, events)
    return (None, None) if selected is None else (events, selected)


def _selected(source: Source, events: EventFields) -> Kinds | None:
    """The EventIDs that a log source is selected by; None where its table is not the channel's
    own, which keeps what is not listed."""
    if "" not in source.prefixes:
        return None
    for values in source.wording.where.values():
        numbers = [str(value) for value in values]
        if all(number.isdigit() and int(number) in events.events for number in numbers):
            return frozenset(map(int, numbers))
    return None


def _as_it_is(source: Source, name: str) -> Column | None:
    """The column of a field that a log source keeps under its own name."""
    column = source.column(name)
    if column is None or not column.sources or column.expression:
        return None
    if _changes(source.wording, name):
        return None
    place = f"{column.container}.{column.name}" if column.container else column.name
    return column if place == name or place.endswith(f".{name}") else None


def _changes(wording: Wording, name: str) -> bool:
    """Whether tests of the field become tests of another."""
    hashes = name == "Hashes" and bool(wording.hashes)
    places = wording.either.get(name, ())
    return hashes or name in wording.divert or any(_last(place) != name for place in places)


def _last(path: str) -> str:
    return path.rpartition(".")[2]
