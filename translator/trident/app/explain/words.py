"""What a detection is put into: tests of fields, and groups of them.

Their words say what ``trident.meaning.detection`` computes: a missing field fails its test, so a
negated test says ``or is missing``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from trident.app.explain import phrases
from trident.app.explain.phrases import PHRASES, Kind
from trident.app.explain.values import Shown, visible


class Holds(StrEnum):
    """How many parts of a group must hold."""

    ALL = "all"
    ANY = "any"
    NONE = "none"
    NOT_ALL = "not all"


@dataclass(frozen=True, slots=True)
class Item:
    """A detection item as the rule writes it: its selection, ``field|modifiers``, its values, and
    the filter that brought it in ("" for the rule's own)."""

    selection: str
    key: str
    values: tuple[str, ...]
    filter: str = ""

    @property
    def label(self) -> str:
        """Where the item stands."""
        return f"filter {self.filter}: {self.selection}" if self.filter else self.selection

    @property
    def changes(self) -> list[str]:
        """What the modifiers make of the written values, in their order."""
        return [
            phrases.MODIFIERS[name] for name in self.key.split("|")[1:] if name in phrases.MODIFIERS
        ]


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one field with one or more values; ``field`` is "" for a keyword.

    ``cased`` is None where case makes no difference. ``leaves`` are the tests of pySigma's tree
    that this one says.
    """

    field: str
    kind: Kind
    values: tuple[str, ...] = ()
    cased: bool | None = None
    flags: tuple[str, ...] = ()
    link_all: bool = False
    negated: bool = False
    leaves: tuple[Any, ...] = ()
    items: tuple[Item, ...] = ()

    def words(self, shown: Shown) -> str:
        """The test as a sentence without its full stop."""
        subject = visible(self.field)
        negated = self.negated
        if not self.field:
            subject = phrases.NO_FIELD if negated else phrases.SOME_FIELD
            negated = False
        phrase = PHRASES[self.kind].said(len(self.values) > 1, self.link_all, negated)
        parts = [" ".join(filter(None, [subject, phrase, shown.listed(self._values(shown))]))]
        if self.cased is not None:
            parts.append(phrases.CASED if self.cased else phrases.IGNORING_CASE)
        parts += self.flags
        if self.kind is Kind.PATTERN:
            parts.append(phrases.WILDCARDS)
        if negated and self.kind in _OF_TWO:
            parts.append(phrases.OR_EITHER_MISSING)
        elif negated and self.kind not in (Kind.MISSING, Kind.PRESENT):
            parts.append(phrases.OR_MISSING)
        return ", ".join(parts)

    def _values(self, shown: Shown) -> list[str]:
        if self.kind in _PLAIN:
            return [visible(value) for value in self.values]
        return [shown.value(value) for value in self.values]


@dataclass(frozen=True, slots=True)
class Group:
    """Tests and groups of which all, any, none or not all hold."""

    holds: Holds
    parts: tuple[Words, ...]


Words = Test | Group

_OF_TWO = frozenset(phrases.REFERENCES.values())
_PLAIN = _OF_TWO | {
    Kind.NUMBER,
    Kind.BOOLEAN,
    Kind.ADDRESS,
    *phrases.COMPARISONS.values(),
    *phrases.TIMESTAMP_PARTS.values(),
}
"""The tests whose value is a number, a network or a field's name, and needs no quotes."""


def tests(words: Words, below_not: bool = False) -> Iterator[tuple[Test, bool]]:
    """The tests below words, in order, each as it is without a ``not``, and whether it stands
    below an odd number of them."""
    if isinstance(words, Test):
        yield replace(words, negated=False), below_not is not words.negated
        return
    turned = words.holds in (Holds.NONE, Holds.NOT_ALL)
    for part in words.parts:
        yield from tests(part, below_not is not turned)
