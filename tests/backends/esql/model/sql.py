"""ES|QL expressions and commands as DuckDB SQL, typed: an unknown function or type is an error.

Each function is written after its page in Elastic's "ES|QL functions and operators". Logic is
three-valued in both languages; a field with several values is a DuckDB list, and a function that is
not made for several values gives null on them ("ES|QL multivalued fields", Functions).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esql import ast

from trident.engines.eql.lucene import to_python, wildcard_to_python

ADDRESSES = "esql_addresses"

KEYWORD, LONG, DOUBLE, BOOLEAN, DATE, IP, NULL = (
    "keyword",
    "long",
    "double",
    "boolean",
    "date",
    "ip",
    "null",
)
STORED = {
    KEYWORD: "VARCHAR",
    LONG: "BIGINT",
    DOUBLE: "DOUBLE",
    BOOLEAN: "BOOLEAN",
    DATE: "TIMESTAMP",
    IP: "VARCHAR",
}
"""How DuckDB holds each type; addresses as their canonical text."""

_COMPARISONS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NUMBERS = (LONG, DOUBLE)
_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


class Unknown(Exception):
    """ES|QL that the model does not know, or that Elasticsearch would reject."""


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a value; ``many``: it may have several values."""

    name: str
    many: bool = False

    @property
    def stored(self) -> str:
        """DuckDB's type."""
        return STORED[self.name] + ("[]" if self.many else "")


@dataclass(frozen=True, slots=True)
class Sql:
    """An expression and its type."""

    text: str
    type: Type

    def single(self) -> str:
        """The value where there is one; null where there are several, as most functions see it."""
        if not self.type.many:
            return self.text
        return f"(CASE WHEN len({self.text}) = 1 THEN {self.text}[1] END)"


Schema = dict[str, Type]


def quoted(name: str) -> str:
    """A column name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


class Expressions:
    """Writes the expressions of one command over the columns of ``schema``."""

    def __init__(self, schema: Schema, now: str) -> None:
        self.schema = schema
        self.now = now

    def write(self, node: Any) -> Sql:
        """An expression that is no aggregate."""
        if isinstance(node, ast.Literal):
            return _literal(node)
        if isinstance(node, ast.ColumnRef):
            if node.name not in self.schema:
                raise Unknown(f"column {node.name}")
            return Sql(quoted(node.name), self.schema[node.name])
        if isinstance(node, ast.BinaryExpr):
            return self._binary(node)
        assert isinstance(node, ast.FunctionCall), node
        if node.name == "now":
            return Sql(self.now, Type(DATE))
        found = _FUNCTIONS.get(node.name)
        if found is None:
            raise Unknown(f"function {node.name}")
        return found(self, [self.write(argument) for argument in node.args])

    def condition(self, node: Any) -> str:
        """A boolean expression."""
        written = self.write(node)
        _want(written, BOOLEAN)
        return written.single()

    def _binary(self, node: Any) -> Sql:
        if node.op in ("and", "or"):
            parts = f"{self.condition(node.left)} {node.op.upper()} {self.condition(node.right)}"
            return Sql(f"({parts})", Type(BOOLEAN))
        left = self.write(node.left)
        if node.op == "in":
            values = [self.write(value) for value in node.right.args]
            for value in values:
                _comparable(left, value)
            listed = ", ".join(value.single() for value in values)
            return Sql(f"({left.single()} IN ({listed}))", Type(BOOLEAN))
        if node.op in "+-" and isinstance(node.right, ast.Literal) and left.type.name == DATE:
            return Sql(f"({left.single()} {node.op} {_duration(node.right)})", Type(DATE))
        right = self.write(node.right)
        if node.op in _COMPARISONS:
            _comparable(left, right)
            operator = _COMPARISONS[node.op]
            return Sql(f"({left.single()} {operator} {right.single()})", Type(BOOLEAN))
        for side in (left, right):
            _want(side, *_NUMBERS)
        whole = left.type.name == right.type.name == LONG
        # Between whole numbers "/" is integer division ("ES|QL operators", Division).
        operator = "//" if whole and node.op == "/" else node.op
        if operator not in ("+", "-", "*", "/", "//"):
            raise Unknown(f"operator {node.op}")
        divisor = f"NULLIF({right.single()}, 0)" if "/" in operator else right.single()
        return Sql(f"({left.single()} {operator} {divisor})", Type(LONG if whole else DOUBLE))


Function = Callable[[Expressions, Sequence[Sql]], Sql]


def _literal(node: Any) -> Sql:
    match node.kind:
        case "string":
            return Sql(text(node.value), Type(KEYWORD))
        case "long":
            return Sql(f"CAST({node.value} AS BIGINT)", Type(LONG))
        case "double":
            return Sql(f"CAST({node.value!r} AS DOUBLE)", Type(DOUBLE))
        case "boolean":
            return Sql("TRUE" if node.value else "FALSE", Type(BOOLEAN))
        case "null":
            return Sql("NULL", Type(NULL))
    raise Unknown(f"literal of kind {node.kind}")


def _duration(node: Any) -> str:
    found = re.fullmatch(r"(\d+)(second|minute|hour|day)s?", str(node.value))
    if found is None:
        raise Unknown(f"duration {node.value}")
    return f"INTERVAL {int(found[1]) * _UNITS[found[2]]} SECOND"


def _want(found: Sql, *names: str) -> None:
    if found.type.name not in (*names, NULL):
        raise Unknown(f"{found.text} is {found.type.name}, not {' or '.join(names)}")


def _comparable(left: Sql, right: Sql) -> None:
    if left.type.name in _NUMBERS:
        _want(right, *_NUMBERS)
    else:
        _want(right, left.type.name)


def _simple(template: str, *wanted: str, gives: str) -> Function:
    """A function of single values; ``{0}`` is its first argument."""

    def write(_: Expressions, given: Sequence[Sql]) -> Sql:
        if len(given) != len(wanted):
            raise Unknown(f"{len(given)} arguments instead of {len(wanted)}")
        for argument, name in zip(given, wanted, strict=True):
            _want(argument, name)
        return Sql(template.format(*(argument.single() for argument in given)), Type(gives))

    return write


def _by_type(templates: Mapping[str, str], gives: str) -> Function:
    """A conversion: a template per type of the only argument."""

    def write(_: Expressions, given: Sequence[Sql]) -> Sql:
        (argument,) = given
        if argument.type.name not in templates:
            raise Unknown(f"conversion of {argument.type.name} to {gives}")
        return Sql(templates[argument.type.name].format(argument.single()), Type(gives))

    return write


def _common(values: Sequence[Sql]) -> Type:
    """The type that alternatives have in common."""
    types = {value.type for value in values if value.type.name != NULL}
    if len(types) != 1:
        raise Unknown(f"different types: {', '.join(map(str, types))}")
    return types.pop()


def _case(_: Expressions, given: Sequence[Sql]) -> Sql:
    pairs = [(given[i], given[i + 1]) for i in range(0, len(given) - 1, 2)]
    otherwise = given[-1] if len(given) % 2 else Sql("NULL", Type(NULL))
    for test, _value in pairs:
        _want(test, BOOLEAN)
    whens = " ".join(f"WHEN {test.single()} THEN {value.text}" for test, value in pairs)
    kind = _common([*(value for _, value in pairs), otherwise])
    return Sql(f"(CASE {whens} ELSE {otherwise.text} END)", kind)


def _coalesce(_: Expressions, given: Sequence[Sql]) -> Sql:
    return Sql(f"COALESCE({', '.join(value.text for value in given)})", _common(given))


def _concat(_: Expressions, given: Sequence[Sql]) -> Sql:
    for value in given:
        _want(value, KEYWORD)
    return Sql(f"({' || '.join(value.single() for value in given)})", Type(KEYWORD))


def _not(_: Expressions, given: Sequence[Sql]) -> Sql:
    _want(given[0], BOOLEAN)
    return Sql(f"(NOT {given[0].single()})", Type(BOOLEAN))


def _null_test(negated: bool) -> Function:
    """IS NULL looks at the whole value, several ones included."""
    test = "IS NOT NULL" if negated else "IS NULL"
    return lambda _, given: Sql(f"({given[0].text} {test})", Type(BOOLEAN))


def _pattern(regex: Callable[[str], str]) -> Function:
    """A pattern matches a whole value; it is a literal, so it is translated here."""

    def write(_: Expressions, given: Sequence[Sql]) -> Sql:
        for value in given:
            _want(value, KEYWORD)
        patterns = [text(regex(_plain(pattern))) for pattern in given[1:]]
        tests = [f"regexp_full_match({given[0].single()}, {each}, 's')" for each in patterns]
        return Sql(f"({' OR '.join(tests)})", Type(BOOLEAN))

    return write


def _cidr(_: Expressions, given: Sequence[Sql]) -> Sql:
    """The addresses of all documents stand with their numbers in a table of the engine's."""
    _want(given[0], IP)
    tests = []
    for block in given[1:]:
        network = ipaddress.ip_network(_plain(block))
        first, last = number(network.network_address), number(network.broadcast_address)
        inside = f"SELECT address FROM {ADDRESSES} WHERE number BETWEEN '{first}' AND '{last}'"
        tests.append(f"({given[0].single()} IN ({inside}))")
    return Sql(f"({' OR '.join(tests)})", Type(BOOLEAN))


def number(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """An address as text that sorts as addresses do, IPv4 apart from IPv6."""
    return f"{address.version}:{int(address):032x}"


def _plain(literal: Sql) -> str:
    """The text of a string literal."""
    return literal.text[1:-1].replace("''", "'")


def _to_ip(_: Expressions, given: Sequence[Sql]) -> Sql:
    """Null for a text that is no address; a literal is one, or Elasticsearch refuses it."""
    (value,) = given
    _want(value, KEYWORD)
    if value.text.startswith("'"):
        return Sql(text(str(ipaddress.ip_address(_plain(value)))), Type(IP))
    known = f"{value.single()} IN (SELECT address FROM {ADDRESSES})"
    return Sql(f"(CASE WHEN {known} THEN {value.single()} END)", Type(IP))


def _mv_append(_: Expressions, given: Sequence[Sql]) -> Sql:
    """Null where either side is ("Working with NULL values in ES|QL")."""
    left, right = given
    if left.type.name != right.type.name:
        raise Unknown(f"MV_APPEND of {left.type.name} and {right.type.name}")
    lists = [side.text if side.type.many else f"[{side.text}]" for side in given]
    test = f"{left.text} IS NULL OR {right.text} IS NULL"
    joined = f"(CASE WHEN {test} THEN NULL ELSE list_concat({lists[0]}, {lists[1]}) END)"
    return Sql(joined, Type(left.type.name, many=True))


def _mv_contains(_: Expressions, given: Sequence[Sql]) -> Sql:
    held, wanted = given
    values = held.text if held.type.many else f"[{held.text}]"
    return Sql(f"COALESCE(list_contains({values}, {wanted.text}), FALSE)", Type(BOOLEAN))


def _mv_max(_: Expressions, given: Sequence[Sql]) -> Sql:
    (value,) = given
    largest = f"list_max({value.text})" if value.type.many else value.text
    return Sql(largest, Type(value.type.name))


def _mv_concat(_: Expressions, given: Sequence[Sql]) -> Sql:
    held, between = given
    _want(held, KEYWORD)
    joined = f"array_to_string({held.text}, {between.text})" if held.type.many else held.text
    return Sql(joined, Type(KEYWORD))


_FUNCTIONS: Mapping[str, Function] = {
    "case": _case,
    "cidr_match": _cidr,
    "coalesce": _coalesce,
    "concat": _concat,
    "ends_with": _simple("ends_with({0}, {1})", KEYWORD, KEYWORD, gives=BOOLEAN),
    "from_base64": _simple("decode(from_base64({0}))", KEYWORD, gives=KEYWORD),
    "is_not_null": _null_test(True),
    "is_null": _null_test(False),
    "left": _simple("left({0}, {1})", KEYWORD, LONG, gives=KEYWORD),
    "like": _pattern(lambda pattern: wildcard_to_python(pattern, False, True).pattern),
    "locate": _simple("strpos({0}, {1})", KEYWORD, KEYWORD, gives=LONG),
    "mv_append": _mv_append,
    "mv_concat": _mv_concat,
    "mv_contains": _mv_contains,
    "mv_max": _mv_max,
    "not": _not,
    "replace": _simple("regexp_replace({0}, {1}, {2}, 'g')", *(KEYWORD,) * 3, gives=KEYWORD),
    "rlike": _pattern(lambda pattern: to_python(pattern, False).pattern),
    "sqrt": _simple("sqrt({0})", DOUBLE, gives=DOUBLE),
    "starts_with": _simple("starts_with({0}, {1})", KEYWORD, KEYWORD, gives=BOOLEAN),
    "to_base64": _simple("to_base64(encode({0}))", KEYWORD, gives=KEYWORD),
    "to_boolean": _by_type({KEYWORD: "CAST({0} AS BOOLEAN)"}, BOOLEAN),
    "to_datetime": _by_type({LONG: "epoch_ms({0})", DATE: "{0}"}, DATE),
    "to_double": _by_type({KEYWORD: "CAST({0} AS DOUBLE)", LONG: "CAST({0} AS DOUBLE)"}, DOUBLE),
    "to_ip": _to_ip,
    "to_long": _by_type({KEYWORD: "CAST({0} AS BIGINT)", DATE: "epoch_ms({0})"}, LONG),
    "to_lower": _simple("lower({0})", KEYWORD, gives=KEYWORD),
    "to_string": _by_type(
        {
            KEYWORD: "{0}",
            LONG: "CAST({0} AS VARCHAR)",
            DOUBLE: "CAST({0} AS VARCHAR)",
            BOOLEAN: "CAST({0} AS VARCHAR)",
            IP: "{0}",
        },
        KEYWORD,
    ),
}
