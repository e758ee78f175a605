"""What real events say of a mapping, per log source and field: where it held, where it did not."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.mapping.readings import UNKNOWN, Occurrence, RawEvent
from trident.app.verify.exported import Record, belongs, value_of
from trident.mapping.evidence import native_name
from trident.mapping.profiles import Profile, Source, load_profiles
from trident.meaning.detection import fold, text
from trident.rule.plan import LogSource

_NOTHING = re.compile(r"|-|null|\(null\)|[{}0-]{32,}")
"""What stands for no value in one reading or another: also a GUID or a hash of zeros."""


@dataclass(slots=True)
class Tally:
    """One field of a log source in a profile: how many events have it with the value that another
    reading of the event has, without another reading, and with another value."""

    native: str
    agreed: int = 0
    present: int = 0
    differed: int = 0
    codes: set[str] = field(default_factory=set)
    sample: str = ""

    @property
    def seen(self) -> bool:
        """Whether an event shows the field."""
        return bool(self.agreed or self.present)


Key = tuple[str, LogSource, str]
"""Profile (``target/profile``), log source, Sigma field."""


@dataclass(slots=True)
class Seen:
    """All that was seen; ``events`` counts the events of each profile's log source."""

    fields: dict[Key, Tally] = field(default_factory=dict)
    events: Counter[tuple[str, LogSource]] = field(default_factory=Counter)

    @property
    def different(self) -> dict[Key, Tally]:
        """The fields that held another value, or none where the event has one."""
        return {key: tally for key, tally in self.fields.items() if tally.differed}


def compare(
    occurrences: Iterable[Occurrence],
    names: Mapping[LogSource, Collection[str]],
    progress: Callable[[int], None] = lambda _: None,
) -> Seen:
    """Read each event with every profile that has a record of it, and hold the values against each
    other. ``names`` are the fields that rules use, beside those that a profile lists."""
    seen = Seen()
    for number, occurrence in enumerate(occurrences, 1):
        progress(number)
        read = list(_readings(occurrence))
        for place, source, record in read:
            key = (place, source.logsource)
            seen.events[key] += 1
            others = [each for each in read if each[0].partition("/")[0] != place.partition("/")[0]]
            for name in sorted({*source.fields, *names.get(source.logsource, ())}):
                _field(seen, occurrence, (*key, name), source, record, others)
    return seen


Reading = tuple[str, Source, Record]


def _readings(occurrence: Occurrence) -> Iterator[Reading]:
    for place, record in occurrence.records.items():
        for source in _profile(place).sources:
            macro = source.table.settings.get("macro")
            if (macro is None or macro in occurrence.macros) and belongs(record, source):
                yield place, source, record


@cache
def _profile(place: str) -> Profile:
    target, _, name = place.partition("/")
    return load_profiles(target)[name]


def _field(
    seen: Seen,
    occurrence: Occurrence,
    key: Key,
    source: Source,
    record: Record,
    others: list[Reading],
) -> None:
    name = key[2]
    column = source.column(name)
    split = name == "Hashes" and source.wording.hashes
    if column is None or column.expression or split:
        return
    places = source.wording.either.get(name, (name,))
    held = [v for v in (value_of(record, source, each) for each in places) if not _nothing(v)]
    wanted = [
        (value, fits)
        for value, fits in _wanted(occurrence.raw, source, name, others)
        if not _nothing(value)
    ]
    never = source.wording.lacks.get(name, {})
    if not held and not wanted:
        return
    tally = seen.fields.setdefault(key, Tally(native_name(column)))
    if UNKNOWN in held or not wanted:
        tally.present += 1
        tally.codes.add(occurrence.code)
    elif any(fits(each) for _, fits in wanted for each in held):
        tally.agreed += 1
        tally.codes.add(occurrence.code)
    elif not any(fold(each) in fold(text(value)) for value, _ in wanted for each in never):
        tally.differed += 1
        if not tally.sample:
            tally.sample = f"{wanted[0][0]!r} -> {held!r} ({occurrence.origin})"


def _nothing(value: Any) -> bool:
    return value is None or value == [] or bool(_NOTHING.fullmatch(text(value)))


Fits = Callable[[Any], bool]


def _wanted(
    raw: RawEvent | None, source: Source, name: str, others: list[Reading]
) -> Iterator[tuple[Any, Fits]]:
    """What the event's other readings say that the field is, with the test of a stored value."""
    if raw is not None:
        for value in _raw_values(raw, source, name):
            yield value, _fits(source, name, value)
        return
    for _, other, record in others:
        if other.logsource == source.logsource and other.column(name) is not None:
            value = value_of(record, other, name)
            yield value, _fits(source, name, value)


def _raw_values(raw: RawEvent, source: Source, name: str) -> Iterator[Any]:
    if name not in source.wording.hashes.values():
        yield raw.value(name)
        return
    for whole in filter(None, map(raw.value, ("Hashes", "Hash"))):
        yield from (v for own, v in source.wording.stored("Hashes", whole) if own == name)


def _fits(source: Source, name: str, value: Any) -> Fits:
    """Whether a record that holds a value says the same as ``value`` of the Sigma field does."""
    meant = {_plain(v) for _, v in source.wording.stored(name, value)}
    meant |= {_plain(v) for v in source.wording.values.get(name, {}).get(fold(text(value)), ())}
    meant.add(_plain(value))
    if "\\" in source.wording.lacks.get(name, {}):
        meant.add(_plain(text(value).rpartition("\\")[2]))
    return lambda held: _plain(held) in meant


def _plain(value: Any) -> str:
    """A value in one form: folded, a list as its members, an IPv4 address without ::ffff:."""
    if isinstance(value, list):
        return " ".join(map(_plain, value))
    plain = fold(text(value)).strip()
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return plain
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
