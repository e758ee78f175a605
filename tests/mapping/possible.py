"""``python -m tests.mapping.possible DIR ...``: no field of real events is called impossible.

Reads every ``.evtx`` file below the folders, with the package ``evtx`` of PyPI, which no test
needs. Public sets: ``sbousseaden/EVTX-ATTACK-SAMPLES``, ``Yamato-Security/hayabusa-sample-evtx``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trident.mapping.events import channels

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


def main(folders: list[str]) -> int:
    """Prints each field that occurs and is called impossible; how much was seen."""
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
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
