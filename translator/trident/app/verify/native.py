"""Sigma events as a SIEM stores them: the profile's own mapping data, read the other way."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from trident.base.diagnostics import TridentError
from trident.mapping.profiles import Column, Profile
from trident.mapping.resolver import resolve, resolve_source
from trident.meaning.detection import text
from trident.meaning.events import Event
from trident.rule.plan import LogSource

Row = dict[str, Any]
"""Native column -> value; ``Profile.time`` holds microseconds since the epoch. A dynamic column
that holds properties (``Column.container``) is a mapping."""


def native_rows(
    events: Iterable[Event], profile: Profile, needed: Collection[tuple[LogSource, str]] = ()
) -> dict[str, list[Row]]:
    """The rows of each table, keyed by table name; an event's log source picks its table.

    A field without a column is left out unless ``needed`` names it for the event's log source.

    Raises:
        TridentError: TRI201 for a log source without a table, TRI202 for a needed field without
            a column or one that is computed, TRI204 when two fields of one event claim one
            column with two values.
    """
    rows: dict[str, list[Row]] = {}
    for event in events:
        source = resolve_source(event.logsource, profile)
        row: Row = {profile.time: event.time}
        for sigma, written in event.fields.items():
            for name, value in source.wording.stored(sigma, written):
                if source.column(name) is None and (event.logsource, sigma) not in needed:
                    continue
                column = resolve(event.logsource, name, profile)
                if column.expression:
                    raise TridentError(
                        "TRI202",
                        f"field {name} of log source {event.logsource} is computed in "
                        f"{source.table.name}; an event cannot give it",
                    )
                if not _put(row, column, value):
                    raise TridentError(
                        "TRI204",
                        f"two fields of one {event.logsource} event are column {column.name} "
                        f"in profile {profile.name} and differ",
                    )
        for selector, values in source.wording.where.items():
            first = values[0]
            row.setdefault(selector, first.rstrip("*") if isinstance(first, str) else first)
        for container, written in source.table.formats.items():
            if container in row:
                row[container] = _WRITTEN[written](row[container])
        rows.setdefault(source.table.name, []).append(row)
    return rows


def _put(row: Row, column: Column, value: Any) -> bool:
    """Store a value; False when the place holds another one."""
    *path, last = column.name.split(".") if column.container else [column.name]
    held = row
    for part in [column.container, *path] if column.container else path:
        held = held.setdefault(part, {})
    if held.get(last, value) != value:
        return False
    held[last] = value
    return True


def _xml(properties: dict[str, Any]) -> str:
    items = (f'<Data Name="{name}">{escape(text(v))}</Data>' for name, v in properties.items())
    return f"<EventData>{''.join(items)}</EventData>"


_WRITTEN: Mapping[str, Callable[[dict[str, Any]], str]] = {"json": json.dumps, "xml": _xml}
"""How a text column holds properties, by the format that tables.yml names."""
