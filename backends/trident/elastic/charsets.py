"""Character classes of a regular expression, from Python's parse tree to Lucene's notation.

Lucene folds case only for single ASCII characters, never for a range: under ``regex~`` the range
``a-z`` means lower case alone (``toAutomaton`` in Lucene's ``RegExp`` builds a range as it is).
So a case-insensitive class spells out both cases.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from trident.meaning.detection import fold as same_case

Range = tuple[int, int]
"""First and last code point."""

WORD: tuple[Range, ...] = ((48, 57), (65, 90), (95, 95), (97, 122))
_CATEGORIES: dict[str, tuple[Range, ...]] = {
    "DIGIT": ((48, 57),),
    "SPACE": ((9, 13), (32, 32)),
    "WORD": WORD,
}
_LAST = sys.maxunicode
_SPECIAL = frozenset('\\[]^-"')


class CharSet:
    """The characters that one class item stands for."""

    def __init__(self, ranges: Sequence[Range], negated: bool) -> None:
        self.ranges = list(ranges)
        self.negated = negated

    @classmethod
    def parse(cls, items: Iterable[tuple[Any, Any]], fold: bool) -> CharSet:
        """From the items of an ``IN`` node; ``fold`` spells out both cases of ASCII letters, and
        those of other letters that stand alone."""
        ranges: list[Range] = []
        negated = False
        for op, argument in items:
            match str(op):
                case "NEGATE":
                    negated = True
                case "LITERAL":
                    written = cases(chr(argument)) if fold and argument > 127 else chr(argument)
                    ranges += [(ord(char), ord(char)) for char in written]
                case "RANGE":
                    ranges.append((argument[0], argument[1]))
                case "CATEGORY":
                    name = str(argument).removeprefix("CATEGORY_")
                    plain = _CATEGORIES[name.removeprefix("NOT_")]
                    ranges += complement(plain) if name.startswith("NOT_") else plain
        if fold:
            ranges += [other for r in ranges for other in _other_case(r) if not _in(other, ranges)]
        charset = cls(ranges, negated)
        if any(last == _LAST for _, last in ranges):
            charset.ranges, charset.negated = complement(merge(ranges)), not negated
        return charset

    def within(self, allowed: Sequence[Range]) -> bool:
        """Whether every character of the class is one of ``allowed``."""
        return not self.negated and all(_in(r, merge(allowed)) for r in self.ranges)

    def print(self) -> str | None:
        """In Lucene's notation; ``.`` for every character, None for no character at all."""
        if not self.ranges:
            return "." if self.negated else None
        return f"[{'^' if self.negated else ''}{''.join(map(_print, self.ranges))}]"


def cases(char: str) -> str:
    """What ``char`` equals when case is ignored (``trident.meaning.detection``), itself first."""
    known = (char, char.lower(), char.upper(), char.title())
    return "".join(
        dict.fromkeys(x for x in known if len(x) == 1 and same_case(x) == same_case(char))
    )


def merge(ranges: Iterable[Range]) -> list[Range]:
    """The same characters as sorted ranges with gaps between them."""
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def complement(ranges: Iterable[Range]) -> list[Range]:
    """All other characters."""
    gaps: list[Range] = []
    start = 0
    for first, last in merge(ranges):
        if start < first:
            gaps.append((start, first - 1))
        start = last + 1
    return [*gaps, (start, _LAST)] if start <= _LAST else gaps


def _in(inner: Range, ranges: Iterable[Range]) -> bool:
    return any(first <= inner[0] and inner[1] <= last for first, last in merge(ranges))


def _other_case(characters: Range) -> list[Range]:
    """The ASCII letters of a range in the other case."""
    shifted = []
    for letters, shift in (((65, 90), 32), ((97, 122), -32)):
        first, last = max(characters[0], letters[0]), min(characters[1], letters[1])
        if first <= last:
            shifted.append((first + shift, last + shift))
    return shifted


def _print(characters: Range) -> str:
    first, last = characters
    if first == last:
        return _char(first)
    if first == ord("\\"):  # Lucene takes an escaped backslash alone, never as a range's start
        return _char(first) + _print((first + 1, last))
    if last == first + 1:
        return _char(first) + _char(last)
    return f"{_char(first)}-{_char(last)}"


def _char(code: int) -> str:
    char = chr(code)
    return f"\\{char}" if char in _SPECIAL else char
