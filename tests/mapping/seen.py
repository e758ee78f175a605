"""Mappings seen in real events, not believed: ``python -m tests.mapping.seen --elastic DIR ...``.

Reads events that vendors publish with their own tests, from folders given (nothing of them is
kept), with one profile's mapping and with another's, and compares the Sigma fields. Writes each
target's ``seen.yml`` and docs/mapping-evidence.md; a difference without a documented reason is
printed and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.corpus.measure import rules
from tests.mapping import elastic, sentinel, splunk
from tests.mapping.compare import compare
from tests.mapping.page import TARGETS, Names, page, seen_file, unexplained
from tests.mapping.readings import Occurrence
from trident.app.verify.relevance import fields_read
from trident.mapping import evidence
from trident.rule.plan import LogSource

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

READERS: Mapping[str, Callable[[Path, Any, str], Iterator[Occurrence]]] = {
    "elastic": elastic.occurrences,
    "splunk": splunk.occurrences,
    "sentinel": sentinel.occurrences,
}
"""Who reads a kind of folder."""


def sources() -> Mapping[str, Any]:
    """What sources.yml says of each kind of folder."""
    return dict(yaml.safe_load((HERE / "sources.yml").read_text("utf-8")))


def names_used(corpus: Path) -> tuple[Names, list[LogSource]]:
    """The fields that the public rules use, by log source, and the log sources by their number."""
    names: dict[LogSource, set[str]] = {}
    number: Counter[LogSource] = Counter()
    for plan in rules(corpus)[0]:
        for logsource, fields in fields_read(plan).items():
            number[logsource] += 1
            names.setdefault(logsource, set()).update(fields or ())
    return names, sorted(number, key=lambda each: (-number[each], str(each)))


def occurrences(folders: Mapping[str, Sequence[Path]]) -> Iterator[Occurrence]:
    """The events of the folders, by the kind of folder."""
    known = sources()
    for kind, reader in READERS.items():
        for folder in folders.get(kind, ()):
            yield from reader(folder, known[kind], known["code"][kind])


def _progress(number: int) -> None:
    if number % 500 == 0:
        print(f"{number} events", file=sys.stderr)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--elastic", nargs="*", type=Path, default=(), metavar="DIR")
    arguments.add_argument("--splunk", nargs="*", type=Path, default=(), metavar="DIR")
    arguments.add_argument("--sentinel", nargs="*", type=Path, default=(), metavar="DIR")
    arguments.add_argument(
        "--corpus", default=ROOT.parent / "shared/corpus/sigmahq/rules", type=Path
    )
    arguments.add_argument("--output", default=ROOT / "docs/mapping-evidence.md", type=Path)
    given = arguments.parse_args()
    names, largest = names_used(given.corpus)
    folders = {kind: getattr(given, kind) for kind in READERS}
    reasons = sources()["reasons"]
    if any(folders.values()):
        result = compare(occurrences(folders), names, _progress)
        for target in TARGETS:
            file = ROOT / "backends/trident" / target / "seen.yml"
            file.write_text(seen_file(result, target), encoding="utf-8")
        evidence.seen.cache_clear()
        left = unexplained(result, reasons)
    else:
        left = {}  # the page alone, from what is known
    given.output.write_text(page(names, largest, reasons), encoding="utf-8")
    for (place, logsource, name), tally in sorted(left.items(), key=str):
        print(f"{place} {logsource} {name} ({tally.native}): {tally.sample}")
    return bool(left)


if __name__ == "__main__":
    sys.exit(main())
