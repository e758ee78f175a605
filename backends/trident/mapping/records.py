"""Which fields the records of a log can have, by their type (the folder ``records``).

A record may get new fields; so only a name that stands at another place of such records is said
not to be there, or one that is a letter off a field of theirs. What is not known is possible.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trident.base.data import read_data
from trident.mapping.slips import slip
from trident.meaning.detection import fold
from trident.rule.plan import LogSource

_FOLDER = "records"
_NUMBER = re.compile(r"\d+")
_LIST = "{}"
"""What Splunk writes behind the name of a list
(https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Spath)."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordFields:
    """The fields of a log's records by type, paths with dots, ``#`` for a number; where they are
    from. ``record`` is what such a record is called.

    ``by`` is the field that has the type, "" for records of one type. ``open`` are the objects
    whose parts are not listed, ``added`` the fields that collectors add, ``elsewhere`` the names of
    parts at any place of records of this product.
    """

    logsource: LogSource
    record: str
    source: str
    confidence: str
    by: str
    types: Mapping[str, frozenset[str]]
    open: frozenset[str]
    added: frozenset[str]
    elsewhere: frozenset[str]

    @property
    def alone(self) -> frozenset[str] | None:
        """The types of all records; None where any may be."""
        return None if self.by else frozenset(self.types)

    def kind(self, name: str, text: str) -> str | None:
        """The type that a test of a field for a text asks for; None for any other test."""
        if not self.by or name != self.by:
            return None
        return next((kind for kind in self.types if fold(kind) == fold(text)), text)

    def called(self, kinds: Collection[Any]) -> str:
        """What records of these types are called."""
        return self.record + (f" with {self.by} {' or '.join(sorted(kinds))}" if self.by else "")

    def lacks(self, name: str, kinds: Collection[Any]) -> bool:
        """Whether it is certain that no record of one of the types has the field."""
        path = _NUMBER.sub("#", name.replace(_LIST, ""))
        if path in self.added or not all(kind in self.types for kind in kinds):
            return False
        if any(self._may_have(path, self.types[kind]) for kind in kinds):
            return False
        part = path.rpartition(".")[2]
        return part in self.elsewhere or any(slip(path, other) for other in self.names(kinds))

    def names(self, kinds: Collection[Any]) -> list[str]:
        """The fields of records of these types, each once, in order."""
        return sorted(set().union(*(self.types.get(kind, ()) for kind in kinds)))

    def _may_have(self, path: str, fields: Collection[str]) -> bool:
        """Whether a path is listed, is an object with listed parts, or stands in an open one."""
        if path in fields or any(field.startswith(f"{path}.") for field in fields):
            return True
        return any(path == each or path.startswith(f"{each}.") for each in self.open)


def record_fields(logsource: LogSource) -> RecordFields | None:
    """What is known of the records of a log source; None for nothing."""
    if logsource.product not in _products():
        return None
    service = LogSource(None, logsource.product, logsource.service)
    return next((each for each in _read(service.product or "") if each.logsource == service), None)


def all_records() -> list[RecordFields]:
    """Every log of which something is known."""
    return [each for product in sorted(_products()) for each in _read(product)]


@cache
def _products() -> frozenset[str]:
    folder = resources.files(__package__) / _FOLDER
    return frozenset(file.name.removesuffix(".yml") for file in folder.iterdir())


@cache
def _read(product: str) -> tuple[RecordFields, ...]:
    data = read_data(resources.files(__package__) / _FOLDER / f"{product}.yml")
    everywhere = frozenset(data.get("added", "").split())
    elsewhere = frozenset(_parts(data["logs"]))
    return tuple(_log(product, entry, everywhere, elsewhere) for entry in data["logs"])


def _log(
    product: str, entry: Mapping[str, Any], added: frozenset[str], elsewhere: frozenset[str]
) -> RecordFields:
    common = set(entry.get("fields", "").split())
    types = {kind: common | set(names.split()) for kind, names in entry.get("types", {}).items()}
    return RecordFields(
        LogSource(None, product, entry["service"]),
        entry["called"],
        entry["source"],
        entry["confidence"],
        entry.get("by", ""),
        {kind: frozenset(names) for kind, names in (types or {"": common}).items()},
        frozenset(entry.get("open", "").split()),
        added,
        elsewhere,
    )


def _parts(logs: Collection[Mapping[str, Any]]) -> Iterator[str]:
    """The names of parts at any place of the records."""
    for entry in logs:
        for names in (entry.get("fields", ""), *entry.get("types", {}).values()):
            for path in names.split():
                yield from path.split(".")
