"""Reading raw keys of a document: spelling of keys, timespans."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any

from trident.base.diagnostics import TridentError
from trident.rule.rules import Document

_TIMESPAN = re.compile(r"([0-9]+)([smhdwMy])")
# https://github.com/SigmaHQ/sigma-specification: months and years as pySigma counts them.
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952}


def check_keys(
    document: Document, path: tuple[str | int, ...], raw: Any, allowed: Collection[str]
) -> None:
    """Reject keys of the mapping at ``path`` that are not in ``allowed``.

    Raises:
        TridentError: TRI104 at the key, naming the nearest allowed one.
    """
    if not isinstance(raw, Mapping):
        where = ".".join(map(str, path))
        raise TridentError("TRI101", f"{where} must be a mapping", span=document.at(*path))
    for key in raw:
        if key not in allowed:
            near = difflib.get_close_matches(str(key), allowed, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(allowed) or 'none'}"
            raise TridentError(
                "TRI104",
                f"unknown key {str(key)!r} in {'.'.join(map(str, path)) or 'the document'}",
                span=document.at(*path, key),
                hint=hint,
            )


def texts(document: Document, *path: str) -> tuple[str, ...]:
    """The texts at ``path``: a list of them, or one; none where the key is not there.

    Raises:
        TridentError: TRI101 at the first entry that is no text.
    """
    part: Any = document.data
    for key in path:
        part = part.get(key) if isinstance(part, Mapping) else None
    entries = part if isinstance(part, list) else [] if part is None else [part]
    for index, entry in enumerate(entries):
        if not isinstance(entry, str):
            place: tuple[str | int, ...] = (*path, index) if isinstance(part, list) else path
            raise TridentError(
                "TRI101", f"{'.'.join(path)} holds {entry!r}, no text", span=document.at(*place)
            )
    return tuple(entries)


def seconds(timespan: str) -> int:
    """A Sigma timespan (``30m``) in seconds; months and years as pySigma counts them.

    Raises:
        ValueError: when it is none, or zero, or longer than any log.
    """
    match = _TIMESPAN.fullmatch(str(timespan))
    if not match or len(match[1]) > 12 or not int(match[1]):
        raise ValueError(f"{str(timespan)[:40]!r} is no timespan above zero such as 30m, 1h or 7d")
    length = int(match[1]) * _SECONDS[match[2]]
    check_length(length)
    return length


def largest_unit(length: int, units: str = "dhms") -> tuple[int, str]:
    """Seconds as a whole number of the largest of ``units`` that divides them: ``(30, "m")``."""
    unit = next(unit for unit in units if not length % _SECONDS[unit])
    return length // _SECONDS[unit], unit


def timespan(length: int, units: str = "dhms") -> str:
    """Seconds as a timespan: ``30m``."""
    count, unit = largest_unit(length, units)
    return f"{count}{unit}"


def check_length(length: int) -> None:
    """Raises ValueError for a timespan, in seconds, that reaches back before any log: Kusto's
    clock and Python's end there, and a query would fail or mean something else."""
    if length > 100 * _SECONDS["y"]:
        raise ValueError("the timespan is longer than 100 years")
