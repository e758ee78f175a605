"""``streamstats``.

Source: the page of "streamstats" in the Splunk Search Reference 9.4, and limits.conf.spec.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from trident.engines.spl import statements
from trident.engines.spl.errors import SplLimit, SplRuntimeError, SplUndocumented
from trident.engines.spl.expressions import compile_expression
from trident.engines.spl.groups import Column, Group, Key, option, single_key, with_results
from trident.engines.spl.memory import MemoryMeter
from trident.engines.spl.scope import Scope
from trident.engines.spl.times import MICROS, SECONDS, UNITS
from trident.engines.spl.values import Num, Row, holds


class Stream:
    """The state of a ``streamstats``: running groups, or the window's rows."""

    def __init__(
        self, command: statements.Stats, columns: Sequence[Column], scope: Scope, count: int
    ) -> None:
        self._command, self._columns, self._scope = command, columns, scope
        self._current = option(command, "current", True)
        self._global = option(command, "global", True)
        self._window = _window(command, scope, count)
        self._span = _span(command)
        self._resets = {
            name: compile_expression(each, scope) for name, each in command.resets.items()
        }
        self._groups: dict[Key, Group] = {}
        self._windows: dict[Key, deque[tuple[Key, Row]]] = {}

    def run(self, rows: Sequence[Row]) -> Iterator[Row]:
        """The rows with their running statistics."""
        if self._span is not None:
            _check_order(rows)
        meter = MemoryMeter(self._scope.config.limits.max_mem_usage_mb)
        last: Key | None = None
        for row in rows:
            if self._holds("reset_before", row):
                self._reset()
            key = single_key(row, self._command.by, self._scope)
            if meter.add(row):
                # Source: "streamstats": past max_mem_usage_mb it stops adding fields.
                self._scope.warn("streamstats: max_mem_usage_mb is reached")
                yield row
                continue
            if key is None:
                if self._window and self._global:
                    raise SplUndocumented("a row without a BY field in a global window")
                yield row
                continue
            if option(self._command, "reset_on_change", False) and last not in (None, key):
                self._reset()
            last = key
            windowed = self._window or self._span is not None
            changed = self._windowed(key, row) if windowed else self._running(key, row)
            if self._holds("reset_after", changed):
                self._reset()
            yield changed

    def _holds(self, name: str, row: Row) -> bool:
        return name in self._resets and holds(self._resets[name](row))

    def _reset(self) -> None:
        self._groups.clear()
        self._windows.clear()

    def _running(self, key: Key, row: Row) -> Row:
        if key not in self._groups:
            self._groups[key] = self._group()
        group = self._groups[key]
        if self._current:
            group.add(row)
            return with_results(row, group, "streamstats")
        changed = with_results(row, group, "streamstats")
        group.add(row)
        return changed

    def _windowed(self, key: Key, row: Row) -> Row:
        # Source: "streamstats", global: one window, or one for each group.
        window = self._windows.setdefault(() if self._global else key, deque())
        if self._current:
            window.append((key, row))
        while self._window and len(window) > self._window:
            window.popleft()
        group = self._group()
        for other_key, other in window:
            if other_key == key and self._within(other, row):
                group.add(other)
        changed = with_results(row, group, "streamstats")
        if not self._current:
            window.append((key, row))
        return changed

    def _within(self, other: Row, row: Row) -> bool:
        if self._span is None:
            return True
        distance = round(abs(_seconds(row) - _seconds(other)) * MICROS)
        if distance == self._span * MICROS:
            raise SplUndocumented("a row exactly one time_window away")
        return distance < self._span * MICROS

    def _group(self) -> Group:
        return Group(self._columns, option(self._command, "allnum", False))


def _seconds(row: Row) -> float:
    time = row.get("_time")
    if not isinstance(time, Num):
        raise SplRuntimeError("time_window needs _time in every row")
    return time.value


def _check_order(rows: Sequence[Row]) -> None:
    """Source: "streamstats": with time_window the events must be sorted by time, either way."""
    times = [_seconds(row) for row in rows]
    if times not in (sorted(times), sorted(times, reverse=True)):
        raise SplRuntimeError("time_window needs rows sorted by time")


def _span(command: statements.Stats) -> int | None:
    text = command.options.get("time_window")
    if text is None:
        return None
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = UNITS[text[len(digits) :]]
    return int(digits) * {**SECONDS, "d": 86400, "w": 604800}[unit]


def _window(command: statements.Stats, scope: Scope, count: int) -> int:
    limits, policy = scope.config.limits, scope.config.unwindowed_streamstats
    window = int(command.options.get("window", 0))
    if window > limits.max_stream_window:
        raise SplLimit(f"window={window} is more than max_stream_window")
    if window or count <= limits.max_stream_window:
        return window
    if policy == "error":
        raise SplLimit(f"{count} rows in a streamstats without window, past max_stream_window")
    return limits.max_stream_window if policy == "cap" else 0
