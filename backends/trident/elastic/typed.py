"""What a test asks of a typed Elastic field, before it is written down.

A leaf is written in EQL, in ES|QL, and in Query DSL for the request that learns a baseline.
Deciding here, by the field's type, keeps them the same.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

from sigma.types import SigmaRegularExpression, SpecialChars

from trident.base.diagnostics import Refusal
from trident.elastic.regexes import MAX_LENGTH, NOTE_NON_ASCII_CASE, literal, to_lucene
from trident.mapping.profiles import Column
from trident.meaning.detection import text
from trident.predicates.leaf import COMPARISONS, TEXT, Leaf, Op, cased_op, read

NUMERIC = ("long", "int", "real")
_LONGS = range(-(2**63), 2**63)


def leaf(column: Column, value: object) -> Leaf:
    """The test that a Sigma value makes of a field, by the field's type.

    Raises:
        Refusal: as ``read`` and ``typed``.
    """
    return typed(read(column, value))


def typed(leaf: Leaf) -> Leaf:
    """A test on a field of its type: patterns as text with ``*`` and ``?``, or as Lucene's regular
    expressions.

    Raises:
        Refusal: TRI303 for a regular expression, TRI356 for a test that the field's type does not
            have.
    """
    if leaf.op in (Op.MISSING, Op.PRESENT):
        return Leaf(leaf.op, leaf.column)
    return _BY_TYPE.get(leaf.column.type, _no_test)(leaf)


def _no_test(leaf: Leaf) -> Leaf:
    raise Refusal(
        "TRI356",
        f"{leaf.column.name} is a {leaf.column.type} field, which has no test for "
        f"{_described(leaf)}",
    )


def _described(leaf: Leaf) -> str:
    match leaf.op:
        case Op.REGEX | Op.REGEX_CASED:
            return "a regular expression"
        case Op.CIDR:
            return "an address range"
    if leaf.op in COMPARISONS:
        return "a numeric comparison"
    return repr(str(leaf.pattern if leaf.pattern is not None else leaf.shown))


def _text(leaf: Leaf) -> Leaf:
    match leaf.op:
        case Op.NUMBER:
            return Leaf(Op.EQUALS_CASED, leaf.column, text(leaf.number))
        case Op.BOOLEAN:
            return Leaf(Op.EQUALS, leaf.column, text(leaf.number))
        case Op.REGEX | Op.REGEX_CASED:
            return _regex(leaf)
    return _string(leaf) if leaf.op in TEXT else _no_test(leaf)


def _regex(leaf: Leaf) -> Leaf:
    flags = 0
    for flag in leaf.expression.flags:
        flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
    lucene = to_lucene(str(leaf.expression.regexp), flags)
    if not lucene.pattern:
        # Only an empty value matches, and that is a missing one.
        return Leaf(Op.NEVER, leaf.column)
    op = Op.REGEX if lucene.insensitive else Op.REGEX_CASED
    return Leaf(op, leaf.column, lucene.pattern, not_empty=lucene.empty, notes=lucene.notes)


def _string(leaf: Leaf) -> Leaf:
    """A text test; as a regular expression where a pattern cannot say it.

    A wildcard character that the rule means literally has no escape in an EQL pattern, and a
    folding comparison in EQL folds ASCII letters only.
    """
    column, parts, cased = leaf.column, leaf.parts.s, leaf.cased
    plain = "".join(part for part in parts if isinstance(part, str))
    wild = leaf.parts.contains_special()
    starred = ("*" in plain or "?" in plain) and (wild or not cased)
    foreign = not cased and _has_other_case(plain)
    if starred or foreign:
        pattern = "".join(_regex_part(part, fold=not cased) for part in parts)
        if len(pattern) <= MAX_LENGTH:
            return Leaf(Op.REGEX_CASED if cased else Op.REGEX, column, pattern)
        if starred:
            raise Refusal("TRI301", f"a value with a literal * or ? for {column.name} is too long")
    notes = (NOTE_NON_ASCII_CASE,) if foreign else ()
    if wild:
        pattern = "".join(map(_wildcard, parts))
        return Leaf(cased_op(Op.LIKE, leaf.parts), column, pattern, notes=notes)
    return Leaf(cased_op(Op.EQUALS, leaf.parts), column, plain, notes=notes)


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


def _number(leaf: Leaf) -> Leaf:
    column = leaf.column
    match leaf.op:
        case Op.LT | Op.LTE | Op.GT | Op.GTE if int(leaf.number) in _LONGS:
            return leaf
        case Op.NUMBER:
            return _equal_number(column, leaf.number)
        case Op.EQUALS | Op.EQUALS_CASED:
            try:
                wanted = float(leaf.text) if column.type == "real" else int(leaf.text)
            except ValueError:
                return Leaf(Op.NEVER, column)
            same = text(wanted) == leaf.text
            return _equal_number(column, wanted) if same else Leaf(Op.NEVER, column)
        case Op.BOOLEAN:
            return Leaf(Op.NEVER, column)
    return _no_test(leaf)


def _equal_number(column: Column, wanted: int | float) -> Leaf:
    fits = column.type == "real" or (float(wanted).is_integer() and int(wanted) in _LONGS)
    return Leaf(Op.NUMBER if fits else Op.NEVER, column, wanted)


def _address(leaf: Leaf) -> Leaf:
    column = leaf.column
    match leaf.op:
        case Op.CIDR:
            return Leaf(Op.CIDR, column, str(ipaddress.ip_network(leaf.text)))
        case Op.EQUALS | Op.EQUALS_CASED:
            try:
                return Leaf(Op.EQUALS_CASED, column, str(ipaddress.ip_address(leaf.text)))
            except ValueError:
                return Leaf(Op.NEVER, column)
        case Op.STARTSWITH | Op.STARTSWITH_CASED:
            return _address_prefix(leaf)
        case Op.NUMBER | Op.BOOLEAN:
            return Leaf(Op.NEVER, column)
    return _no_test(leaf)


def _address_prefix(leaf: Leaf) -> Leaf:
    """``10.*`` and ``fe80:*`` as address ranges; other patterns have no meaning for addresses."""
    prefix = leaf.text
    octets = prefix.split(".")[:-1]
    if re.fullmatch(r"(\d{1,3}\.){1,3}", prefix) and all(_is_octet(part) for part in octets):
        base = ".".join([*octets, "0", "0", "0"][:4])
        return Leaf(Op.CIDR, leaf.column, f"{base}/{8 * len(octets)}")
    if re.fullmatch(r"[1-9a-fA-F][0-9a-fA-F]{0,3}:", prefix):
        return Leaf(Op.CIDR, leaf.column, f"{prefix.lower()}:/16")
    return _no_test(leaf)


def _is_octet(part: str) -> bool:
    return int(part) < 256 and str(int(part)) == part


def _boolean(leaf: Leaf) -> Leaf:
    if leaf.op is Op.BOOLEAN:
        return leaf
    if leaf.op in (Op.EQUALS, Op.EQUALS_CASED):
        plain = leaf.text.lower()
        if plain in ("true", "false"):
            return Leaf(Op.BOOLEAN, leaf.column, plain == "true")
        return Leaf(Op.NEVER, leaf.column)
    return _no_test(leaf)


_BY_TYPE: Mapping[str, Callable[[Leaf], Leaf]] = {
    "string": _text,
    "ip": _address,
    "bool": _boolean,
    **dict.fromkeys(NUMERIC, _number),
}
