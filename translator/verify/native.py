"""Sigma events as a SIEM stores them: the profile's own mapping data, read the other way."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from backends.diagnostics import TridentError
from backends.events import Event
from backends.plan import LogSource
from backends.profiles import Profile, resolve, resolve_source

Row = dict[str, Any]
"""Native column -> value; ``Profile.time`` holds microseconds since the epoch. A column that holds
properties (``Column.container``) is a mapping."""


def native_rows(
    events: Iterable[Event], profile: Profile, needed: Collection[tuple[LogSource, str]] = ()
) -> dict[str, list[Row]]:
    """The rows of each table, keyed by table name; an event's log source picks its table.

    A field without a column is left out unless ``needed`` names it for the event's log source.

    Raises:
        TridentError: TRI201 for a log source without a table, TRI202 for a needed field without
            a column, TRI204 when two fields of one event claim one column with two values.
    """
    rows: dict[str, list[Row]] = {}
    for event in events:
        source = resolve_source(event.logsource, profile)
        row: Row = {profile.time: event.time}
        for name, value in event.fields.items():
            if source.column(name) is None and (event.logsource, name) not in needed:
                continue
            column = resolve(event.logsource, name, profile)
            held = row.setdefault(column.container, {}) if column.container else row
            if held.get(column.name, value) != value:
                raise TridentError(
                    "TRI204",
                    f"two fields of one {event.logsource} event are column {column.name} "
                    f"in profile {profile.name} and differ",
                )
            held[column.name] = value
        rows.setdefault(source.table.name, []).append(row)
    return rows
