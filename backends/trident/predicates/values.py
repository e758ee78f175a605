"""What two values of one field have to do with each other: whether one text can pass both tests,
and whether whatever passes the one passes the other.

Both answers are yes only where it is certain by the reference meaning (``meaning/detection.py``);
what these few kinds of values do not show is open, and stays so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaNull,
    SigmaNumber,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from trident.meaning.detection import fold, number, text
from trident.rule.tree import value_structure

_ANY = "\uffff"
"""Stands for what a wildcard takes; a text that holds this noncharacter is left open."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The field has no value."""


@dataclass(frozen=True, slots=True)
class Present:
    """The field has a value."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text or pattern without a ``?``: the pieces between its ``*``, those folded, and these as
    one text, ``_ANY`` for each ``*``."""

    pieces: tuple[str, ...]
    cased: bool = False
    folded: tuple[str, ...] = field(init=False, compare=False)
    folded_whole: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        folded = tuple(map(fold, self.pieces))
        object.__setattr__(self, "folded", folded)
        object.__setattr__(self, "folded_whole", _ANY.join(folded))

    @property
    def whole(self) -> str | None:
        """The one text that it is; None for a pattern."""
        return self.pieces[0] if len(self.pieces) == 1 else None


@dataclass(frozen=True, slots=True)
class Limit:
    """A comparison with a number: below it or above it, itself included or not."""

    below: bool
    limit: Fraction
    included: bool

    def holds(self, value: Fraction) -> bool:
        """Whether a number passes."""
        return (value < self.limit) == self.below if value != self.limit else self.included


@dataclass(frozen=True, slots=True)
class Network:
    """A range of addresses."""

    range: ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class TimePart:
    """A unit of a time and its number."""

    unit: str
    number: int


@dataclass(frozen=True, slots=True)
class Other:
    """A test of which only what it says is known."""

    says: Any


Reading = Missing | Present | Text | Limit | Network | TimePart | Other

_LIMITS = {
    CompareOperators.LT: (True, False),
    CompareOperators.LTE: (True, True),
    CompareOperators.GT: (False, False),
    CompareOperators.GTE: (False, True),
}


def reading(value: object) -> Reading:
    """What a Sigma value, which is no list, says of a field."""
    if isinstance(value, SigmaString):  # most of them
        return _text(value)
    match value:
        case SigmaNull():
            return Missing()
        case SigmaExists():
            return Present() if value else Missing()
        case SigmaTimestampPart():  # before SigmaNumber, whose subclass it is
            return TimePart(value.timestamp_part.name, int(value.number))
        case SigmaNumber():
            digits = text(value.number)
            return Text((digits,), cased=bool(digits.strip("-.0123456789")))
        case SigmaBool():
            return Text((text(bool(value)),))
        case SigmaCIDRExpression():
            return Network(ipaddress.ip_network(value.cidr))
        case SigmaCompareExpression() if value.op in _LIMITS and not isinstance(
            value.number, SigmaTimestampPart
        ):
            limit = number(value.number.number)
            below, included = _LIMITS[value.op]
            return Other(value_structure(value)) if limit is None else Limit(below, limit, included)
    return Other(value_structure(value))


def within(keyword: Reading) -> Reading:
    """What a keyword says of the field that it stands in: it is anywhere in its text."""
    if not isinstance(keyword, Text):
        return keyword if isinstance(keyword, Present) else Other(keyword)
    return Text(("", *keyword.pieces, ""), keyword.cased)


def exclude(one: Reading, other: Reading) -> bool:
    """Whether it is certain that no value passes both."""
    if isinstance(one, Missing) or isinstance(other, Missing):
        return not (isinstance(one, Missing) and isinstance(other, Missing))
    return _exclude(one, other) or _exclude(other, one)


def include(wide: Reading, narrow: Reading) -> bool:
    """Whether it is certain that whatever passes ``narrow`` passes ``wide``."""
    if isinstance(wide, Text) and isinstance(narrow, Text):  # most of them
        return _text_includes(wide, narrow)
    if wide == narrow:
        return True
    match wide, narrow:
        case Present(), _:
            return not isinstance(narrow, Missing)
        case Limit(), Limit():
            return wide.below == narrow.below and (
                wide.holds(narrow.limit) or (wide.limit == narrow.limit and not narrow.included)
            )
        case Network(), Network():
            return _subnet(narrow.range, wide.range)
        case ((Limit() | Network()), Text()) if (whole := narrow.whole) is not None:
            return _passes(wide, whole)
    return False


def _exclude(one: Reading, other: Reading) -> bool:
    match one, other:
        case Text(), Text():
            return _texts_exclude(one, other)
        case ((Limit() | Network()), Text()) if (whole := other.whole) is not None:
            return not _passes(one, whole)
        case Limit(), Limit():
            return one.below != other.below and not (
                one.holds(other.limit) or other.holds(one.limit)
                if one.limit != other.limit
                else one.included and other.included
            )
        case Network(), Network():
            return not (_subnet(one.range, other.range) or _subnet(other.range, one.range))
        case TimePart(), TimePart():
            return one.unit == other.unit and one.number != other.number
    return False


def _text(value: SigmaString) -> Reading:
    pieces, readable = [""], True
    for part in value.s:
        if isinstance(part, str):
            pieces[-1] += part
            readable = readable and _ANY not in part
        elif part is SpecialChars.WILDCARD_MULTI:
            pieces.append("")
        else:
            readable = False
    if not readable:
        return Other(value_structure(value))
    if pieces == [""]:
        return Missing()
    if len(pieces) > len(value.s):  # each part is a *
        return Present()
    return Text(tuple(pieces), isinstance(value, SigmaCasedString))


def _passes(test: Limit | Network, whole: str) -> bool:
    """Whether a text passes; in the other case of its letters it is the same number or address."""
    if isinstance(test, Limit):
        count = number(whole)
        return count is not None and test.holds(count)
    try:
        return ipaddress.ip_address(whole) in test.range
    except ValueError:
        return False


def _subnet(inner: Any, outer: Any) -> bool:
    return inner.version == outer.version and bool(inner.subnet_of(outer))


def _pieces(one: Text, other: Text) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The pieces of both as they compare: in their case only where it counts in both."""
    if one.cased and other.cased:
        return one.pieces, other.pieces
    return one.folded, other.folded


def _texts_exclude(one: Text, other: Text) -> bool:
    ours, theirs = _pieces(one, other)
    if len(ours) == 1:
        return not _fits(ours[0], theirs)
    if len(theirs) == 1:
        return not _fits(theirs[0], ours)
    # Between two patterns with a * only the beginnings and the ends can be at odds.
    return _differ(ours[0], theirs[0], str.startswith) or _differ(
        ours[-1], theirs[-1], str.endswith
    )


def _differ(one: str, other: str, at: Callable[[str, str], bool]) -> bool:
    return not (at(one, other) or at(other, one))


def _text_includes(wide: Text, narrow: Text) -> bool:
    if wide.cased and not narrow.cased:
        return False
    if wide.cased:
        return _fits(_ANY.join(narrow.pieces), wide.pieces)
    return _fits(narrow.folded_whole, wide.folded)


def _fits(whole: str, pieces: tuple[str, ...]) -> bool:
    """Whether a text is one of a pattern's."""
    first, *middle = pieces
    if not middle:
        return whole == first
    last = middle.pop()
    if len(whole) < len(first) + len(last) or not whole.startswith(first):
        return False
    if not whole.endswith(last):
        return False
    start, end = len(first), len(whole) - len(last)
    for piece in middle:
        place = whole.find(piece, start, end)
        if place < 0:
            return False
        start = place + len(piece)
    return True
