"""Events of a checkout of elastic/integrations: raw, and as the pipelines' tests expect them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.mapping.readings import FORMATS, Occurrence, RawEvent, members, named_values
from trident.app.verify.exported import Record, flattened

PROFILES = ("eql/integrations", "eql/sysmon")


def occurrences(
    folder: Path, streams: Mapping[str, Mapping[str, Any]], code: str
) -> Iterator[Occurrence]:
    """Every event of the pipeline tests and samples of the data streams that ``folder`` has."""
    for stream, reading in streams.items():
        package, _, name = stream.partition(".")
        place = folder / "packages" / package / "data_stream" / name
        for file, given, document in _documents(place):
            if document is not None:
                yield _occurrence(f"{stream} {file.name}", stream, reading, given, document, code)


def _documents(place: Path) -> Iterator[tuple[Path, Any, Any]]:
    """Each expected document with its file and the event that the test gives, where it is JSON."""
    for file in sorted((place / "_dev/test/pipeline").glob("*-expected.json")):
        expected = json.loads(file.read_text("utf-8"))["expected"]
        source = file.with_name(file.name.removesuffix("-expected.json"))
        given = [None] * len(expected)
        if source.suffix == ".json" and source.is_file():
            given = json.loads(source.read_text("utf-8"))["events"]
        yield from ((file, *both) for both in zip(given, expected, strict=True))
    sample = place / "sample_event.json"
    if sample.is_file():
        yield sample, None, json.loads(sample.read_text("utf-8"))


def _occurrence(
    origin: str,
    stream: str,
    reading: Mapping[str, Any],
    given: Any,
    document: Mapping[str, Any],
    code: str,
) -> Occurrence:
    record = {**members(document), "data_stream.dataset": stream}
    text = record.get("event.original") or flattened(given or {}).get("event.original")
    fields = _raw(reading["raw"], text, given)
    if fields is None:
        return Occurrence(origin, code, None, dict.fromkeys(PROFILES, record))
    if "named" in reading:
        fields |= named_values(fields, *reading["named"])
    raw = RawEvent(
        fields,
        reading.get("aliases", {}),
        tuple(reading.get("prefixes", ("",))),
        reading.get("any_case", False),
    )
    records = {**dict.fromkeys(PROFILES, record), **_received(reading, fields)}
    kept = None if "also" in reading else raw
    return Occurrence(origin, code, kept, records, tuple(reading.get("macros", ())))


def _raw(form: str, text: str | None, given: Any) -> dict[str, Any] | None:
    """The raw event's fields: of its text, or as the agent's input took a Windows event apart."""
    if text:
        try:
            return dict(FORMATS[form](text))
        except (ValueError, SyntaxError):
            return None  # a test of a broken event
    winlog = (given or {}).get("winlog")
    if form != "xml" or winlog is None:
        return None
    return {
        **winlog.get("event_data", {}),
        "EventID": winlog.get("event_id"),
        "Channel": winlog.get("channel"),
        "Provider_Name": winlog.get("provider_name"),
        "Computer": winlog.get("computer_name"),
    }


def _received(reading: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Record]:
    """The raw event as the record of the profiles that read it as it is: all of it, or the
    properties of an advanced-hunting event with the table's name."""
    records: dict[str, Record] = {}
    for profile, part in reading.get("also", {}).items():
        if part == "whole":
            records[profile] = fields
            continue
        table = str(fields.get("category", "")).removeprefix("AdvancedHunting-")
        start = f"{part}."
        records[profile] = {
            "Type": table,
            **{k.removeprefix(start): v for k, v in fields.items() if k.startswith(start)},
        }
    return records
