"""The reference meaning of a detection: pySigma's condition tree as a test on an event's fields.

Two-valued logic, and absent, null and "" are one thing, *missing* (docs/semantics.md,
Detections). Compiled once per rule, then called per event.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
    TimestampPart,
)

from trident.base.diagnostics import Refusal
from trident.meaning.events import Value
from trident.rule.regex import compile_regex

Fields = Mapping[str, Value]
Test = Callable[[Fields], bool]
ValueTest = Callable[[Value], bool]
"""A test on a value that is not missing."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)

_COMPARE: Mapping[CompareOperators, Callable[[Fraction, Fraction], bool]] = {
    CompareOperators.LT: lambda left, right: left < right,
    CompareOperators.LTE: lambda left, right: left <= right,
    CompareOperators.GT: lambda left, right: left > right,
    CompareOperators.GTE: lambda left, right: left >= right,
    CompareOperators.NEQ: lambda left, right: left != right,
}

_TIMESTAMP_PARTS: Mapping[TimestampPart, Callable[[dt.datetime], int]] = {
    TimestampPart.MINUTE: lambda time: time.minute,
    TimestampPart.HOUR: lambda time: time.hour,
    TimestampPart.DAY: lambda time: time.day,
    TimestampPart.WEEK: lambda time: time.isocalendar().week,
    TimestampPart.MONTH: lambda time: time.month,
    TimestampPart.YEAR: lambda time: time.year,
}


def missing(value: Value) -> bool:
    """Whether an event's value is absent, null or empty: one thing."""
    return value is None or value == ""


def text(value: Value) -> str:
    """A value's text: a number in decimal, an integral float without its fraction."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def shown(value: object) -> str:
    """A value as a rule has it, roughly."""
    match value:
        case SigmaNull():
            return "null"
        case SigmaNumber():
            return text(value.number)
        case SigmaCIDRExpression():
            return value.cidr
        case SigmaCompareExpression():
            return f"{value.op.name.lower()} {value.number}"
        case SigmaRegularExpression():
            return str(value.regexp)
        case SigmaFieldReference():
            return value.field
        case SigmaExists():
            return "there" if value else "not there"
    return str(value) or "''"


def number(value: Value) -> Fraction | None:
    """A value as an exact number, also from decimal text; None when it is none.

    A float is the decimal that it was written as: 0.1 is one tenth, as it is in a rule.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(str(value)) if math.isfinite(value) else None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Fraction(value)
    return None


def fold(value: str) -> str:
    """Simple one-to-one case folding: characters that would grow stay as they are."""
    if value.isascii():
        return value.lower()
    return "".join(low if len(low := char.lower()) == 1 else char for char in value)


def compile_detection(condition: object) -> Test:
    """A test on an event's fields from pySigma's parsed condition tree.

    Raises:
        Refusal: TRI305 for a value type that has no defined meaning here.
    """
    if isinstance(condition, ConditionAND):
        parts = [compile_detection(part) for part in condition.args]
        return lambda fields: all(part(fields) for part in parts)
    if isinstance(condition, ConditionOR):
        parts = [compile_detection(part) for part in condition.args]
        return lambda fields: any(part(fields) for part in parts)
    if isinstance(condition, ConditionNOT):
        negated = compile_detection(condition.args[0])
        return lambda fields: not negated(fields)
    if isinstance(condition, ConditionValueExpression):
        keyword = _keyword(condition.value)
        return lambda fields: any(keyword(value) for value in fields.values() if not missing(value))
    assert isinstance(condition, ConditionFieldEqualsValueExpression)
    return _field_test(condition.field, condition.value)


def _field_test(field: str, value: object) -> Test:
    if isinstance(value, SigmaExpansion):
        parts = [_field_test(field, part) for part in value.values]
        return lambda fields: any(part(fields) for part in parts)
    if isinstance(value, SigmaNull) or (isinstance(value, SigmaString) and not any(value.s)):
        return lambda fields: missing(fields.get(field))
    if isinstance(value, SigmaExists):
        wanted = bool(value)
        return lambda fields: missing(fields.get(field)) is not wanted
    if isinstance(value, SigmaFieldReference):
        return _reference_test(field, value)
    test = _value_test(value)

    def check(fields: Fields) -> bool:
        actual = fields.get(field)
        return not missing(actual) and test(actual)

    return check


def _value_test(value: object) -> ValueTest:
    if isinstance(value, SigmaString):
        return _string_test(value)
    if isinstance(value, SigmaTimestampPart):
        part, wanted = _TIMESTAMP_PARTS[value.timestamp_part], int(value.number)
        return lambda actual: (time := _time(actual)) is not None and part(time) == wanted
    if isinstance(value, SigmaNumber):
        plain, exact = text(value.number), number(value.number)
        return lambda actual: (
            actual == plain if isinstance(actual, str) else number(actual) == exact
        )
    if isinstance(value, SigmaBool):
        wanted_text = text(bool(value))
        return lambda actual: fold(text(actual)) == wanted_text
    if isinstance(value, SigmaRegularExpression):
        pattern = compile_regex(value)
        return lambda actual: pattern.search(text(actual)) is not None
    if isinstance(value, SigmaCIDRExpression):
        network = ipaddress.ip_network(value.cidr)
        return lambda actual: (address := _address(actual)) is not None and address in network
    if isinstance(value, SigmaCompareExpression):
        compare, limit = _COMPARE[value.op], number(value.number.number)
        assert limit is not None
        return lambda actual: (count := number(actual)) is not None and compare(count, limit)
    raise Refusal("TRI305", f"no reference meaning for a value of type {type(value).__name__}")


def _string_test(value: SigmaString) -> ValueTest:
    same = _case(value)
    if value.contains_special():
        pattern = _wildcards(value)
        return lambda actual: pattern.fullmatch(same(text(actual))) is not None
    wanted = same("".join(str(part) for part in value.s))
    return lambda actual: same(text(actual)) == wanted


def _case(value: SigmaString) -> Callable[[str], str]:
    """What both sides of a comparison with ``value`` go through."""
    return str if isinstance(value, SigmaCasedString) else fold


def _wildcards(value: SigmaString) -> re.Pattern[str]:
    """The first place of the text after each ``*`` but the last is as good as any other, and the
    atomic groups say so: the time stays linear in the number of wildcards."""
    texts = [""]
    for part in value.s:
        if part is SpecialChars.WILDCARD_MULTI:
            texts.append("")
        else:
            single = part is SpecialChars.WILDCARD_SINGLE
            texts[-1] += "." if single else re.escape(_case(value)(str(part)))
    first, *middle = texts
    last = [f".*{middle.pop()}"] if middle else []
    between = [f"(?>.*?{text})" for text in middle if text]
    return re.compile("".join([first, *between, *last]), re.DOTALL)


def _keyword(value: object) -> ValueTest:
    if isinstance(value, SigmaExpansion):
        parts = [_keyword(part) for part in value.values]
        return lambda actual: any(part(actual) for part in parts)
    if isinstance(value, SigmaString):
        same, wanted = _case(value), _wildcards(value)
        return lambda actual: wanted.search(same(text(actual))) is not None
    if isinstance(value, SigmaNumber):
        digits = text(value.number)
        return lambda actual: digits in text(actual)
    if isinstance(value, SigmaRegularExpression):
        pattern = compile_regex(value)
        return lambda actual: pattern.search(text(actual)) is not None
    raise Refusal("TRI302", f"no keyword meaning for a value of type {type(value).__name__}")


def _reference_test(field: str, reference: SigmaFieldReference) -> Test:
    def check(fields: Fields) -> bool:
        left, right = fields.get(field), fields.get(reference.field)
        if missing(left) or missing(right):
            return False
        ours, theirs = fold(text(left)), fold(text(right))
        if reference.starts_with and reference.ends_with:
            return theirs in ours
        if reference.starts_with:
            return ours.startswith(theirs)
        if reference.ends_with:
            return ours.endswith(theirs)
        return ours == theirs

    return check


def _address(value: Value) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text(value))
    except ValueError:
        return None


def _time(value: Value) -> dt.datetime | None:
    """An ISO 8601 time in UTC, which is also the zone of one that names none."""
    try:
        time = dt.datetime.fromisoformat(text(value))
        return time if time.tzinfo is None else time.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
