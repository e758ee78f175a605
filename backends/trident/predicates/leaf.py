"""The one reading of a Sigma value: which test it makes of a field, before any language is chosen.

Every target writes the same leaves, each from a table of its own; what a value means is decided
here, once. (The reference evaluator reads values by itself: it is what this is held against.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
    TimestampPart,
)

from trident.base.diagnostics import Refusal
from trident.mapping.profiles import Column
from trident.meaning.detection import text


class Op(StrEnum):
    """What a leaf tests. Text tests come in a folding and an exact (cased) form."""

    EQUALS = "equals"
    EQUALS_CASED = "equals_cased"
    STARTSWITH = "startswith"
    STARTSWITH_CASED = "startswith_cased"
    ENDSWITH = "endswith"
    ENDSWITH_CASED = "endswith_cased"
    CONTAINS = "contains"
    CONTAINS_CASED = "contains_cased"
    LIKE = "like"
    LIKE_CASED = "like_cased"
    REGEX = "regex"
    REGEX_CASED = "regex_cased"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CIDR = "cidr"
    TIME_PART = "time_part"
    FIELD = "field"
    FIELD_STARTSWITH = "field_startswith"
    FIELD_ENDSWITH = "field_endswith"
    FIELD_CONTAINS = "field_contains"
    MISSING = "missing"
    PRESENT = "present"
    KEYWORD = "keyword"
    KEYWORD_CASED = "keyword_cased"
    KEYWORD_REGEX = "keyword_regex"
    NEVER = "never"
    """What a test becomes that no value of the column's type can pass; no rule asks for it."""


TEXT = (
    *(Op.EQUALS, Op.STARTSWITH, Op.ENDSWITH, Op.CONTAINS, Op.LIKE),
    *(Op.EQUALS_CASED, Op.STARTSWITH_CASED, Op.ENDSWITH_CASED, Op.CONTAINS_CASED, Op.LIKE_CASED),
)
"""Tests that compare with a text or a pattern of wildcards."""

COMPARISONS = (Op.LT, Op.LTE, Op.GT, Op.GTE)
KEYWORDS = (Op.KEYWORD, Op.KEYWORD_CASED, Op.KEYWORD_REGEX)

Value = str | int | float | bool | SigmaRegularExpression | SigmaFieldReference | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One test of one field (of any, for a keyword).

    ``value`` is what it compares with: a plain text of EQUALS, the text without its outer
    wildcards of STARTSWITH, ENDSWITH and CONTAINS, a number, a network as text, a pattern or
    expression as pySigma has it. ``pattern`` is the value with its wildcards where a text gave
    the leaf, that of MISSING (``''``) and PRESENT (``*``) included; ``part`` the unit of
    TIME_PART. ``not_empty``: the test as written would also match an empty value, which is a
    missing one. ``notes`` are codes that the test brings.
    """

    op: Op
    column: Column
    value: Value = None
    pattern: SigmaString | None = None
    part: TimestampPart | None = None
    not_empty: bool = False
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The value as text."""
        assert isinstance(self.value, str)
        return self.value

    @property
    def number(self) -> int | float:
        """The value as a number."""
        assert isinstance(self.value, int | float)
        return self.value

    @property
    def shown(self) -> str:
        """A plain value as text, a number in decimal."""
        assert not isinstance(self.value, SigmaRegularExpression | SigmaFieldReference)
        return text(self.value)

    @property
    def expression(self) -> SigmaRegularExpression:
        """The value as a regular expression."""
        assert isinstance(self.value, SigmaRegularExpression)
        return self.value

    @property
    def parts(self) -> SigmaString:
        """The pattern of a text test."""
        assert self.pattern is not None
        return self.pattern

    @property
    def other(self) -> str:
        """The field that a field is compared with."""
        assert isinstance(self.value, SigmaFieldReference)
        return self.value.field

    @property
    def cased(self) -> bool:
        """Whether a text's case counts."""
        return isinstance(self.pattern, SigmaCasedString)


_COMPARE: Mapping[CompareOperators, Op] = {
    CompareOperators.LT: Op.LT,
    CompareOperators.LTE: Op.LTE,
    CompareOperators.GT: Op.GT,
    CompareOperators.GTE: Op.GTE,
}
_CASED: Mapping[Op, Op] = {
    Op.EQUALS: Op.EQUALS_CASED,
    Op.STARTSWITH: Op.STARTSWITH_CASED,
    Op.ENDSWITH: Op.ENDSWITH_CASED,
    Op.CONTAINS: Op.CONTAINS_CASED,
    Op.LIKE: Op.LIKE_CASED,
}
_REFERENCES: Mapping[tuple[bool, bool], Op] = {
    # whether the other field's value stands at the start, at the end (both: anywhere)
    (False, False): Op.FIELD,
    (True, False): Op.FIELD_STARTSWITH,
    (False, True): Op.FIELD_ENDSWITH,
    (True, True): Op.FIELD_CONTAINS,
}
_ENDS: Mapping[tuple[bool, bool], Op] = {
    # whether a pattern of one text begins, ends with a wildcard
    (False, False): Op.EQUALS,
    (False, True): Op.STARTSWITH,
    (True, False): Op.ENDSWITH,
    (True, True): Op.CONTAINS,
}
_MULTI = SpecialChars.WILDCARD_MULTI


def read(column: Column, value: object) -> Leaf:
    """The test that a Sigma value makes of a field.

    Raises:
        Refusal: TRI305 for a kind of value that is no test.
    """
    match value:
        case SigmaString():
            return _text(column, value)
        case SigmaTimestampPart():  # before SigmaNumber, whose subclass it is
            return Leaf(Op.TIME_PART, column, value.number, part=value.timestamp_part)
        case SigmaNumber():
            return Leaf(Op.NUMBER, column, value.number)
        case SigmaBool():
            return Leaf(Op.BOOLEAN, column, bool(value))
        case SigmaRegularExpression():
            folds = SigmaRegularExpressionFlag.IGNORECASE in value.flags
            return Leaf(Op.REGEX if folds else Op.REGEX_CASED, column, value)
        case SigmaCIDRExpression():
            return Leaf(Op.CIDR, column, value.cidr)
        # No modifier makes a comparison of another kind: |neq is a negated equality.
        case SigmaCompareExpression() if value.op in _COMPARE and not isinstance(
            value.number, SigmaTimestampPart
        ):
            return Leaf(_COMPARE[value.op], column, value.number.number)
        case SigmaFieldReference():
            return Leaf(_REFERENCES[value.starts_with, value.ends_with], column, value)
        case SigmaNull():
            return Leaf(Op.MISSING, column)
        case SigmaExists():
            return Leaf(Op.PRESENT if value else Op.MISSING, column)
    raise Refusal("TRI305", f"a value of type {type(value).__name__} is no test of a field")


def _text(column: Column, value: SigmaString) -> Leaf:
    parts = value.s
    if not any(parts):
        return Leaf(Op.MISSING, column, None, value)
    begins, ends = parts[0] is _MULTI, parts[-1] is _MULTI
    inner = parts[begins : len(parts) - ends]
    if len(inner) == 1 and isinstance(inner[0], str):  # most of them
        return Leaf(cased_op(_ENDS[begins, ends], value), column, inner[0], value)
    if all(part is _MULTI for part in parts):
        return Leaf(Op.PRESENT, column, None, value)
    plain = [part for part in inner if isinstance(part, str)]
    if len(plain) < len(inner):
        return Leaf(cased_op(Op.LIKE, value), column, None, value)
    return Leaf(cased_op(_ENDS[begins, ends], value), column, "".join(plain), value)


def cased_op(op: Op, value: SigmaString) -> Op:
    """The exact form of a folding text test where the text's case counts."""
    return _CASED[op] if isinstance(value, SigmaCasedString) else op


RECORD = Column("")
"""Stands for the whole record, where keywords are looked for."""


def read_keyword(value: object) -> Leaf:
    """The test that a Sigma keyword makes of a record.

    Raises:
        Refusal: TRI302 for a kind of value that is no keyword.
    """
    match value:
        case SigmaString():
            cased = isinstance(value, SigmaCasedString)
            plain = None if value.contains_special() else "".join(map(str, value.s))
            return Leaf(Op.KEYWORD_CASED if cased else Op.KEYWORD, RECORD, plain, value)
        case SigmaNumber():
            return Leaf(Op.KEYWORD, RECORD, text(value.number))
        case SigmaRegularExpression():
            return Leaf(Op.KEYWORD_REGEX, RECORD, value)
    raise Refusal("TRI302", f"a value of type {type(value).__name__} is no keyword")
