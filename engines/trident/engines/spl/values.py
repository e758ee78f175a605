"""Values: numbers with a precision, strings, multivalues, null; truth with its unknowns.

A field holds text. An expression that reads a field takes text that looks like a number as a
number (Search Reference, "Informational functions", isnum: a field's "NaN" is parsed as numeric;
"Statistical eval functions", avg, example 4: eval attempts to treat a field's value as a number).
A quoted literal stays a string (same examples).
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from trident.engines.spl.errors import SplRuntimeError, SplUndocumented

_NUMERIC = re.compile(r"[+-]?(?:\d+(?:\.(?P<decimals>\d*))?|\.(?P<bare>\d+))(?:[eE][+-]?\d+)?|NaN")


@dataclass(frozen=True, slots=True)
class Num:
    """A double, how many decimals it is known to (None: exact), and how it was written.

    A negative number of decimals says how many digits before the point are not significant;
    only sigfig() shows it.
    """

    value: float
    decimals: int | None = None
    text: str | None = None

    def __str__(self) -> str:
        return self.text if self.text is not None else _format(self.value, self.decimals)


Single = str | Num
Value = Single | tuple[Single, ...] | None
"""A field's value; a tuple is a multivalue of two values or more, None is null."""

Row = dict[str, Value]


class Truth(enum.IntFlag):
    """What a condition can be; a mixture where the documentation leaves it open."""

    TRUE = 1
    FALSE = 2
    NULL = 4


Result = Value | Truth


@lru_cache(maxsize=4096)
def number(text: str, integers_are_exact: bool = True) -> Num | None:
    """``text`` as a number, or None; a number with a decimal point is known to its last digit."""
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return None
    decimals = match["decimals"] if match["decimals"] is not None else match["bare"]
    if decimals is None:
        return Num(float(text), None if integers_are_exact else 0, text)
    return Num(float(text), len(decimals), text)


def _format(value: float, decimals: int | None) -> str:
    if math.isnan(value) or math.isinf(value):
        # Source: "eval", Numeric calculations.
        return {True: "nan", False: "inf" if value > 0 else "-inf"}[math.isnan(value)]
    if decimals is not None:
        rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-max(0, decimals)), ROUND_HALF_UP)
        return f"{rounded:f}"
    if value == int(value) and abs(value) < 2**53:
        return str(int(value))
    return f"{Decimal(repr(value)):f}"


def stored(value: Value) -> Value:
    """A value as a field keeps it: a number is rounded to its precision when it is written.

    Source: "eval", Rounding: results are rounded to the precision of the least precise input;
    exact() "renders the result with a larger amount of precision in the formatted output".
    """
    if isinstance(value, Num) and value.text is None:
        text = str(value)
        return Num(float(text), value.decimals, text)
    if isinstance(value, tuple):
        return multi([str(each) for each in value])
    return value


def multi(values: Sequence[Single]) -> Value:
    """Some values as one: none is null, one is a single value."""
    if not values:
        return None
    return values[0] if len(values) == 1 else tuple(values)


def each_of(value: Value) -> tuple[Single, ...]:
    """The single values of a value."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def as_read(value: Value, integers_are_exact: bool = True) -> Value:
    """A field's value as an expression sees it."""
    if isinstance(value, str):
        return _single_as_read(value, integers_are_exact)
    if isinstance(value, tuple):
        return tuple(_single_as_read(str(each), integers_are_exact) for each in value)
    return value


def _single_as_read(value: str, integers_are_exact: bool) -> Single:
    parsed = number(value, integers_are_exact)
    return value if parsed is None else parsed


def product(left: Num, right: Num, value: float) -> Num:
    """The result of ``*`` or ``/``: as many significant figures as the least precise operand."""
    figures = [each for each in (_figures(left), _figures(right)) if each is not None]
    if not figures or value == 0 or not math.isfinite(value):
        return Num(value)
    return Num(value, min(figures) - 1 - math.floor(math.log10(abs(value))))


def total(left: Num, right: Num, value: float) -> Num:
    """The result of ``+``, ``-`` or ``%``: as many decimals as the least precise operand."""
    known = [each.decimals for each in (left, right) if each.decimals is not None]
    return Num(value, min(known) if known else None)


def significant(value: Num) -> Num:
    """``sigfig()``: unlike the rounding of results it zeroes digits before the point too.

    Source: "Mathematical functions", sigfig: 1.00*1111 is 1111, sigfig(1.00*1111) is 1110.
    """
    figures = _figures(value)
    if figures is None or value.value == 0:
        return value
    place = figures - 1 - math.floor(math.log10(abs(value.value)))
    rounded = Decimal(repr(value.value)).quantize(Decimal(1).scaleb(-place), ROUND_HALF_UP)
    return Num(float(rounded), place)


def _figures(value: Num) -> int | None:
    if value.decimals is None:
        return None
    if value.value == 0:
        return max(1, value.decimals)
    return max(1, value.decimals + 1 + math.floor(math.log10(abs(value.value))))


_COMPARE: Mapping[str, Callable[[object, object], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}


def compare(operator: str, left: Result, right: Result) -> Truth:
    """A comparison of eval and where: two numbers, or two strings, letter case included.

    Source: "eval", Operators that produce booleans. "head": with a field that does not exist the
    comparison is NULL. A number beside a string is not described: the answer must be the same
    whether both are read as numbers or both as strings.

    Raises:
        SplUndocumented: where it is not, and for multivalues.
    """
    if isinstance(left, Truth) or isinstance(right, Truth):
        raise SplRuntimeError("a comparison takes numbers and strings, not Booleans")
    if left is None or right is None:
        return Truth.NULL
    if isinstance(left, tuple) or isinstance(right, tuple):
        raise SplUndocumented("a multivalue field in a comparison of eval or where")
    test = _COMPARE[operator]
    if isinstance(left, Num) and isinstance(right, Num):
        return truth(test(left.value, right.value))
    if isinstance(left, str) and isinstance(right, str):
        return truth(test(left, right))
    as_text = test(str(left), str(right))
    numbers = [number(str(each)) for each in (left, right)]
    if None not in numbers:
        as_numbers = test(*(each.value for each in numbers if each is not None))
        if as_numbers != as_text:
            raise SplUndocumented(f"{left!s} {operator} {right!s}: a number beside a string")
    elif operator not in ("=", "!="):
        raise SplUndocumented(f"{left!s} {operator} {right!s}: a number beside a string")
    return truth(as_text)


def truth(value: bool) -> Truth:
    """A two-valued answer."""
    return Truth.TRUE if value else Truth.FALSE


def holds(condition: Result) -> bool:
    """Whether a condition is true: NULL is not.

    Raises:
        SplUndocumented: when the documentation leaves it open.
        SplRuntimeError: for a value that is no condition.
    """
    if condition is None:
        return False
    if not isinstance(condition, Truth):
        raise SplRuntimeError(f"{condition!s} is no condition")
    if condition & Truth.TRUE and condition is not Truth.TRUE:
        raise SplUndocumented("a condition on a missing, empty or multivalue field")
    return condition is Truth.TRUE


def combine(operator: str, left: Truth, right: Truth) -> Truth:
    """AND, OR and XOR of three-valued truths (Kleene), outcome by outcome.

    The documentation has NULL conditions ("head") without saying how they combine; Splunk's own
    published searches rely on ``isnull(f) OR f=...`` being true for a missing field.
    """
    return _combined(operator, int(left), int(right))


def negate(value: Truth) -> Truth:
    """NOT, outcome by outcome; NOT NULL is NULL ("search": ``where NOT a=b`` is ``a!=b``)."""
    result = value & Truth.NULL
    if value & Truth.TRUE:
        result |= Truth.FALSE
    if value & Truth.FALSE:
        result |= Truth.TRUE
    return result


@lru_cache(maxsize=256)
def _combined(operator: str, left: int, right: int) -> Truth:
    result = Truth(0)
    for a in Truth(left):
        for b in Truth(right):
            result |= _single(operator, a, b)
    return result


def _single(operator: str, a: Truth, b: Truth) -> Truth:
    decisive = {"AND": Truth.FALSE, "OR": Truth.TRUE}.get(operator)
    if decisive is not None and decisive in (a, b):
        return decisive
    if Truth.NULL in (a, b):
        return Truth.NULL
    if operator == "XOR":
        return truth(a is not b)
    return Truth.TRUE if operator == "AND" else Truth.FALSE
