"""``python -m tests.mapping.possible DIR ...``: no field of real events is called impossible.

Reads every ``.evtx`` file below the folders, with the package ``evtx`` of PyPI, which no test
needs. Public sets: ``sbousseaden/EVTX-ATTACK-SAMPLES``, ``Yamato-Security/hayabusa-sample-evtx``.
With ``--elastic`` and ``--splunk`` checkouts of ``elastic/integrations`` and of
``splunk/security_content``, whose samples and lists of fields are held against the records' fields.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.mapping import elastic
from tests.mapping.readings import FORMATS
from trident.mapping.events import channels
from trident.mapping.records import RecordFields, all_records

Event = tuple[str, int]
"""A channel and an EventID."""


def occurring(folders: list[str]) -> tuple[Mapping[Event, set[str]], Counter[Event]]:
    """The names of data in the events of the folders, and how many events there are of each."""
    from evtx import PyEvtxParser

    names: dict[Event, set[str]] = defaultdict(set)
    counts: Counter[Event] = Counter()
    for folder in folders:
        for file in sorted(Path(folder).rglob("*.evtx")):
            try:
                for record in PyEvtxParser(str(file)).records_json():
                    event = json.loads(record["data"])["Event"]
                    number = event["System"]["EventID"]
                    number = number["#text"] if isinstance(number, dict) else number
                    key = (event["System"].get("Channel") or "", int(number))
                    counts[key] += 1
                    names[key] |= set(_names(event))
            except (OSError, RuntimeError) as error:  # a damaged sample
                print(f"{file}: {error}", file=sys.stderr)
    return names, counts


def _names(event: Mapping[str, Any]) -> Iterator[str]:
    for section in ("EventData", "UserData"):
        yield from _below(event.get(section))


def _below(data: Any) -> Iterator[str]:
    for name, value in data.items() if isinstance(data, dict) else ():
        if not name.startswith("#"):
            yield name
            yield from _below(value)


STREAMS = {
    "aws.cloudtrail": "json",
    "okta.system": "json",
    "kubernetes.audit_logs": "json",
    "auditd.log": "pairs",
    **{f"zeek.{log}": "json" for log in ("dce_rpc", "dns", "http", "kerberos", "rdp", "smb_files")},
}
"""Elastic's data streams of the logs whose records are known, and the form of a raw event."""

SOURCES = {"aws_cloudtrail": "json", "linux_auditd": "pairs", "kubernetes_audit": "json"}
"""How the files of ``data_sources`` begin that have such records."""

_SERVICES = {"system": "okta", "audit_logs": "audit", "log": "auditd", "auditd": "auditd"}


def records_of(folders: Mapping[str, list[Path]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The service and the fields of each sample record below the folders."""
    for folder in folders["elastic"]:
        streams = {stream: {"raw": form} for stream, form in STREAMS.items()}
        for occurrence in elastic.occurrences(folder, streams, "EIT"):
            name = occurrence.origin.split()[0].rpartition(".")[2]
            if occurrence.raw is not None:
                yield _SERVICES.get(name, name), occurrence.raw.fields
    for folder in folders["splunk"]:
        for file in sorted((folder / "data_sources").glob("*.yml")):
            for start, form in SOURCES.items():
                if file.name.startswith(start):
                    source = yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)
                    yield start.rpartition("_")[2], _listed(source, form)


def _listed(source: Mapping[str, Any], form: str) -> dict[str, Any]:
    """The fields of an example, and those that the add-on is said to find in it."""
    names = dict.fromkeys(map(str, source.get("fields") or ()))
    return {**names, **FORMATS[form](source.get("example_log") or "{}")}


def wrong_records(folders: Mapping[str, list[Path]]) -> Iterator[tuple[str, str]]:
    """Each log and field that occurs and is called impossible; "" as the field of a good record."""
    known = {each.logsource.service: each for each in all_records()}
    for service, fields in records_of(folders):
        log = known[service]
        kinds = log.alone if log.alone is not None else _type(log, fields)
        for name in fields if kinds else ():
            yield log.record, name if log.lacks(name, kinds or ()) else ""


def _type(log: RecordFields, fields: Mapping[str, Any]) -> set[Any]:
    return {log.kind(log.by, fields[log.by])} if fields.get(log.by) else set()


def main() -> int:
    """Prints each field that occurs and is called impossible; how much was seen."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("evtx", nargs="*")
    arguments.add_argument("--elastic", nargs="*", type=Path, default=[])
    arguments.add_argument("--splunk", nargs="*", type=Path, default=[])
    given = arguments.parse_args()
    wrong = _events(given.evtx) if given.evtx else 0
    counts = Counter(wrong_records({"elastic": given.elastic, "splunk": given.splunk}))
    for (log, name), number in sorted(counts.items()):
        if name:
            wrong += 1
            print(f"{log}: {name} ({number})")
        else:
            print(f"{log}: {number} fields of records are possible")
    return 1 if wrong else 0


def _events(folders: list[str]) -> int:
    """Prints the fields of Windows events that are called impossible, and counts them."""
    names, counts = occurring(folders)
    known = {each.channel: each for each in channels()}
    seen, wrong = 0, 0
    for (channel, event), fields in sorted(names.items()):
        if channel not in known or event not in known[channel].events:
            continue
        seen += 1
        for name in sorted(fields):
            if known[channel].lacks(name, {event}):
                wrong += 1
                print(f"{channel} {event}: {name}")
            elif name.replace(" ", "") not in known[channel].events[event]:
                print(f"{channel} {event}: {name} is not listed, and possible")
    kinds = f"{seen} kinds of event that are known"
    print(f"{counts.total()} events, {kinds}: {wrong} fields wrongly impossible")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
