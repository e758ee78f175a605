"""Values that YAML reads otherwise than the file shows them, and that would be compared so.

A parser of YAML 1.1, which PyYAML and so pySigma are, takes ``0x100`` for 256, ``on`` for true,
``12:30:45`` for 45045 and ``2026-01-01`` for a date (https://yaml.org/type/); the field of an event
holds the text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trident.base.diagnostics import Severity, Span, TridentError

_NUMBERS = frozenset(("gt", "gte", "lt", "lte", "minute", "hour", "day", "week", "month", "year"))
"""Modifiers whose value is a number however it is written."""


@dataclass(frozen=True, slots=True)
class Misread:
    """A value or key of a detection, as ``written`` in the file and as ``value`` in the data.

    ``key`` is the nearest key above a value ("" for a keyword), with its modifiers.
    """

    written: str
    value: Any
    key: str
    is_key: bool
    span: Span


def differs(written: str, value: Any, block: bool) -> bool:
    """Whether ``value``, as YAML reads it, is compared otherwise than as ``written``.

    ``block`` tells a text below ``|`` or ``>``, whose last line break is part of it.
    """
    match value:
        case str():
            return block and value.endswith("\n")
        case bool():
            return written.lower() not in ("true", "false")
        case int() | float():
            return _decimal(value) != written
        case None:
            return written == "~"
    return True


def check_reading(misread: Sequence[Misread]) -> Iterator[TridentError]:
    """A warning for each value that is compared otherwise than it is written.

    Raises:
        TridentError: TRI115 for a key or value that nothing can be compared with.
    """
    for each in misread:
        modifiers = frozenset(each.key.split("|")[1:])
        number = isinstance(each.value, int | float) and not isinstance(each.value, bool)
        if each.is_key or not _comparable(each.value):
            raise TridentError("TRI115", _says(each), span=each.span, hint=_quoted(each))
        if (number and modifiers & _NUMBERS) or "exists" in modifiers:
            continue
        yield TridentError(
            "TRI115", _says(each), span=each.span, hint=_quoted(each), severity=Severity.WARNING
        )


def _comparable(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)


def _says(each: Misread) -> str:
    if isinstance(each.value, str):
        return "the text ends with a line break, which no field may hold"
    what = "key" if each.is_key else "value"
    kind, read = _shown(each.value)
    return f"YAML reads the {what} {_cut(each.written)} as {kind}" + (f" {read}" if read else "")


def _quoted(each: Misread) -> str:
    if isinstance(each.value, str):
        return "write |- or >-, which leave the last line break out"
    quoted = "'" + _cut(each.written).replace("'", "''") + "'"
    match each.value:
        case _ if each.is_key or not _comparable(each.value):
            return f"quote it: {quoted}"
        case None:
            return f"quote it to compare with the text: {quoted}; or write null, a missing field"
    return f"quote it to compare with the text: {quoted}; or write {_shown(each.value)[1]}"


def _shown(value: Any) -> tuple[str, str]:
    """What kind of value it is, and how YAML writes it plainly ("" where it does not matter)."""
    match value:
        case bool():
            return "the truth value", str(value).lower()
        case int() | float():
            return "the number", _decimal(value)
        case None:
            return "null", ""
    return f"a {type(value).__name__}", ""


def _cut(written: str) -> str:
    return written if len(written) <= 40 else f"{written[:40]}..."


def _decimal(number: float) -> str:
    """The text that a number is compared with where a field holds text."""
    whole = isinstance(number, float) and math.isfinite(number) and number.is_integer()
    return str(int(number) if whole else number)
