"""Times of a rule test: absolute, before ``now`` or after ``start``, in whole microseconds."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from trident.meaning.events import SECOND, parse_time, to_micros

_UNITS = {
    "w": 604_800 * SECOND,
    "d": 86_400 * SECOND,
    "h": 3_600 * SECOND,
    "m": 60 * SECOND,
    "s": SECOND,
    "ms": 1_000,
    "us": 1,
}
_PART = r"(\d+(?:\.\d+)?)(us|ms|[wdhms])"
_SPAN = re.compile(f"(?:{_PART})+", re.ASCII)
_EACH = re.compile(_PART, re.ASCII)


@dataclass(frozen=True, slots=True)
class Clock:
    """What relative times are counted from; microseconds since the epoch."""

    now: int
    start: int | None = None

    def read(self, moment: Any) -> int:
        """A moment as microseconds since the epoch.

        ``-30d`` is before ``now``, ``+4m30s`` after ``start``, ``now`` is now; anything else is
        an absolute time with a zone.

        Raises:
            ValueError: for anything else, and for ``+`` without a start.
        """
        if moment == "now":
            return self.now
        if isinstance(moment, str) and moment[:1] == "-":
            return self.now - duration(moment[1:])
        if isinstance(moment, str) and moment[:1] == "+":
            if self.start is None:
                raise ValueError(f"{moment!r} counts from start, which is not given")
            return self.start + duration(moment[1:])
        return absolute(moment)


def duration(text: Any) -> int:
    """``1h30m``, ``0.5s``, ``250ms`` in microseconds.

    Raises:
        ValueError: when it is none, or not a whole number of microseconds.
    """
    if not isinstance(text, str) or not _SPAN.fullmatch(text):
        raise ValueError(f"{text!r} is no duration such as 30m, 4m30s or 250ms")
    total = sum(Fraction(number) * _UNITS[unit] for number, unit in _EACH.findall(text))
    if total.denominator != 1:
        raise ValueError(f"{text!r} is finer than a microsecond")
    return int(total)


def absolute(moment: Any) -> int:
    """A time with a zone, as YAML or ISO 8601 write it, in microseconds since the epoch.

    Raises:
        ValueError: when it is no such time or has no zone.
    """
    if isinstance(moment, dt.datetime):
        if moment.tzinfo is None:
            raise ValueError(f"time {moment.isoformat()} has no zone; write it with a Z")
        return to_micros(moment)
    if isinstance(moment, str):
        return parse_time(moment)
    if isinstance(moment, dt.date):
        raise ValueError(f"{moment.isoformat()} is a day; write the time and the zone too")
    raise ValueError(f"{moment!r} is no time; a number needs a unit, as in +90s")
