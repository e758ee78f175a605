"""Times as engines take and give them: whole microseconds since the epoch, and datetimes in UTC."""

from __future__ import annotations

import datetime as dt

SECOND = 1_000_000
"""Microseconds in a second."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def to_micros(time: dt.datetime) -> int:
    """A time with a zone as microseconds since the epoch."""
    return (time - _EPOCH) // dt.timedelta(microseconds=1)


def to_datetime(micros: int) -> dt.datetime:
    """The inverse of ``to_micros``, in UTC."""
    return _EPOCH + dt.timedelta(microseconds=micros)
