"""Events as the evaluator reads them: a log source, a time, and Sigma fields.

As a JSON line (``docs/semantics.md``, Events)::

    {"time": "2026-01-15T11:30:00Z",
     "logsource": {"category": "process_creation", "product": "windows"},
     "fields": {"Computer": "ws1", "CommandLine": "steg a.png"}}

Field values are strings, numbers, booleans or null; null and ``""`` both mean *missing*.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trident.base.diagnostics import Span, TridentError
from trident.rule.plan import LogSource

SECOND = 1_000_000
"""Microseconds in a second: times are integers, so that a boundary is exact."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Event:
    """One log record; ``time`` is microseconds since 1970-01-01T00:00:00Z."""

    time: int
    logsource: LogSource
    fields: Mapping[str, Value]


def to_micros(time: dt.datetime) -> int:
    """A zoned datetime as microseconds since the epoch, without a float on the way."""
    return (time - EPOCH) // dt.timedelta(microseconds=1)


def to_datetime(micros: int) -> dt.datetime:
    """The inverse of ``to_micros``, in UTC."""
    return EPOCH + dt.timedelta(microseconds=micros)


def parse_time(text: str) -> int:
    """An ISO 8601 time with a zone as microseconds since the epoch.

    Raises:
        ValueError: when it is no such time or has no zone.
    """
    time = dt.datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone; write 2026-01-15T12:00:00Z")
    return to_micros(time)


def parse_event(record: Mapping[str, Any]) -> Event:
    """One event from its JSON form.

    Raises:
        ValueError: for a missing or unknown key or a value of the wrong kind.
    """
    if unknown := set(record) - {"time", "logsource", "fields"}:
        raise ValueError(
            f"unknown key {sorted(unknown)[0]!r}; an event has time, logsource, fields"
        )
    if missing := {"time", "logsource", "fields"} - set(record):
        raise ValueError(f"no {sorted(missing)[0]!r}")
    for name, value in record["fields"].items():
        if not isinstance(value, str | int | float | bool | None):
            raise ValueError(f"field {name!r} is no string, number, boolean or null")
    return Event(
        parse_time(record["time"]), LogSource(**record["logsource"]), dict(record["fields"])
    )


def read_events(lines: Iterable[str], file: str = "") -> Iterator[Event]:
    """Events from JSON lines, one at a time.

    Raises:
        TridentError: TRI031 with the file and line of the first bad record.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield parse_event(json.loads(line))
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                raise TridentError("TRI031", str(error), span=Span(file, number)) from error
