"""Commands that change the fields of each row.

Source: the pages of the commands in the Splunk Search Reference 9.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count as counting

from trident.engines.spl import statements
from trident.engines.spl.errors import SplRuntimeError, SplUndocumented, SplUnsupported
from trident.engines.spl.expressions import compile_expression
from trident.engines.spl.patterns import compile_pattern
from trident.engines.spl.scope import Scope
from trident.engines.spl.times import MICROS, SECONDS, UNITS
from trident.engines.spl.values import (
    Num,
    Row,
    Single,
    Truth,
    Value,
    as_read,
    each_of,
    holds,
    multi,
    stored,
)


def evaluate(command: statements.Eval, rows: list[Row], scope: Scope) -> list[Row]:
    """``eval``: assignments from left to right; null clears the field; numbers are rounded to
    their precision when they are written."""
    for name, _ in command.assignments:
        if "{" in name and not name.endswith("{}"):
            raise SplUnsupported(f"eval to the name {name}, made of field values")
    compiled = [(name, compile_expression(each, scope)) for name, each in command.assignments]
    changed: list[Row] = []
    for row in rows:
        new = dict(row)
        for name, expression in compiled:
            value = expression(new)
            if isinstance(value, Truth):
                raise SplRuntimeError(f"eval cannot assign a Boolean to {name}")
            _assign(new, name, stored(value))
        changed.append(new)
    return changed


def _assign(row: Row, name: str, value: Value) -> None:
    if value is None:
        row.pop(name, None)
    else:
        row[name] = as_read(value) if name == "_time" else value


def where(command: statements.Where, rows: list[Row], scope: Scope) -> list[Row]:
    """``where``: the rows for which the expression is true, not NULL."""
    condition = compile_expression(command.expression, scope)
    return [row for row in rows if holds(condition(row))]


def _name_pattern(name: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(map(re.escape, name.split("*"))), re.DOTALL)


def _matching(names: Sequence[str]) -> Callable[[str], bool]:
    patterns = [_name_pattern(name) for name in names]
    return lambda field: any(pattern.fullmatch(field) for pattern in patterns)


def fields(command: statements.Fields, rows: list[Row], scope: Scope) -> list[Row]:
    """``fields``: _raw and _time stay unless they are removed by name."""
    named = _matching(command.names)
    if command.remove:
        return [{name: v for name, v in row.items() if not named(name)} for row in rows]
    keep = ("_raw", "_time")
    return [{n: v for n, v in row.items() if named(n) or n in keep} for row in rows]


def table(command: statements.Table, rows: list[Row], scope: Scope) -> list[Row]:
    """``table``: these fields only, in this order."""
    patterns = [_name_pattern(name) for name in command.names]
    return [
        {n: v for pattern in patterns for n, v in row.items() if pattern.fullmatch(n)}
        for row in rows
    ]


def rename(command: statements.Rename, rows: list[Row], scope: Scope) -> list[Row]:
    """``rename``: a field that a row lacks takes the new name's value away all the same."""
    for old, new in command.pairs:
        known = list(dict.fromkeys(name for row in rows for name in row))
        pattern = _name_pattern(old)
        moves = {}
        for name in known:
            if match := pattern.fullmatch(name):
                groups = iter(match.groups())
                moves[name] = "".join(next(groups) if c == "*" else c for c in new)
        if "*" not in old:
            moves = {old: new}
        if len(set(moves.values())) != len(moves):
            raise SplUndocumented(f"rename {old} AS {new} gives two fields one name")
        rows = [_renamed(row, moves) for row in rows]
    return rows


def _renamed(row: Row, moves: dict[str, str]) -> Row:
    kept = {n: v for n, v in row.items() if n not in moves and n not in moves.values()}
    moved = {new: row[old] for old, new in moves.items() if row.get(old) is not None}
    return {**kept, **moved}


def fillnull(command: statements.Fillnull, rows: list[Row], scope: Scope) -> list[Row]:
    """``fillnull``: the named fields, or every field that some row has."""
    names = command.names or tuple(dict.fromkeys(name for row in rows for name in row))
    return [{**dict.fromkeys(names, command.value), **row} for row in rows]


def rex(command: statements.Rex, rows: list[Row], scope: Scope) -> list[Row]:
    """``rex``: named groups become fields, multivalued for more than one match."""
    if "mode" in command.options or "offset_field" in command.options:
        raise SplUnsupported("rex with mode=sed or offset_field")
    pattern = compile_pattern(command.pattern)
    most = int(command.options.get("max_match", 1))
    changed: list[Row] = []
    for row in rows:
        new = dict(row)
        value = row.get(command.name)
        if isinstance(value, tuple):
            raise SplUndocumented("rex of a multivalue field")
        matches = [] if value is None else list(pattern.finditer(str(value)))
        matches = matches[:most] if most else matches
        for name in pattern.groupindex:
            texts: list[Single] = [m.group(name) for m in matches if m.group(name) is not None]
            if texts:
                new[name] = multi(texts)
        changed.append(new)
    return changed


def regex(command: statements.Regex, rows: list[Row], scope: Scope) -> list[Row]:
    """``regex``: with ``!=`` rows without the field stay, unlike in search."""
    pattern = compile_pattern(command.pattern)

    def keeps(row: Row) -> bool:
        values = each_of(row.get(command.name))
        if len(values) > 1:
            raise SplUndocumented("regex of a multivalue field")
        return any(pattern.search(str(each)) for each in values) != command.negated

    return [row for row in rows if keeps(row)]


def bin_values(command: statements.Bin, rows: list[Row], scope: Scope) -> list[Row]:
    """``bin span=``: the start of the span that a value is in."""
    if set(command.options) != {"span"}:
        raise SplUnsupported("bin without span, or with other options")
    span = re.fullmatch(r"(\d*\.?\d*)([a-z]*)", command.options["span"].lower())
    if span is None or not span[1]:
        raise SplUnsupported(f"bin span={command.options['span']}")
    size = float(span[1]) * _scale(span[2])
    changed: list[Row] = []
    for row in rows:
        value = as_read(row.get(command.name))
        if value is None:
            changed.append(row)
            continue
        if not isinstance(value, Num):
            raise SplUndocumented("bin of a value that is no number")
        micros, width = round(value.value * MICROS), round(size * MICROS)
        start = stored(Num((micros - micros % width) / MICROS))
        if command.name != "_time" and not span[2]:
            start = f"{start!s}-{stored(Num((micros - micros % width + width) / MICROS))!s}"
        new = dict(row)
        _assign(new, command.alias, start)
        changed.append(new)
    return changed


def _scale(unit: str) -> float:
    if not unit:
        return 1
    known = UNITS.get(unit, "")
    if known in SECONDS:
        return SECONDS[known]
    subseconds = {"us": 1e-6, "ms": 1e-3, "cs": 1e-2, "ds": 1e-1}
    if unit in subseconds:
        return subseconds[unit]
    # Source: "bin": days and longer are aligned to midnight in the user's time zone.
    raise SplUnsupported(f"bin with a span in {unit}")


def lookup(command: statements.Lookup, rows: list[Row], scope: Scope) -> list[Row]:
    """``lookup`` in one of ``Config.lookups``: OUTPUT overwrites, OUTPUTNEW does not look up
    where an output field exists; several matching table rows give multivalues."""
    if command.table not in scope.config.lookups:
        raise SplRuntimeError(f"no lookup table {command.table}")
    content = scope.config.lookups[command.table]
    names = list(dict.fromkeys(name for entry in content for name in entry))
    matched = {there for there, _ in command.matches}
    outputs = command.outputs or tuple((name, name) for name in names if name not in matched)
    changed: list[Row] = []
    for row in rows:
        new = dict(row)
        changed.append(new)
        if command.mode == "OUTPUTNEW" and any(here in row for _, here in outputs):
            continue
        wanted = [(there, row.get(here)) for there, here in command.matches]
        if any(isinstance(value, tuple) for _, value in wanted):
            raise SplUndocumented("lookup by a multivalue field")
        hits = [
            entry
            for entry in content
            if all(value is not None and entry.get(there) == str(value) for there, value in wanted)
        ]
        for there, here in outputs:
            looked_up: list[Single] = [entry[there] for entry in hits if entry.get(there)]
            if looked_up or command.mode != "OUTPUTNEW":
                _assign(new, here, multi(looked_up))
    return changed


def makeresults(command: statements.Makeresults, rows: list[Row], scope: Scope) -> list[Row]:
    """``makeresults``: rows with the time of the search and nothing else."""
    return [{"_time": as_read(str(scope.now))} for _ in zip(range(command.count), counting())]
