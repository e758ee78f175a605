"""One value of a detection as a test of its field, by the value's type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sigma.types import (
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
)

from trident.app.explain import phrases
from trident.app.explain.phrases import Kind
from trident.app.explain.words import Test
from trident.base.diagnostics import Refusal
from trident.meaning.detection import text


def field_test(field: str, value: Any) -> Test:
    """The test that a value asks of a field.

    Raises:
        Refusal: TRI305 for a kind of value that has no defined meaning.
    """
    for kind, made in _BY_TYPE.items():
        if isinstance(value, kind):
            return made(field, value)
    raise Refusal("TRI305", f"no reference meaning for a value of type {type(value).__name__}")


def keyword_test(value: Any) -> Test:
    """The test that a keyword asks of the text of any field, so wildcards at its ends say
    nothing, and one of nothing else asks for a field that is not missing.

    Raises:
        Refusal: TRI302 for a kind of value that has no defined meaning as a keyword.
    """
    if isinstance(value, SigmaString):
        parts = list(value.s)
        while parts and parts[0] is SpecialChars.WILDCARD_MULTI:
            parts.pop(0)
        while parts and parts[-1] is SpecialChars.WILDCARD_MULTI:
            parts.pop()
        if not any(parts):
            return Test("", Kind.PRESENT)
        if any(isinstance(part, SpecialChars) for part in parts):
            star = SpecialChars.WILDCARD_MULTI
            return Test("", Kind.PATTERN, (pattern([star, *parts, star]),), _case(value))
        return Test("", Kind.CONTAINS, ("".join(map(str, parts)),), _case(value))
    if isinstance(value, SigmaNumber):
        return Test("", Kind.CONTAINS, (text(value.number),))
    if isinstance(value, SigmaRegularExpression):
        return _regex("", value)
    raise Refusal("TRI302", f"no keyword meaning for a value of type {type(value).__name__}")


def _string(field: str, value: SigmaString) -> Test:
    if not any(value.s):
        return Test(field, Kind.MISSING)
    if set(value.s) == {SpecialChars.WILDCARD_MULTI}:
        return Test(field, Kind.PRESENT)
    kind, shown = _shape(value)
    return Test(field, kind, (shown,), _case(value))


def _shape(value: SigmaString) -> tuple[Kind, str]:
    """The kind of test that wildcards at the ends make, and the text between them; a pattern
    where there are others."""
    parts = [part for part in value.s if part != ""]
    first = parts[0] is SpecialChars.WILDCARD_MULTI
    last = parts[-1] is SpecialChars.WILDCARD_MULTI
    inner = parts[first : len(parts) - last]
    if any(isinstance(part, SpecialChars) for part in inner):
        return Kind.PATTERN, pattern(parts)
    kinds = {
        (True, True): Kind.CONTAINS,
        (False, True): Kind.STARTS,
        (True, False): Kind.ENDS,
        (False, False): Kind.EQUALS,
    }
    return kinds[first, last], "".join(map(str, inner))


def pattern(parts: Iterable[Any]) -> str:
    """A value with wildcards as Sigma writes it: ``*`` any text, ``?`` any one character, a
    backslash before either where it is meant literally, and before a backslash."""
    special = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    return "".join(
        special[part]
        if isinstance(part, SpecialChars)
        else str(part).replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
        for part in parts
    )


def _case(value: SigmaString) -> bool | None:
    """Whether case counts; None where no letter has another case."""
    letters = "".join(part for part in value.s if isinstance(part, str))
    if letters.lower() == letters.upper():
        return None
    return isinstance(value, SigmaCasedString)


def _number(field: str, value: SigmaNumber) -> Test:
    return Test(field, Kind.NUMBER, (text(value.number),))


def _boolean(field: str, value: SigmaBool) -> Test:
    return Test(field, Kind.BOOLEAN, (text(bool(value)),))


def _regex(field: str, value: SigmaRegularExpression) -> Test:
    cased = SigmaRegularExpressionFlag.IGNORECASE not in value.flags
    flags = tuple(words for flag, words in phrases.FLAGS.items() if flag in value.flags)
    return Test(field, Kind.REGEX, (str(value.regexp),), cased, flags)


def _address(field: str, value: SigmaCIDRExpression) -> Test:
    return Test(field, Kind.ADDRESS, (str(value.cidr),))


def _comparison(field: str, value: SigmaCompareExpression) -> Test:
    return Test(field, phrases.COMPARISONS[value.op], (text(value.number.number),))


def _timestamp_part(field: str, value: SigmaTimestampPart) -> Test:
    return Test(field, phrases.TIMESTAMP_PARTS[value.timestamp_part], (text(value.number),))


def _reference(field: str, value: SigmaFieldReference) -> Test:
    kind = phrases.REFERENCES[value.starts_with, value.ends_with]
    return Test(field, kind, (value.field,), cased=False)


def _null(field: str, _: SigmaNull) -> Test:
    return Test(field, Kind.MISSING)


def _exists(field: str, value: SigmaExists) -> Test:
    return Test(field, Kind.PRESENT if value else Kind.MISSING)


_BY_TYPE: Mapping[type, Callable[[str, Any], Test]] = {
    SigmaString: _string,
    SigmaTimestampPart: _timestamp_part,  # before SigmaNumber, which it is, too
    SigmaNumber: _number,
    SigmaBool: _boolean,
    SigmaRegularExpression: _regex,
    SigmaCIDRExpression: _address,
    SigmaCompareExpression: _comparison,
    SigmaFieldReference: _reference,
    SigmaNull: _null,
    SigmaExists: _exists,
}
