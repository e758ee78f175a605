"""Mathematical, statistical, time and informational functions.

Source: Splunk Search Reference 9.4, "Mathematical functions", "Statistical eval functions",
"Date and Time functions", "Informational functions".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from trident.engines.spl.errors import SplUndocumented
from trident.engines.spl.scope import Function, Scope, numeric, plain, text
from trident.engines.spl.times import resolve_time, strftime, strptime
from trident.engines.spl.values import (
    Num,
    Result,
    Single,
    Truth,
    each_of,
    significant,
    total,
    truth,
)

Arguments = Sequence[Result]


def _numeric(name: str, calculate: Callable[..., Num | None]) -> Function:
    """A function of numbers: null when an argument is, or when it has no value there."""

    def apply(_: Scope, arguments: Arguments) -> Result:
        values = [numeric(each, name) for each in arguments]
        if None in values:
            return None
        try:
            return calculate(*values)
        except (ValueError, ZeroDivisionError):
            return None

    return apply


def _round(value: Num, places: Num | None = None) -> Num:
    """Source: round: 2.555 to two places is 2.56; without places to a whole number."""
    count = int(places.value) if places else 0
    if count < 0:
        raise SplUndocumented("round() to a negative number of places")
    rounded = Decimal(repr(value.value)).quantize(Decimal(1).scaleb(-count), ROUND_HALF_UP)
    return Num(float(rounded), count or None)


def _log(value: Num, base: Num | None = None) -> Num:
    return Num(math.log(value.value, base.value) if base else math.log10(value.value))


def lexicographic(value: Single) -> tuple[int, float, str]:
    """A sort key: numbers before strings, strings by code point (upper case before lower).

    Source: "Aggregate functions", max: 1, c, a, 2, 100, b, 4, 9 is 1, 2, 4, 9, 100, a, b, c.
    """
    if isinstance(value, Num):
        return (0, value.value, "")
    return (1, 0.0, value)


def _extreme(name: str, choose: Callable[..., Single]) -> Function:
    def apply(_: Scope, arguments: Arguments) -> Result:
        if None in arguments:
            raise SplUndocumented(f"{name}() with a null argument")
        values = [each for value in arguments for each in each_of(plain(value, name))]
        return choose(values, key=lexicographic)

    return apply


def _summed(name: str, mean: bool) -> Function:
    """Source: sum, avg: arguments that do not exist or are no number are ignored."""

    def apply(_: Scope, arguments: Arguments) -> Result:
        values = [each for value in arguments for each in each_of(plain(value, name))]
        numbers = [each for each in values if isinstance(each, Num)]
        if not numbers:
            return None
        result = numbers[0]
        for each in numbers[1:]:
            result = total(result, each, result.value + each.value)
        return Num(result.value / len(numbers)) if mean else Num(result.value, result.decimals)

    return apply


def _now(scope: Scope, _: Arguments) -> Result:
    return Num(scope.now)


def _relative_time(scope: Scope, arguments: Arguments) -> Result:
    moment = numeric(arguments[0], "relative_time")
    modifier = text(arguments[1], "relative_time")
    if moment is None or modifier is None:
        return None
    return Num(resolve_time(modifier, moment.value, scope.config.zone))


def _strftime(scope: Scope, arguments: Arguments) -> Result:
    moment, form = numeric(arguments[0], "strftime"), text(arguments[1], "strftime")
    if moment is None or form is None:
        return None
    return strftime(moment.value, form, scope.config.zone)


def _strptime(scope: Scope, arguments: Arguments) -> Result:
    """Source: strptime's results have six decimals (1534143600.000000)."""
    written, form = text(arguments[0], "strptime"), text(arguments[1], "strptime")
    if written is None or form is None:
        return None
    seconds = strptime(written, form, scope.config.zone)
    return None if seconds is None else Num(seconds, 6)


def _is(test: Callable[[Result], bool]) -> Function:
    return lambda _, arguments: truth(test(arguments[0]))


def _whole(value: Result) -> bool:
    return isinstance(value, Num) and value.value == int(value.value) and "." not in str(value)


def _isnull(value: Result) -> bool:
    if isinstance(value, Truth) and value not in (Truth.TRUE, Truth.FALSE, Truth.NULL):
        raise SplUndocumented("isnull() of a condition on a missing field")
    return value is None or value is Truth.NULL


FUNCTIONS: Mapping[str, Function] = {
    "abs": _numeric("abs", lambda x: Num(abs(x.value), x.decimals)),
    "ceil": _numeric("ceil", lambda x: Num(math.ceil(x.value))),
    "ceiling": _numeric("ceiling", lambda x: Num(math.ceil(x.value))),
    "floor": _numeric("floor", lambda x: Num(math.floor(x.value))),
    "round": _numeric("round", _round),
    "exact": _numeric("exact", lambda x: Num(x.value)),
    "sigfig": _numeric("sigfig", significant),
    "sqrt": _numeric("sqrt", lambda x: Num(math.sqrt(x.value))),
    "pow": _numeric("pow", lambda x, y: Num(math.pow(x.value, y.value))),
    "exp": _numeric("exp", lambda x: Num(math.exp(x.value))),
    "ln": _numeric("ln", lambda x: Num(math.log(x.value))),
    "log": _numeric("log", _log),
    "max": _extreme("max", max),
    "min": _extreme("min", min),
    "sum": _summed("sum", mean=False),
    "avg": _summed("avg", mean=True),
    "now": _now,
    # The wall clock while the search runs; this engine's clock stands still.
    "time": _now,
    "relative_time": _relative_time,
    "strftime": _strftime,
    "strptime": _strptime,
    "isnull": _is(_isnull),
    "isnotnull": _is(lambda value: not _isnull(value)),
    "isnum": _is(lambda value: isinstance(value, Num)),
    "isstr": _is(lambda value: isinstance(value, str)),
    "isint": _is(_whole),
    "isdouble": _is(lambda value: isinstance(value, Num) and not _whole(value)),
    "isbool": _is(lambda value: isinstance(value, Truth)),
    "ismv": _is(lambda value: isinstance(value, tuple)),
}
