"""Commands that order, choose or multiply rows.

Source: the pages of the commands in the Splunk Search Reference 9.4.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cmp_to_key, lru_cache
from random import Random
from typing import Any

from trident.engines.spl import statements
from trident.engines.spl.errors import SplUndocumented, SplUnsupported
from trident.engines.spl.expressions import compile_expression
from trident.engines.spl.memory import MemoryMeter
from trident.engines.spl.patterns import compile_pattern
from trident.engines.spl.scope import Scope
from trident.engines.spl.values import Num, Row, Truth, Value, as_read, each_of, multi


def sort(command: statements.Sort, rows: list[Row], scope: Scope) -> list[Row]:
    """``sort``: 10,000 rows when no count is written, all of them for 0.

    Missing values come last in either direction; equal rows keep their order unless
    ``Config.tie_seed`` shuffles them, since no order is documented.
    """
    ordered = sort_rows(rows, command.keys, command.reverse, scope)
    count = scope.config.limits.sort_count if command.count is None else command.count
    if command.count is None and len(ordered) > count:
        scope.warn(f"sort kept {count} of {len(ordered)} rows")
    return ordered[:count] if count else ordered


def sort_rows(
    rows: Sequence[Row], keys: Sequence[statements.SortKey], reverse: bool, scope: Scope
) -> list[Row]:
    """All rows, sorted."""
    ordered = shuffled(rows, scope)
    for key in reversed(keys):
        with_value = [row for row in ordered if row.get(key.name) is not None]
        without = [row for row in ordered if row.get(key.name) is None]
        with_value.sort(key=_sort_key(key, with_value), reverse=key.descending != reverse)
        ordered = with_value + without
    return ordered


def _sort_key(key: statements.SortKey, rows: Sequence[Row]) -> Callable[[Row], Any]:
    """Pair by pair is the rule; values that are all of one kind are sorted by that kind."""
    values = [as_read(row[key.name]) for row in rows]
    if any(isinstance(value, tuple) for value in values):
        raise SplUndocumented("sort by a multivalue field")
    kinds = {(isinstance(value, Num), _address(str(value)) is not None) for value in values}
    if key.kind in ("auto", "num") and kinds <= {(True, False)}:
        return lambda row: _number(row[key.name])
    if key.kind == "str" or (key.kind == "auto" and kinds <= {(False, False)}):
        return lambda row: str(row[key.name])
    return cmp_to_key(lambda a, b: _order(a[key.name], b[key.name], key.kind))


def _number(value: Value) -> float:
    number = as_read(value)
    assert isinstance(number, Num)
    return number.value


def shuffled(rows: Sequence[Row], scope: Scope) -> list[Row]:
    """The rows in the order in which ties stay."""
    copy = list(rows)
    if scope.config.tie_seed is not None:
        Random(scope.config.tie_seed).shuffle(copy)
    return copy


def _order(left: Value, right: Value, kind: str) -> int:
    """Source: "sort": pair by pair, numbers as numbers, addresses as addresses, else by code
    point."""
    a, b = as_read(left), as_read(right)
    if kind in ("auto", "num"):
        if isinstance(a, Num) and isinstance(b, Num):
            return (a.value > b.value) - (a.value < b.value)
        if kind == "num":
            raise SplUndocumented("num() of a value that is no number")
    if kind in ("auto", "ip"):
        addresses = [_address(str(each)) for each in (left, right)]
        if None not in addresses:
            return _compare(addresses[0], addresses[1])
        if kind == "ip":
            raise SplUndocumented("ip() of a value that is no address")
    return _compare(str(left), str(right))


def _compare(a: Any, b: Any) -> int:
    return int(a > b) - int(a < b)


@lru_cache(maxsize=65536)
def _address(text: str) -> tuple[int, int] | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.version, int(address)


def dedup(command: statements.Dedup, rows: list[Row], scope: Scope) -> list[Row]:
    """``dedup``: the first rows of each combination; multivalues must match in every value."""
    flags = {name: value.lower() in ("t", "true", "1") for name, value in command.options.items()}
    if command.sort_by:
        rows = sort_rows(rows, command.sort_by, False, scope)
    seen: Counter[tuple[tuple[str, ...], ...]] = Counter()
    last: tuple[tuple[str, ...], ...] | None = None
    kept: list[Row] = []
    for row in rows:
        key = tuple(tuple(map(str, each_of(row.get(name)))) for name in command.names)
        if not all(key):
            if flags.get("keepempty"):
                kept.append(row)
            continue
        if flags.get("consecutive") and key != last:
            seen[key] = 0
        last = key
        seen[key] += 1
        if seen[key] <= command.count:
            kept.append(row)
        elif flags.get("keepevents"):
            kept.append({name: v for name, v in row.items() if name not in command.names})
    return kept


def head(command: statements.Head, rows: list[Row], scope: Scope) -> list[Row]:
    """``head``: the first rows, or those before the condition is first not true."""
    if command.condition is not None:
        rows = _while(command, rows, scope)
    return rows if command.count is None else rows[: command.count]


def _while(command: statements.Head, rows: list[Row], scope: Scope) -> list[Row]:
    assert command.condition is not None
    condition = compile_expression(command.condition, scope)
    flags = {name: value.lower() in ("t", "true", "1") for name, value in command.options.items()}
    passing = (Truth.TRUE, Truth.NULL) if flags.get("null") else (Truth.TRUE,)
    kept: list[Row] = []
    for row in rows:
        answer = condition(row)
        if answer not in passing:
            if answer not in (Truth.FALSE, Truth.NULL):
                raise SplUndocumented("head with a condition that may be NULL or false")
            return [*kept, row] if flags.get("keeplast") else kept
        kept.append(row)
    return kept


def tail(command: statements.Tail, rows: list[Row], scope: Scope) -> list[Row]:
    """``tail``: the last rows, in reverse order."""
    return rows[::-1][: command.count]


def reverse(command: statements.Reverse, rows: list[Row], scope: Scope) -> list[Row]:
    """``reverse``."""
    return rows[::-1]


def mvexpand(command: statements.Mvexpand, rows: list[Row], scope: Scope) -> list[Row]:
    """``mvexpand``: a row for each value; past the memory limit the output is truncated.

    Source: limits.conf.spec, max_mem_usage_mb: "output is truncated, not spilled to disk".
    """
    meter = MemoryMeter(scope.config.limits.mvexpand_max_mem_usage_mb)
    expanded: list[Row] = []
    for row in rows:
        values = each_of(row.get(command.name))
        if not values:
            raise SplUndocumented(f"mvexpand of a row without {command.name}")
        for value in values[: command.limit] if command.limit else values:
            single: Row = {**row, command.name: value}
            if meter.add(single):
                scope.warn("mvexpand: max_mem_usage_mb is reached, rows are lost")
                return expanded
            expanded.append(single)
    return expanded


def makemv(command: statements.Makemv, rows: list[Row], scope: Scope) -> list[Row]:
    """``makemv``: split by a delimiter, or by the first group of a regular expression."""
    options = command.options
    if options.get("setsv", "f").lower() in ("t", "true", "1"):
        raise SplUnsupported("makemv setsv=true")
    keep_empty = options.get("allowempty", "f").lower() in ("t", "true", "1")

    def pieces(text: str) -> list[str]:
        if "tokenizer" in options:
            return [m.group(1) or "" for m in compile_pattern(options["tokenizer"]).finditer(text)]
        return text.split(options.get("delim", " "))

    changed: list[Row] = []
    for row in rows:
        value = row.get(command.name)
        if value is None or isinstance(value, tuple):
            changed.append(row)
            continue
        parts = [each for each in pieces(str(value)) if each or keep_empty]
        changed.append({**row, command.name: multi([*parts])})
    return changed
