"""The sample events of splunk/security_content: raw, with the fields that Splunk's add-on finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.mapping.readings import FORMATS, UNKNOWN, Occurrence, RawEvent
from trident.app.verify.exported import Record


def occurrences(
    folder: Path, sourcetypes: Mapping[str, Mapping[str, Any]], code: str
) -> Iterator[Occurrence]:
    """Every sample of the sourcetypes that ``data_sources`` has; a field that the add-on lists and
    the event does not name has a value that is not known."""
    for file in sorted((folder / "data_sources").glob("*.yml")):
        source = yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)
        reading = sourcetypes.get(str(source.get("sourcetype")).lower())
        sample = source.get("example_log")
        if reading is None or not isinstance(sample, str):
            continue
        try:
            fields = dict(FORMATS[reading["raw"]](sample))
        except (ValueError, SyntaxError):
            continue  # an event in another form, or cut short
        raw = RawEvent(
            fields,
            reading.get("aliases", {}),
            tuple(reading.get("prefixes", ("",))),
            reading.get("any_case", False),
        )
        record = _record(fields, source.get("fields") or ())
        records = dict.fromkeys(reading["profiles"], record)
        yield Occurrence(file.name, code, raw, records, tuple(reading["macros"]))


def _record(fields: Mapping[str, Any], listed: Any) -> Record:
    names = {str(name) for name in listed}
    record: dict[str, Any] = dict.fromkeys(names, UNKNOWN)
    record |= {name: value for name, value in fields.items() if name in names or not names}
    if "EventCode" in names and "EventID" in fields:
        record["EventCode"] = fields["EventID"]
    return record
