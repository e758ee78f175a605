"""ES|QL's lexical rules: literals, names, index patterns, durations.

Source: Elastic's "Basic ES|QL syntax", sections Identifiers and Literals
(https://www.elastic.co/docs/reference/query-languages/esql/esql-syntax). A string has escapes for
tab, line breaks, quote and backslash and none by number (ESCAPE_SEQUENCE in EsqlBaseLexer.g4,
https://github.com/elastic/elasticsearch), so that a hidden character would stand in the query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from trident.base.diagnostics import Refusal
from trident.base.printable import hidden
from trident.rule.raw import largest_unit

_PLAIN_PART = re.compile(r"[A-Za-z_@][A-Za-z0-9_]*")
_PLAIN_INDEX = re.compile(r"[A-Za-z0-9._*-]+")
# Words of the grammar's expression mode; a name that is one of them stands in backticks.
_RESERVED = frozenset(
    """
    and as asc by desc false first in is last like not null nulls on or rlike true where with
    """.split()  # noqa: SIM905 - a word list reads better than a list of quoted words
)
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_WITHOUT = str.maketrans("", "", "\n\r\t")
_UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}


def literal(value: str) -> str:
    """A string literal: with escapes, or in triple quotes where those are easier to read.

    Raises:
        Refusal: TRI301 for a hidden character, which ES|QL has no escape for.
    """
    if shown := hidden(value.translate(_WITHOUT)):
        raise Refusal("TRI301", f"ES|QL has no escape for the hidden character {shown} of a value")
    if ("\\" in value or '"' in value) and _fits_raw(value):
        return f'"""{value}"""'
    return f'"{value.translate(_ESCAPED)}"'


def number(value: int | float) -> str:
    """A numeric literal; a negative one in parentheses, which every operator takes."""
    return f"({value!r})" if value < 0 else repr(value)


def name(column: str) -> str:
    """A column name, each part of its path in backticks where it is no plain identifier.

    Raises:
        Refusal: TRI304 for a name with a hidden character.
    """
    if not column or hidden(column):
        raise Refusal("TRI304", f"ES|QL cannot quote the column name {column!r}")
    parts = column.split(".")
    if all(_PLAIN_PART.fullmatch(part) and part.lower() not in _RESERVED for part in parts):
        return column
    return "`" + column.replace("`", "``") + "`"


def index(pattern: str) -> str:
    """An index pattern after FROM.

    Raises:
        Refusal: TRI304 for a pattern that ES|QL cannot quote.
    """
    if _PLAIN_INDEX.fullmatch(pattern):
        return pattern
    if any(char in pattern for char in '"\\') or hidden(pattern):
        raise Refusal("TRI304", f"ES|QL cannot quote the index pattern {pattern!r}")
    return f'"{pattern}"'


def ago(*seconds: int) -> str:
    """The time that lies a sum of durations before now: ``NOW() - 30 days - 30 minutes``."""
    return "".join(["NOW()", *(f" - {duration(part)}" for part in seconds if part)])


def duration(seconds: int) -> str:
    """A whole number of seconds in the largest unit that divides it: ``30 minutes``."""
    count, short = largest_unit(seconds)
    unit = _UNITS[short]
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def identifier(text: str) -> str:
    """A Sigma name as a plain column name."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "rule"
    return f"_{plain}" if plain[0].isdigit() else plain


def one_of(column: str, values: Iterable[str]) -> str:
    """The test that a column has one of the string values."""
    listed = [literal(value) for value in values]
    return f"{column} == {listed[0]}" if len(listed) == 1 else f"{column} IN ({', '.join(listed)})"


def listed(items: Iterable[str], indent: int = 4) -> str:
    """Items of a list: on one line where they fit, else one a line."""
    parts = list(items)
    short = ", ".join(parts)
    return short if len(short) <= 84 else f",\n{' ' * indent}".join(parts)


def _fits_raw(value: str) -> bool:
    quoted = value.startswith('"') or value.endswith('"') or '"""' in value
    return not (quoted or any(char in value for char in "\n\r\t"))
