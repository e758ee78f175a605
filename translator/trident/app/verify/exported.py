"""Exported logs in native field names as events: the profile's mapping data, read backwards.

One record at a time, so that a file of any size fits; only fields that the rule reads are kept.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trident.app.files.json_text import parsed
from trident.app.files.reading import lines, opened
from trident.app.input.sources import display
from trident.app.verify.relevance import fields_read
from trident.base.diagnostics import Refusal, Span, TridentError
from trident.mapping.profiles import Profile, Source
from trident.mapping.resolver import resolve_source
from trident.meaning.detection import text
from trident.meaning.events import SECOND, Event, Value, parse_time, to_datetime, to_micros
from trident.rule.plan import LogSource, Plan

Record = Mapping[str, Any]
"""Native field name, nested ones joined with dots -> value."""

_UTC = " [UTC]"
"""What Sentinel's CSV export adds to the name of a time column (and leaves out of its values)."""

_EXPORTED = "%m/%d/%Y, %I:%M:%S.%f %p"
_NULLS = ("null", "NULL")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the records of one file are read as: the profile, and the rule's log sources in it."""

    profile: Profile
    sources: Sequence[tuple[LogSource, Source, tuple[str, ...]]]

    @classmethod
    def of(cls, plan: Plan, profile: Profile) -> Reading:
        """The log sources and fields that ``plan`` reads, as ``profile`` stores them.

        Raises:
            Refusal: TRI201 for a log source that the profile does not have.
        """
        sources = []
        for logsource, names in fields_read(plan).items():
            source = resolve_source(logsource, profile)
            wanted = names if names is not None else source.fields
            sources.append((logsource, source, tuple(sorted(wanted))))
        return cls(profile, sources)

    def event(self, record: Record) -> Iterator[Event]:
        """The record as an event of each of the rule's log sources that its table holds.

        Raises:
            ValueError: for a record without a readable time.
        """
        held = [each for each in self.sources if belongs(record, each[1])]
        if not held:
            return
        time = self.time(record)
        for logsource, source, names in held:
            if any(o is not logsource and logsource.covers(o) for o, _, _ in held):
                continue  # the more specific log source's event matches this one's rules, too
            fields = {name: value_of(record, source, name) for name in names}
            yield Event(time, logsource, {k: v for k, v in fields.items() if v is not None})

    def time(self, record: Record) -> int:
        """The record's time in microseconds.

        Raises:
            ValueError: when it has none or one that cannot be read.
        """
        names = (self.profile.time, *self.profile.settings.get("other_times", ()))
        for name in names:
            if name + _UTC in record:
                read = dt.datetime.strptime(record[name + _UTC], _EXPORTED)
                return to_micros(read.replace(tzinfo=dt.UTC))
            if name in record:
                return _read_time(record[name])
        raise ValueError(f"no {' or '.join(names)}")


def read_exported(
    file: Path, reading: Reading, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Event]:
    """The events of a JSON-lines or CSV export; ``progress`` is told how many bytes were read.

    Raises:
        TridentError: TRI031 with the file and line of a record that cannot be read, TRI006 for a
            line that is too long, TRI001 or TRI008 for a file that cannot be read.
    """
    name = display(str(file))
    with opened(file, name) as stream:
        text = _decoded(lines(stream, name), progress)
        records = _csv(text) if file.suffix.lower() == ".csv" else _json(text)
        line = 0
        try:
            for line, record in records:  # noqa: B007 - the error below names it
                yield from reading.event(record)
        except (ValueError, TypeError, RecursionError, csv.Error) as error:
            raise TridentError(
                "TRI031", f"record {line + 1}: {error}", span=Span(name, line + 1)
            ) from error


def profile_of(name: str, profiles: Mapping[str, Profile]) -> Profile:
    """The profile of that name among ``profiles``.

    Raises:
        Refusal: TRI502 when none has the name.
    """
    if name not in profiles:
        raise Refusal("TRI502", f"no profile is called {name!r}; known: {', '.join(profiles)}")
    return profiles[name]


def _decoded(raw_lines: Iterator[bytes], progress: Callable[[int], None]) -> Iterator[str]:
    for number, raw in enumerate(raw_lines):
        progress(len(raw))
        yield raw.decode("utf-8-sig" if number == 0 else "utf-8")


def _json(text: Iterator[str]) -> Iterator[tuple[int, Record]]:
    for number, line in enumerate(text):
        if line.strip():
            try:
                record = parsed(line)
            except ValueError as error:
                raise ValueError(f"line {number + 1}: {error}") from error
            if not isinstance(record, dict):
                raise ValueError(f"line {number + 1} holds no JSON object")
            yield number, flattened(record)


def _csv(text: Iterator[str]) -> Iterator[tuple[int, Record]]:
    for number, row in enumerate(csv.DictReader(text), 1):
        yield number, {name: value for name, value in row.items() if name is not None}


def flattened(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested record with dotted names; lists are kept."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def belongs(record: Record, source: Source) -> bool:
    """Whether the record is of the source's table and passes the source's selector."""
    settings = source.table.settings
    marks = {**settings.get("selector", {}), **settings.get("select", {})}
    if not marks and record.get("Type", source.table.name) != source.table.name:
        return False
    wanted = {name: (value,) for name, value in marks.items()} | dict(source.wording.where)
    return all(_holds(record.get(name), values) for name, values in wanted.items())


def _holds(stored: Any, values: Sequence[Any]) -> bool:
    held = stored if isinstance(stored, list) else [stored]
    return any(_same(text(each), text(value)) for each in held for value in values)


def _same(stored: str, value: str) -> bool:
    if value.endswith("*"):
        return stored.lower().startswith(value[:-1].lower())
    return stored.lower() == value.lower()


def value_of(record: Record, source: Source, name: str) -> Value:
    """The value that a record has for a Sigma field; None where it has none."""
    column = source.column(name)
    if column is None:
        return None
    if not column.container:
        stored = record.get(column.name)
    elif f"{column.container}.{column.name}" in record:
        stored = record[f"{column.container}.{column.name}"]
    else:
        held = record.get(column.container) or "{}"
        stored = parsed(str(held)).get(column.name) if str(held).startswith("{") else None
    if isinstance(stored, list):
        stored = " ".join(map(text, stored))
    return None if stored in _NULLS else stored


def _read_time(value: Any) -> int:
    if isinstance(value, int | float):
        try:
            micros = round(value * SECOND)
            to_datetime(micros)
        except (OverflowError, ValueError) as error:
            raise ValueError(f"{str(value)[:40]} is no time in seconds") from error
        return micros
    # A SIEM writes up to 100 ns; Python reads microseconds.
    return parse_time(re.sub(r"(\.\d{6})\d+", r"\1", str(value)))
