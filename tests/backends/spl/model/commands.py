"""The commands, each on all rows. Pages: Search Reference, the command's own name."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import ModelError
from .parse import Node, Reader, Token, assignments, expression, stages, unquote
from .search import Search, read_search
from .values import ARITHMETIC, NUMBER, Eval, text

Row = dict[str, Any]
SORT_LIMIT = 10_000
STREAM_LIMIT = 10_000


@dataclass(frozen=True)
class Aggregation:
    function: str
    field: str | None
    name: str


def run(query: str, events: list[Row], now: int, *, seed: int = 0) -> list[Row]:
    """The results of a search over ``events``: raw rows with ``_time`` in seconds and ``_macro``,
    the macro that finds them. Events of one time come in any order, the newest first."""
    parts = stages(query)
    search = read_search(parts[0], now)
    found = [dict(event) for event in events if search.keeps(event)]
    random.Random(seed).shuffle(found)
    rows = sorted(found, key=lambda row: -row["_time"])
    transformed = False
    for tokens in parts[1:]:
        command, arguments = tokens[0].text.lower(), tokens[1:]
        if command not in COMMANDS:
            raise ModelError(f"unknown command {command}")
        if command == "streamstats" and not transformed:
            raise ModelError("running totals over events stop at max_stream_window")
        transformed |= command in ("table", "stats")
        rows = COMMANDS[command](arguments, rows, now)
    return rows


def reads_only(query: str, now: int) -> Search:
    """The search before the first pipe."""
    return read_search(stages(query)[0], now)


def _eval(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    wanted = assignments(tokens)
    for _, node in wanted:
        _not_rounded(node)
    for row in rows:
        for name, node in wanted:
            _put(row, name, Eval(row, now).value(node))
    return rows


def _not_rounded(node: Node) -> None:
    """An assigned result is rounded to the least precise operand (Mathematical functions,
    ``exact``), so arithmetic must stand in exact() or in a comparison."""
    if node[0] == "group":
        _not_rounded(node[1])
    if node[0] == "op" and node[1] in ARITHMETIC:
        raise ModelError(f"arithmetic assigned without exact(): {node}")
    if node[0] == "call" and node[1] in ("if", "case", "coalesce", "round"):
        for part in node[2]:
            _not_rounded(part)


def _put(row: Row, name: str, value: Any) -> None:
    if value is None:
        row.pop(name, None)
    else:
        row[name] = value


def _where(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    test = expression(tokens)
    return [row for row in rows if Eval(row, now).truth(test) is True]


def _table(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    wanted = _names(tokens)
    return [{name: row[name] for name in wanted if name in row} for row in rows]


def _rename(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    pairs = []
    for item in _items(tokens):
        source, word, target = item
        if word.text.upper() != "AS":
            raise ModelError("rename without AS")
        pairs.append((_name(source), _name(target)))
    targets = dict(pairs)
    kept = set(targets) | set(targets.values())
    if len(kept) < 2 * len(pairs):
        raise ModelError("rename of a renamed field")
    # A column that has the new name already is overwritten; the renamed one keeps its place.
    return [
        {targets.get(name, name): row[name] for name in row if name not in targets.values()}
        for row in rows
    ]


def _mvexpand(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    (field,) = _names(tokens)
    found = []
    for row in rows:
        if field not in row:
            raise ModelError("mvexpand of a missing field")
        values = row[field] if isinstance(row[field], list) else [row[field]]
        found += [{**row, field: value} for value in values]
    return found


def _sort(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    """Missing values come last, in either direction; numbers as numbers where all are."""
    limit = SORT_LIMIT
    if tokens[0].kind == "number":
        limit, tokens = int(tokens[0].text), tokens[1:]
    found = list(rows)
    for item in reversed(_items(tokens)):
        descending = item[0].text == "-"
        name = _name(item[-1])
        present = [row[name] for row in found if name in row]
        numeric = all(isinstance(v, int | float) or NUMBER.fullmatch(str(v)) for v in present)
        key: Callable[[Any], Any] = float if numeric else text
        with_value = [row for row in found if name in row]
        without = [row for row in found if name not in row]
        # A stable sort keeps the order of equal rows also when it is reversed.
        with_value.sort(key=lambda row, n=name, k=key: k(row[n]), reverse=descending)
        found = with_value + without
    return found if limit == 0 else found[:limit]


def _stats(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    _, aggregations, by = _clauses(tokens)
    groups = _groups(rows, by)
    return [
        {**dict(zip(by, key, strict=True)), **_aggregated(aggregations, members)}
        for key, members in groups.items()
    ]


def _eventstats(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    """Rows without a BY value keep their place and get nothing."""
    _, aggregations, by = _clauses(tokens)
    for members in _groups(rows, by).values():
        found = _aggregated(aggregations, members)
        for row in members:
            for each in aggregations:
                _put(row, each.name, found.get(each.name))
    return rows


def _streamstats(tokens: list[Token], rows: list[Row], now: int) -> list[Row]:
    """``global`` is true by default: then ``window`` counts rows of all groups."""
    options, aggregations, by = _clauses(tokens)
    window = int(options.get("window", "0"))
    current = options.get("current", "t") == "t"
    across = options.get("global", "t") == "t"
    if window > STREAM_LIMIT:
        raise ModelError("window above max_stream_window")
    seen: dict[tuple[Any, ...], list[tuple[int, Row]]] = defaultdict(list)
    for place, row in enumerate(rows):
        if any(name not in row for name in by):
            continue
        group = seen[tuple(text(row[name]) for name in by)]
        before = list(group)
        group.append((place, dict(row)))
        members = group if current else before
        if window and across:
            first = place - window + (1 if current else 0)
            members = [member for member in members if member[0] >= first]
        elif window:
            members = members[-window:]
        found = _aggregated(aggregations, [member for _, member in members])
        for each in aggregations:
            _put(row, each.name, found.get(each.name))
    return rows


def _groups(rows: list[Row], by: list[str]) -> dict[tuple[Any, ...], list[Row]]:
    """BY compares text, case-sensitively; rows without a value are left out."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if all(name in row for name in by):
            groups[tuple(text(row[name]) for name in by)].append(row)
    return {tuple(m[0][name] for name in by): m for m in groups.values()}


def _aggregated(aggregations: list[Aggregation], rows: list[Row]) -> Row:
    found: Row = {}
    for each in aggregations:
        values = [row[each.field] for row in rows if each.field in row] if each.field else rows
        result = AGGREGATES[each.function](values)
        if result is not None:
            found[each.name] = result
    return found


def _numbers(values: list[Any]) -> list[Any]:
    for value in values:
        if not isinstance(value, int | float):
            raise ModelError(f"{value!r} in a numeric aggregate")
    return values


AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "dc": lambda values: len(set(map(text, values))),
    "sum": lambda values: sum(_numbers(values)) if values else None,
    "avg": lambda values: statistics.fmean(_numbers(values)) if values else None,
    # "stdev of one value is shown as 0" (Aggregate functions)
    "stdev": lambda v: (statistics.stdev(_numbers(v)) if len(v) > 1 else 0) if v else None,
    "min": lambda values: min(_numbers(values)) if values else None,
    "max": lambda values: max(_numbers(values)) if values else None,
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
}


def _clauses(tokens: list[Token]) -> tuple[dict[str, str], list[Aggregation], list[str]]:
    reader = Reader(tokens)
    options: dict[str, str] = {}
    while reader.at + 1 < len(tokens) and tokens[reader.at + 1].text == "=":
        key = reader.take().text
        reader.take("=")
        options[key] = reader.take().text
    if set(options) - {"window", "current", "global"}:
        raise ModelError(f"options {options}")
    found: list[Aggregation] = []
    while not reader.done() and not reader.peek("BY"):
        function = reader.take().text
        field = None
        if reader.peek("("):
            reader.take("(")
            field = _name(reader.take())
            reader.take(")")
        if function not in AGGREGATES or (field is None and function != "count"):
            raise ModelError(f"aggregate {function}")
        reader.take("AS")
        found.append(Aggregation(function, field, _name(reader.take())))
        if reader.peek(","):
            reader.take()
    pairs = [(each.function, each.field) for each in found]
    if len(set(pairs)) < len(pairs):
        raise ModelError("one function of one field under two names")
    by: list[str] = []
    if not reader.done():
        reader.take("BY")
        by = _names(tokens[reader.at :])
    if not found or len(set(by)) < len(by):
        raise ModelError("no aggregate, or a BY field twice")
    return options, found, by


def _items(tokens: list[Token]) -> list[list[Token]]:
    items: list[list[Token]] = [[]]
    for token in tokens:
        if token.text == "," and token.kind == "operator":
            items.append([])
        else:
            items[-1].append(token)
    return items


def _names(tokens: list[Token]) -> list[str]:
    found = []
    for item in _items(tokens):
        if len(item) != 1:
            raise ModelError(f"field list {item}")
        found.append(_name(item[0]))
    return found


def _name(token: Token) -> str:
    """Outside expressions a field is bare or in double quotes; ``*`` would be a wildcard."""
    if token.kind == "string":
        found = unquote(token.text)
        if "*" in found:
            raise ModelError("wildcard in a field name")
        return found
    if token.kind != "word":
        raise ModelError(f"field name {token.text}")
    return token.text


COMMANDS: dict[str, Callable[[list[Token], list[Row], int], list[Row]]] = {
    "eval": _eval,
    "where": _where,
    "table": _table,
    "rename": _rename,
    "mvexpand": _mvexpand,
    "sort": _sort,
    "stats": _stats,
    "eventstats": _eventstats,
    "streamstats": _streamstats,
}
