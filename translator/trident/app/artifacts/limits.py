"""Limits of a SIEM on an artifact's fields, as data: what is checked, where it is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from trident.base.diagnostics import Refusal


@dataclass(frozen=True, slots=True)
class Limit:
    """What a field may hold: a number or a size from ``minimum`` to ``maximum``, text that matches
    ``pattern`` in full and nowhere ``forbidden``.

    A size is a text's length in UTF-16 code units, as .NET counts, or a list's entries. ``unit``
    says which in a message; ``source`` is where the SIEM documents the limit.
    """

    source: str
    unit: str = ""
    minimum: int | None = None
    maximum: int | None = None
    pattern: str = ""
    forbidden: str = ""

    def broken(self, value: Any) -> str:
        """What is wrong with a value, in words; empty where nothing is."""
        size = _size(value)
        if self.minimum is not None and size < self.minimum:
            return f"{self._shown(size)}; at least {self._shown(self.minimum)} are needed"
        if self.maximum is not None and size > self.maximum:
            return f"{self._shown(size)}; the limit is {self._shown(self.maximum)}"
        if self.pattern and not re.fullmatch(self.pattern, value, re.ASCII):
            return f"{value!r} is not of the form {self.pattern}"
        if self.forbidden and (forbidden := re.search(self.forbidden, value)):
            return f"it may not hold {forbidden[0]!r}"
        return ""

    def _shown(self, size: int) -> str:
        return str(timedelta(seconds=size)) if self.unit == "seconds" else f"{size} {self.unit}"


def read_limits(table: Mapping[str, Mapping[str, Any]]) -> dict[str, Limit]:
    """The limits of a YAML mapping, by field."""
    return {field: Limit(**limit) for field, limit in table.items()}


def check(siem: str, limits: Mapping[str, Limit], values: Mapping[str, Any]) -> None:
    """Hold each field's value, or each one of a field's values, against its limit.

    ``values`` maps the fields that have one; ``field[]`` is the limit of a list's entries.

    Raises:
        Refusal: TRI716 for the first value that breaks its limit, with the limit's source.
    """
    for field, limit in limits.items():
        for value in _values(field, values):
            if why := limit.broken(value):
                raise over(siem, field, why, limit.source)


def over(siem: str, field: str, why: str, source: str) -> Refusal:
    """The refusal of an artifact that a SIEM would not take."""
    return Refusal("TRI716", f"{siem} does not take the rule's {field}: {why} ({source})")


def _values(field: str, values: Mapping[str, Any]) -> Iterator[Any]:
    name, many, _ = field.partition("[]")
    if name in values:
        yield from values[name] if many else (values[name],)


def _size(value: Any) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return len(value.encode("utf-16-le", "surrogatepass")) // 2
    return len(value) if isinstance(value, Sized) else 0
