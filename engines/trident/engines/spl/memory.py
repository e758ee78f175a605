"""Splunk's memory limits, on an estimate of ours.

Source: limits.conf.spec 10.4.2, max_mem_usage_mb: "operates on an estimation of memory use which
is not exact". Splunk's estimate is not published; ours is the bytes of names and values.
"""

from __future__ import annotations

from trident.engines.spl.values import Row, each_of

_MEGABYTE = 1_000_000


def size(row: Row) -> int:
    """Bytes of a row's names and values in UTF-8."""
    return sum(
        len(name.encode()) + sum(len(str(each).encode()) for each in each_of(value))
        for name, value in row.items()
    )


class MemoryMeter:
    """Adds rows up; a limit of 0 is none."""

    def __init__(self, megabytes: float) -> None:
        self._left = megabytes * _MEGABYTE
        self._limited = megabytes > 0

    def add(self, row: Row) -> bool:
        """Take a row in; whether the limit is passed."""
        if not self._limited:
            return False
        self._left -= size(row)
        return self._left < 0
