"""Rows of Sentinel's tables, exported as CSV: records without another reading of the event."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from tests.mapping.readings import Occurrence

PROFILES = ("kql/sentinel",)
ROWS = 5000
"""Enough of one file to show its columns."""


def occurrences(folder: Path, tables: Mapping[str, str], code: str) -> Iterator[Occurrence]:
    """The rows of the files that ``tables`` names below ``folder``: pattern -> table."""
    for pattern, table in tables.items():
        for file in sorted(folder.glob(pattern)):
            with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
                for row in islice(csv.DictReader(lines), ROWS):
                    record = {name: value for name, value in row.items() if name}
                    record["Type"] = table
                    yield Occurrence(file.name, code, None, dict.fromkeys(PROFILES, record))
