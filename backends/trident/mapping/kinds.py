"""What tells the rows of a table apart: an entry ``kinds`` of tables.yml.

Vendors add kinds; so only one that another table of the profile has, or that is a letter off one of
the table's own, is said not to be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trident.mapping.slips import slip
from trident.meaning.detection import fold


@dataclass(frozen=True, slots=True)
class Kinds:
    """The values that a column of a table has; where they are from, and how sure that is."""

    column: str
    values: tuple[str, ...]
    source: str
    confidence: str

    def lacks(self, text: str, others: Iterable[Kinds]) -> bool:
        """Whether it is certain that no row has the text in the column, ``others`` being the kinds
        of other tables."""
        if self.has(text):
            return False
        elsewhere = any(other.column == self.column and other.has(text) for other in others)
        return elsewhere or any(slip(fold(text), fold(value)) for value in self.values)

    def has(self, text: str) -> bool:
        """Whether some row is known to have the text in the column, in any case of its letters."""
        return fold(text) in map(fold, self.values)


def read_kinds(entry: Mapping[str, Any]) -> Kinds:
    """An entry of tables.yml."""
    return Kinds(entry["column"], tuple(entry["values"]), entry["source"], entry["confidence"])
