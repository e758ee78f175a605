"""``stats`` and ``eventstats``, and the way to ``streamstats``.

Source: the pages of these commands in the Splunk Search Reference 9.4, and limits.conf.spec.
"""

from __future__ import annotations

from collections.abc import Sequence

from trident.engines.spl import statements
from trident.engines.spl.errors import SplUndocumented
from trident.engines.spl.functions_numbers import lexicographic
from trident.engines.spl.groups import (
    Column,
    Group,
    Key,
    column,
    keys,
    option,
    single_key,
    with_results,
)
from trident.engines.spl.memory import MemoryMeter
from trident.engines.spl.scope import Scope
from trident.engines.spl.streaming import Stream
from trident.engines.spl.values import Row, Value, as_read, each_of


def run_stats(command: statements.Stats, rows: list[Row], scope: Scope) -> list[Row]:
    """The rows that a statistics command makes of ``rows``."""
    columns = [column(each, scope) for each in command.aggregates]
    if len({each.alias for each in columns}) != len(columns):
        raise SplUndocumented("two statistics under one name")
    runner = {"stats": _stats, "eventstats": _eventstats, "streamstats": _streamstats}
    return runner[command.command](command, columns, rows, scope)


def _stats(
    command: statements.Stats, columns: Sequence[Column], rows: list[Row], scope: Scope
) -> list[Row]:
    allnum = option(command, "allnum", False)
    groups: dict[Key, Group] = {}
    if not command.by:
        if not rows and any(each.function not in ("count", "dc") for each in command.aggregates):
            raise SplUndocumented("stats without BY of no rows at all")
        groups[()] = Group(columns, allnum)
    for row in rows:
        row_keys = keys(row, command.by, scope)
        if option(command, "dedup_splitvals", False):
            row_keys = list(dict.fromkeys(row_keys))
        for key in row_keys:
            if key not in groups:
                groups[key] = Group(columns, allnum)
            groups[key].add(row)
    results: list[Row] = []
    for key in sorted(groups, key=_natural):
        row = dict(zip(command.by, key, strict=True))
        row.update((name, value) for name, value in groups[key].results() if value is not None)
        results.append({name: _timed(name, value) for name, value in row.items()})
    return results


def _natural(key: Key) -> list[tuple[int, float, str]]:
    """Source: limits.conf.spec, natural_sort_output: numbers as numbers, the rest as text."""
    return [lexicographic(each) for text in key for each in each_of(as_read(text))]


def _timed(name: str, value: Value) -> Value:
    # ``_time`` is a number wherever it comes from; as a group key it has been text.
    return as_read(value) if name == "_time" else value


def _eventstats(
    command: statements.Stats, columns: Sequence[Column], rows: list[Row], scope: Scope
) -> list[Row]:
    groups: dict[Key, Group] = {}
    row_keys = [single_key(row, command.by, scope) for row in rows]
    for row, key in zip(rows, row_keys, strict=True):
        if key is not None:
            if key not in groups:
                groups[key] = Group(columns, option(command, "allnum", False))
            groups[key].add(row)
    # Source: limits.conf.spec, max_mem_usage_mb: past that limit and maxresultrows, both,
    # eventstats stops adding fields.
    meter = MemoryMeter(scope.config.limits.max_mem_usage_mb)
    results = []
    for place, (row, key) in enumerate(zip(rows, row_keys, strict=True), 1):
        full = meter.add(row) and place > scope.config.limits.maxresultrows
        if full:
            scope.warn("eventstats: max_mem_usage_mb and maxresultrows are reached")
        if key is None or full:
            results.append(row)
            continue
        results.append(with_results(row, groups[key], "eventstats"))
    return results


def _streamstats(
    command: statements.Stats, columns: Sequence[Column], rows: list[Row], scope: Scope
) -> list[Row]:
    return list(Stream(command, columns, scope, len(rows)).run(rows))
