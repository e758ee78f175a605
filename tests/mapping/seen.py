"""Mappings seen in real events, not believed: ``python -m tests.mapping.seen --elastic DIR ...``.

Reads events that vendors publish with their own tests, from folders given (nothing of them is
kept), with one profile's mapping and with another's, and compares the Sigma fields. Writes each
target's ``seen.yml`` and docs/mapping-evidence.md; a difference without a documented reason is
printed and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.corpus.measure import rules
from tests.mapping import elastic
from tests.mapping.compare import Seen, compare
from tests.mapping.readings import Occurrence
from trident.app.verify.relevance import fields_read
from trident.rule.plan import LogSource

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def sources() -> Mapping[str, Any]:
    """What sources.yml says of each kind of folder."""
    return dict(yaml.safe_load((HERE / "sources.yml").read_text("utf-8")))


def names_used(corpus: Path) -> Mapping[LogSource, Collection[str]]:
    """The fields that the public rules use, by log source."""
    names: dict[LogSource, set[str]] = {}
    for plan in rules(corpus)[0]:
        for logsource, fields in fields_read(plan).items():
            names.setdefault(logsource, set()).update(fields or ())
    return names


def occurrences(folders: Mapping[str, Path]) -> Iterator[Occurrence]:
    """The events of the folders given, by the kind of folder."""
    known = sources()
    if "elastic" in folders:
        yield from elastic.occurrences(folders["elastic"], known["elastic"], known["code"]["elastic"])


def _progress(number: int) -> None:
    if number % 100 == 0:
        print(f"\r{number} events", end="", file=sys.stderr)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--elastic", type=Path, help="a checkout of elastic/integrations")
    arguments.add_argument(
        "--corpus", default=ROOT.parent / "shared/corpus/sigmahq/rules", type=Path
    )
    given = arguments.parse_args()
    seen: Seen = compare(occurrences({"elastic": given.elastic}), names_used(given.corpus), _progress)
    for (place, logsource), number in sorted(seen.events.items(), key=str):
        fields = [(k[2], t) for k, t in seen.fields.items() if k[:2] == (place, logsource)]
        print(place, logsource, number, "events", sum(t.agreed > 0 for _, t in fields), "agree", sum(t.present > 0 and not t.agreed for _, t in fields), "present")
    print()
    for key, tally in sorted(seen.different.items(), key=str):
        print(*key, tally.native, tally.agreed, tally.differed, tally.sample)


if __name__ == "__main__":
    main()
