"""Readings of real events: the Sigma fields of a raw event, and a SIEM's record of the same event.

What a source has is said in ``sources.yml``; a raw event is read under the names that the Sigma
taxonomy gives the fields of its log source (for a Windows event those of its data, for a cloud
service those of its JSON record).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from trident.app.verify.exported import Record, flattened

_PAIR = re.compile(r"(?P<name>[\w-]+)=(?P<value>\"[^\"]*\"|'[^']*'|[^\s'\"]+)")


class Unknown:
    """A field that a record is documented to have, without its value."""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A raw event's own names and values, and how Sigma's names become its own.

    ``aliases`` maps a Sigma name to the event's; any other name is looked for as it is, then
    behind each of ``prefixes``, and in any case where the taxonomy writes it otherwise
    (``any_case``).
    """

    fields: Mapping[str, Any]
    aliases: Mapping[str, str] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ("",)
    any_case: bool = False

    def value(self, name: str) -> Any:
        """The value of a Sigma field, or None."""
        name = self.aliases.get(name, name)
        for prefix in self.prefixes:
            if prefix + name in self.fields:
                return self.fields[prefix + name]
        if self.any_case:
            folded = {own.lower(): value for own, value in self.fields.items()}
            own = ((prefix + name).lower() for prefix in self.prefixes)
            return next((folded[each] for each in own if each in folded), None)
        return None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event as it was seen: raw, and as records of profiles; ``origin`` is where it stands.

    ``records`` maps ``target/profile`` to the record. The evidence of a profile is named by
    ``code``, a source code of field_sources.yml. ``macros`` are the roles of Splunk's macros that
    find it, where a record does not say what it is of.
    """

    origin: str
    code: str
    raw: RawEvent | None
    records: Mapping[str, Record]
    macros: tuple[str, ...] = ()


def windows_event(text: str) -> dict[str, Any]:
    """The fields of an event's XML: its data by name, and the parts of System that Sigma names."""
    root = ElementTree.fromstring(re.sub(r"\sxmlns=(['\"]).*?\1", "", text))
    fields: dict[str, Any] = {}
    for part in root.findall("System/*"):
        if part.text and part.text.strip():
            fields[part.tag] = part.text.strip()
    provider = root.find("System/Provider")
    if provider is not None:
        fields["Provider_Name"] = provider.get("Name")
    for data in root.findall("EventData/Data"):
        if data.get("Name") and data.text:
            fields[str(data.get("Name"))] = data.text
    for data in root.findall("UserData//*"):
        if data.text and data.text.strip():
            fields[data.tag.rpartition("}")[2]] = data.text.strip()
    return fields


def json_event(text: str) -> dict[str, Any]:
    """A JSON record with dotted names; of a list of objects each member's values, together."""
    return members(json.loads(text))


def members(record: Mapping[str, Any]) -> dict[str, Any]:
    """``flattened``, with the members of objects in lists, ``[{a: 1}, {a: 2}]`` is ``a: [1, 2]``"""
    plain: dict[str, Any] = {}
    for name, value in flattened(record).items():
        plain[name] = value
        for item in value if isinstance(value, list) else ():
            if isinstance(item, Mapping):
                for inner, held in members(item).items():
                    plain.setdefault(f"{name}.{inner}", []).append(held)
    return plain


def pairs_event(text: str) -> dict[str, Any]:
    """``name=value`` pairs, a value in quotes without them; of a name given twice the first."""
    fields: dict[str, Any] = {}
    for pair in _PAIR.finditer(text):
        fields.setdefault(pair["name"], pair["value"].strip("\"'"))
    return fields


FORMATS = {"xml": windows_event, "json": json_event, "pairs": pairs_event}
"""How sources.yml names the form of a raw event."""


def named_values(fields: Mapping[str, Any], names: str, values: str) -> dict[str, Any]:
    """A list of ``{name: .., value: ..}`` objects, as members of its own: ``name`` -> value."""
    found = zip(fields.get(names) or (), fields.get(values) or (), strict=False)
    return {str(name): value for name, value in found}
