"""What one Sigma field test asks of a typed Elastic field, before it is written down.

A leaf is written in EQL, in ES|QL, and in Query DSL for the request that learns a baseline.
Deciding here, by the field's type, keeps them the same.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from trident.base.diagnostics import Refusal
from trident.elastic.regexes import MAX_LENGTH, NOTE_NON_ASCII_CASE, literal, to_lucene
from trident.mapping.profiles import Column
from trident.meaning.detection import text

NUMERIC = ("long", "int", "real")
_LONGS = range(-(2**63), 2**63)


class Op(StrEnum):
    """What a leaf tests; text tests come in a folding and an exact (cased) form."""

    EQUALS = "equals"
    EQUALS_CASED = "equals cased"
    LIKE = "like"
    LIKE_CASED = "like cased"
    REGEX = "regex"
    REGEX_CASED = "regex cased"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CIDR = "cidr"
    MISSING = "missing"
    PRESENT = "present"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One test of one field. ``not_empty``: the pattern would also match an empty value, which
    is a missing one."""

    op: Op
    column: Column
    value: str | int | float | bool = ""
    not_empty: bool = False
    notes: tuple[str, ...] = ()


_COMPARE: Mapping[CompareOperators, Op] = {
    CompareOperators.LT: Op.LT,
    CompareOperators.LTE: Op.LTE,
    CompareOperators.GT: Op.GT,
    CompareOperators.GTE: Op.GTE,
}


def leaf(column: Column, value: object) -> Leaf:
    """The test that a Sigma value makes of a field, by the field's type.

    Raises:
        Refusal: TRI303 for a regular expression, TRI305 for a kind of value that Elastic has no
            test for, TRI356 for one that the field's type does not have.
    """
    if isinstance(value, SigmaNull):
        return Leaf(Op.MISSING, column)
    if isinstance(value, SigmaExists):
        return Leaf(Op.PRESENT if value else Op.MISSING, column)
    if isinstance(value, SigmaString):
        if not any(value.s):
            return Leaf(Op.MISSING, column)
        if all(part is SpecialChars.WILDCARD_MULTI for part in value.s):
            return Leaf(Op.PRESENT, column)
    if isinstance(value, SigmaTimestampPart) or not isinstance(
        value,
        SigmaString
        | SigmaNumber
        | SigmaBool
        | SigmaRegularExpression
        | SigmaCIDRExpression
        | SigmaCompareExpression,
    ):
        raise Refusal("TRI305", f"Elastic has no test for a value of type {type(value).__name__}")
    return _BY_TYPE.get(column.type, _no_test)(column, value)


def _no_test(column: Column, value: object) -> Leaf:
    raise Refusal(
        "TRI356",
        f"{column.name} is a {column.type} field, which has no test for {_describe(value)}",
    )


def _describe(value: object) -> str:
    if isinstance(value, SigmaRegularExpression):
        return "a regular expression"
    if isinstance(value, SigmaCompareExpression):
        return "a numeric comparison"
    if isinstance(value, SigmaCIDRExpression):
        return "an address range"
    return f"{str(value)!r}"


def _text(column: Column, value: object) -> Leaf:
    if isinstance(value, SigmaString):
        return _string(column, value)
    if isinstance(value, SigmaNumber):
        return Leaf(Op.EQUALS_CASED, column, text(value.number))
    if isinstance(value, SigmaBool):
        return Leaf(Op.EQUALS, column, text(bool(value)))
    if isinstance(value, SigmaRegularExpression):
        flags = 0
        for flag in value.flags:
            flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
        found = to_lucene(str(value.regexp), flags)
        if not found.pattern:
            return Leaf(Op.NEVER, column)  # only an empty value matches, and that is a missing one
        op = Op.REGEX if found.insensitive else Op.REGEX_CASED
        return Leaf(op, column, found.pattern, found.empty, found.notes)
    return _no_test(column, value)


def _string(column: Column, value: SigmaString) -> Leaf:
    """A text test; as a regular expression where a pattern cannot say it.

    A wildcard character that the rule means literally has no escape in an EQL pattern, and a
    folding comparison in EQL folds ASCII letters only.
    """
    cased = isinstance(value, SigmaCasedString)
    plain = "".join(part for part in value.s if isinstance(part, str))
    wild = value.contains_special()
    starred = ("*" in plain or "?" in plain) and (wild or not cased)
    foreign = not cased and _has_other_case(plain)
    if starred or foreign:
        pattern = "".join(_regex_part(part, fold=not cased) for part in value.s)
        if len(pattern) <= MAX_LENGTH:
            return Leaf(Op.REGEX_CASED if cased else Op.REGEX, column, pattern)
        if starred:
            raise Refusal("TRI301", f"a value with a literal * or ? for {column.name} is too long")
    notes = (NOTE_NON_ASCII_CASE,) if foreign else ()
    if wild:
        pattern = "".join(map(_wildcard, value.s))
        return Leaf(Op.LIKE_CASED if cased else Op.LIKE, column, pattern, notes=notes)
    return Leaf(Op.EQUALS_CASED if cased else Op.EQUALS, column, plain, notes=notes)


def _wildcard(part: object) -> str:
    if isinstance(part, SpecialChars):
        return "*" if part is SpecialChars.WILDCARD_MULTI else "?"
    return str(part)


def _regex_part(part: object, fold: bool) -> str:
    if isinstance(part, SpecialChars):
        return ".*" if part is SpecialChars.WILDCARD_MULTI else "."
    return literal(str(part), fold)


def _has_other_case(value: str) -> bool:
    if value.isascii():
        return False
    return any(not char.isascii() and char.lower() != char.upper() for char in value)


def _number(column: Column, value: object) -> Leaf:
    if isinstance(value, SigmaCompareExpression):
        limit, op = value.number.number, _COMPARE.get(value.op)
        part = isinstance(value.number, SigmaTimestampPart)
        if part or op is None or int(limit) not in _LONGS:
            return _no_test(column, value)
        return Leaf(op, column, limit)
    if isinstance(value, SigmaNumber):
        return _equal_number(column, value.number)
    if isinstance(value, SigmaString) and not value.contains_special():
        plain = "".join(map(str, value.s))
        try:
            wanted = float(plain) if column.type == "real" else int(plain)
        except ValueError:
            return Leaf(Op.NEVER, column)
        return _equal_number(column, wanted) if text(wanted) == plain else Leaf(Op.NEVER, column)
    if isinstance(value, SigmaBool):
        return Leaf(Op.NEVER, column)
    return _no_test(column, value)


def _equal_number(column: Column, wanted: int | float) -> Leaf:
    fits = column.type == "real" or (float(wanted).is_integer() and int(wanted) in _LONGS)
    return Leaf(Op.NUMBER if fits else Op.NEVER, column, wanted)


def _address(column: Column, value: object) -> Leaf:
    if isinstance(value, SigmaCIDRExpression):
        return Leaf(Op.CIDR, column, str(value.network))
    if isinstance(value, SigmaString):
        if value.contains_special():
            return _address_prefix(column, value)
        try:
            address = ipaddress.ip_address("".join(map(str, value.s)))
            return Leaf(Op.EQUALS_CASED, column, str(address))
        except ValueError:
            return Leaf(Op.NEVER, column)
    if isinstance(value, SigmaNumber | SigmaBool):
        return Leaf(Op.NEVER, column)
    return _no_test(column, value)


def _address_prefix(column: Column, value: SigmaString) -> Leaf:
    """``10.*`` and ``fe80:*`` as address ranges; other patterns have no meaning for addresses."""
    prefix = str(value.s[0])
    if len(value.s) == 2 and value.s[1] is SpecialChars.WILDCARD_MULTI:
        octets = prefix.split(".")[:-1]
        if re.fullmatch(r"(\d{1,3}\.){1,3}", prefix) and all(_is_octet(part) for part in octets):
            base = ".".join([*octets, "0", "0", "0"][:4])
            return Leaf(Op.CIDR, column, f"{base}/{8 * len(octets)}")
        if re.fullmatch(r"[1-9a-fA-F][0-9a-fA-F]{0,3}:", prefix):
            return Leaf(Op.CIDR, column, f"{prefix.lower()}:/16")
    return _no_test(column, value)


def _is_octet(part: str) -> bool:
    return int(part) < 256 and str(int(part)) == part


def _boolean(column: Column, value: object) -> Leaf:
    if isinstance(value, SigmaBool):
        return Leaf(Op.BOOLEAN, column, bool(value))
    if isinstance(value, SigmaString) and not value.contains_special():
        plain = "".join(map(str, value.s)).lower()
        return (
            Leaf(Op.BOOLEAN, column, plain == "true")
            if plain in ("true", "false")
            else Leaf(Op.NEVER, column)
        )
    return _no_test(column, value)


_BY_TYPE: Mapping[str, Callable[[Column, object], Leaf]] = {
    "string": _text,
    "ip": _address,
    "bool": _boolean,
    **dict.fromkeys(NUMERIC, _number),
}
