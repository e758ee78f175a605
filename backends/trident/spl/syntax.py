"""SPL's lexical rules: string literals, field names, numbers, working column names.

Sources (Splunk documentation): Search Manual, *Types of expressions* (``"C:\\\\windows"``: a
backslash escapes in a string), *Use macros in searches* (back-ticks); Search Reference, *eval*,
Usage (single quotes around field names in expressions) and *search* (double quotes elsewhere).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from trident.base.diagnostics import Refusal
from trident.base.printable import hidden
from trident.mapping.profiles import Column
from trident.rule.plan import Firing

TIME = "_time"
RAW = "_raw"
EXACT = 2**53
"""Up to here a double holds every whole number."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
# What quotes can hold in every context; `*` would be a wildcard in table, stats and rename.
_QUOTABLE = re.compile(r"[\w.:@/{}#() -]+")
# Words that eval, stats, sort or search read as something else than a field.
_RESERVED = frozenset(
    {"and", "as", "by", "count", "d", "desc", "earliest", "false", "in", "index", "is", "latest"}
    | {"like", "limit", "not", "null", "or", "over", "sort", "sourcetype", "true", "where", "xor"}
)


def literal(value: str) -> str:
    """A string literal of eval and where.

    Raises:
        Refusal: TRI301 for a character that a literal cannot hold everywhere a search is kept
            (a line break ends a line of savedsearches.conf, a back-tick is macro syntax).
    """
    if not is_plain(value):
        raise Refusal("TRI301", f"an SPL string cannot hold the value {value!r}")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def pattern(regex: str) -> str:
    """A string literal that holds a text of ``regex.py``."""
    return '"' + regex.replace("\\", "\\\\") + '"'


def is_plain(value: str) -> bool:
    """Whether ``literal`` can write the value: printable ASCII without the back-tick."""
    return value.isascii() and value.isprintable() and "`" not in value


def field(name: str) -> str:
    """A field in an expression: bare, or in single quotes (a dot alone would concatenate).

    Raises:
        Refusal: TRI304 for a name that quotes cannot hold.
    """
    return name if is_identifier(name) else f"'{_quotable(name)}'"


def native(column: Column) -> str:
    """The field's name in Splunk; a property of a JSON field is named by its path (*spath*)."""
    return f"{column.container}.{column.name}" if column.container else column.name


def computed(columns: Iterable[Column]) -> list[str]:
    """The line that computes those of ``columns`` that no event has; [] without any."""
    items = {field(column.name): column.expression for column in columns if column.expression}
    return [f"| eval {', '.join(f'{key}={text}' for key, text in items.items())}"] * bool(items)


def is_identifier(name: str) -> bool:
    """Whether a name needs no quotes in any context."""
    return _IDENTIFIER.fullmatch(name) is not None and name.lower() not in _RESERVED


def name(column: str) -> str:
    """A field outside expressions (search, table, stats, rename): bare or in double quotes.

    Raises:
        Refusal: TRI304 for a name that quotes cannot hold.
    """
    if _PATH.fullmatch(column) and column.lower() not in _RESERVED:
        return column
    return f'"{_quotable(column)}"'


def ago(seconds: int) -> str:
    """The time that lies some seconds before now."""
    return f"now()-{seconds}" if seconds else "now()"


def since(firing: Firing) -> str:
    """The test that a time does not lie before those that count."""
    return f"{TIME}{'>' if firing.open else '>='}{ago(firing.back + firing.delay)}"


def number(value: int | float) -> str:
    """A number in plain decimals, never with an exponent."""
    return format(Decimal(str(value)), "f")


class Names:
    """Hands out names for working columns: plain identifiers that no field of the data has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {TIME, RAW, *taken}

    def claim(self, wanted: str) -> str:
        """``wanted`` as an identifier, with a number behind it when that is taken."""
        plain = re.sub(r"[^A-Za-z0-9]+", "_", wanted).strip("_") or "column"
        plain = f"n{plain}" if plain[0].isdigit() else plain
        free, count = plain, 2
        while free in self._taken or free.lower() in _RESERVED:
            free, count = f"{plain}{count}", count + 1
        self._taken.add(free)
        return free


def _quotable(name: str) -> str:
    if not _QUOTABLE.fullmatch(name) or hidden(name):
        raise Refusal("TRI304", f"SPL cannot quote the field name {name!r}")
    return name
