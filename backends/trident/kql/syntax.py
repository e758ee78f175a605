"""KQL's lexical rules: literals, names, timespans.

Source: https://learn.microsoft.com/kusto/query/scalar-data-types/string and .../entity-names.
Characters by number (``\\u202e``, ``\\U000e0041``) are what Microsoft's own parser reads
(KustoFacts, DecodeEscapes, in https://github.com/microsoft/Kusto-Query-Language).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from trident.base.diagnostics import Refusal
from trident.base.printable import by_number, escaped, hidden
from trident.mapping.profiles import Column
from trident.predicates.layout import STEP, WIDTH
from trident.rule.raw import timespan

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Words that Microsoft's parser does not take as a bare column name.
_RESERVED = frozenset(
    """
    and as asc bool by contains contextual_datatable count datatable date datetime decimal declare
    desc distinct double dynamic endswith evaluate extend false find float guid has hint if in int
    int32 int64 into join let limit long materialize not null of on or order parse pattern print
    project range real render restrict sample search set sort startswith string summarize take time
    timespan to top true typeof union where with
    """.split()  # noqa: SIM905 - a word list reads better than a list of quoted words
)
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_SURROGATE = re.compile("[\ud800-\udfff]")


def literal(value: str) -> str:
    """A string literal: plain, verbatim (``@"..."``) when it holds backslashes only, or escaped.

    Raises:
        Refusal: TRI301 for a lone surrogate, which no query text can carry.
    """
    if _SURROGATE.search(value):
        raise Refusal("TRI301", "a value holds half of a surrogate pair, which is no character")
    if "\\" in value and escaped(value, by_number) == value:
        return '@"' + value.replace('"', '""') + '"'
    return f'"{escaped(value.translate(_ESCAPED), by_number)}"'


def name(column: str) -> str:
    """A column name, bracketed where it is no plain identifier.

    Raises:
        Refusal: TRI304 for a name that brackets cannot hold.
    """
    if _PLAIN_NAME.fullmatch(column) and column.lower() not in _RESERVED:
        return column
    if any(char in column for char in "'\"\\") or hidden(column):
        raise Refusal("TRI304", f"KQL cannot quote the column name {column!r}")
    return f"['{column}']"


def reference(column: Column) -> str:
    """A column in an expression; a property of a dynamic column, of JSON or XML text, as text.

    Sources: https://learn.microsoft.com/kusto/query/scalar-data-types/dynamic, accessors; an
    event's data as XML is ``<Data Name="X">value</Data>`` (SecurityEvent.EventData).
    """
    if not column.container:
        return name(column.name)
    container = name(column.container)
    if column.format == "xml":
        pattern = f'Name="{column.name}">([^<]*)<'
        return f"extract({literal(pattern)}, 1, {container})"
    path = "".join(f"[{literal(part)}]" for part in column.name.split("."))
    return f"tostring({f'parse_json({container})' if column.format else container}{path})"


def computed(columns: Iterable[Column]) -> list[str]:
    """The line that computes those of ``columns`` that the table does not store; [] without any."""
    items = {name(column.name): column.expression for column in columns if column.expression}
    made = [f"{key} = {text}" for key, text in items.items()]
    return [command("extend", made)] if items else []


def command(name: str, items: Sequence[str], by: str = "") -> str:
    """A command with its assignments: on one line where they fit, else one a line."""
    end = f" by {by}" if by else ""
    short = f"| {name} {', '.join(items)}{end}"
    if len(short) <= WIDTH and "\n" not in short:
        return short
    return f"| {name} " + f",\n{' ' * STEP}".join(items) + end


def ago(*seconds: int) -> str:
    """``ago()`` of a sum of timespans, zero parts left out: ``ago(30d + 30m)``."""
    return f"ago({' + '.join(timespan(part) for part in seconds if part)})"


def number(value: int | float) -> str:
    """A number literal; a negative one in parentheses, which every operator takes."""
    return f"({value})" if value < 0 else str(value)


def fresh(name: str, taken: Iterable[str]) -> str:
    """``name``, with a number behind it when it (in any case) is taken."""
    used = {other.lower() for other in taken}
    candidate, number = name, 2
    while candidate.lower() in used:
        candidate, number = f"{name}{number}", number + 1
    return candidate
