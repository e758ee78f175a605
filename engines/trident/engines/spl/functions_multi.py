"""Multivalue functions.

Source: Splunk Search Reference 9.4, "Multivalue eval functions".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trident.engines.spl.errors import SplUndocumented
from trident.engines.spl.patterns import compile_pattern
from trident.engines.spl.scope import Function, Scope, numeric, plain, text
from trident.engines.spl.values import Num, Result, Single, each_of, multi

Arguments = Sequence[Result]


def _values(value: Result, function: str) -> tuple[Single, ...]:
    return each_of(plain(value, function))


def _append(_: Scope, arguments: Arguments) -> Result:
    """Null arguments add nothing, which the page does not say; idioms everywhere rely on it."""
    return multi([each for value in arguments for each in _values(value, "mvappend")])


def _count(_: Scope, arguments: Arguments) -> Result:
    values = _values(arguments[0], "mvcount")
    return Num(len(values)) if values else None


def _index(_: Scope, arguments: Arguments) -> Result:
    """Source: mvindex: both ends included, negative from the end, NULL when out of range."""
    values = _values(arguments[0], "mvindex")
    bounds = [numeric(each, "mvindex") for each in arguments[1:]]
    if not values or None in bounds:
        return None
    places = [int(each.value) for each in bounds if each is not None]
    begin, end = (place + len(values) if place < 0 else place for place in (places[0], places[-1]))
    if not 0 <= begin <= end < len(values):
        return None
    return multi(list(values[begin : end + 1]))


def _join(_: Scope, arguments: Arguments) -> Result:
    values, delimiter = _values(arguments[0], "mvjoin"), text(arguments[1], "mvjoin")
    if not values or delimiter is None:
        return None
    return delimiter.join(map(str, values))


def _sort(_: Scope, arguments: Arguments) -> Result:
    """Source: mvsort: lexicographically, so 10, 100, 70, 9."""
    return multi(sorted(map(str, _values(arguments[0], "mvsort"))))


def _dedup(_: Scope, arguments: Arguments) -> Result:
    return multi(list(dict.fromkeys(map(str, _values(arguments[0], "mvdedup")))))


def _reverse(_: Scope, arguments: Arguments) -> Result:
    return multi(list(reversed(_values(arguments[0], "mvreverse"))))


def _zip(_: Scope, arguments: Arguments) -> Result:
    left, right = (_values(each, "mvzip") for each in arguments[:2])
    delimiter = text(arguments[2], "mvzip") if len(arguments) > 2 else ","
    if len(left) != len(right):
        raise SplUndocumented("mvzip() of fields with different numbers of values")
    return multi([f"{a!s}{delimiter}{b!s}" for a, b in zip(left, right, strict=True)])


def _find(_: Scope, arguments: Arguments) -> Result:
    pattern = text(arguments[1], "mvfind")
    if pattern is None:
        return None
    for place, value in enumerate(_values(arguments[0], "mvfind")):
        if compile_pattern(pattern).search(str(value)):
            return Num(place)
    return None


def _range(_: Scope, arguments: Arguments) -> Result:
    bounds = [numeric(each, "mvrange") for each in arguments]
    if None in bounds:
        return None
    return multi([Num(each) for each in range(*(int(x.value) for x in bounds if x is not None))])


def _split(_: Scope, arguments: Arguments) -> Result:
    joined, delimiter = text(arguments[0], "split"), text(arguments[1], "split")
    if joined is None or delimiter is None:
        return None
    return multi([*(joined.split(delimiter) if delimiter else joined)])


FUNCTIONS: Mapping[str, Function] = {
    "mvappend": _append,
    "mvcount": _count,
    "mvindex": _index,
    "mvjoin": _join,
    "mvsort": _sort,
    "mvdedup": _dedup,
    "mvreverse": _reverse,
    "mvzip": _zip,
    "mvfind": _find,
    "mvrange": _range,
    "split": _split,
}
