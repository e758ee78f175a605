"""Functions that choose: they look at an argument only when its turn comes.

Source: Splunk Search Reference 9.4, "Comparison and Conditional functions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from trident.engines.spl.errors import SplUndocumented
from trident.engines.spl.scope import Compiled, condition_of, plain
from trident.engines.spl.values import Result, Row, Truth, compare, holds

Arguments = Sequence[Compiled]


def _if(arguments: Arguments) -> Compiled:
    condition, then, otherwise = arguments
    return lambda row: then(row) if holds(condition(row)) else otherwise(row)


def _case(arguments: Arguments) -> Compiled:
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))

    def case(row: Row) -> Result:
        for condition, value in pairs:
            if holds(condition(row)):
                return value(row)
        return None

    return case


def _validate(arguments: Arguments) -> Compiled:
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))

    def validate(row: Row) -> Result:
        for condition, value in pairs:
            answer = condition_of(condition(row))
            if answer not in (Truth.TRUE, Truth.FALSE):
                raise SplUndocumented("validate() with a condition that is NULL")
            if answer is Truth.FALSE:
                return value(row)
        return None

    return validate


def _coalesce(arguments: Arguments) -> Compiled:
    def coalesce(row: Row) -> Result:
        for each in arguments:
            if (value := plain(each(row), "coalesce")) is not None:
                return value
        return None

    return coalesce


def _nullif(arguments: Arguments) -> Compiled:
    left, right = arguments

    def nullif(row: Row) -> Result:
        value = left(row)
        return None if holds(compare("=", value, right(row))) else value

    return nullif


def _constant(value: Result) -> Callable[[Arguments], Compiled]:
    return lambda arguments: lambda row: value


CONDITIONALS: Mapping[str, Callable[[Arguments], Compiled]] = {
    "if": _if,
    "case": _case,
    "validate": _validate,
    "coalesce": _coalesce,
    "nullif": _nullif,
    "true": _constant(Truth.TRUE),
    "false": _constant(Truth.FALSE),
    "null": _constant(None),
}
