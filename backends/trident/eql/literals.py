"""How EQL writes strings, numbers, field names and durations; the one place that knows quoting.

Source: Elastic's "EQL syntax reference", sections Strings, Escape a field name, maxspan
(https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax).
"""

from __future__ import annotations

import re

from trident.base.diagnostics import Refusal
from trident.base.printable import escaped, hidden

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORDS = frozenset(
    (
        *("and", "any", "as", "by", "const", "false", "fork", "in", "join", "like", "macro"),
        *("maxspan", "not", "null", "of", "or", "regex", "runs", "sample", "sequence", "true"),
        *("until", "where", "with"),
    )
)


def string(value: str, raw: bool = False) -> str:
    """``value`` as a string literal.

    A value with a backslash or quote (with ``raw``, any value) becomes a raw string where that
    can hold it. A character that nobody sees is written by its number, ``\\u{202e}``, as
    Elasticsearch reads it; Elastic's Python package (1.0.1), with which its detection-rules
    repository validates, reads on to the last ``}`` of the string and rejects a second one.

    Raises:
        Refusal: TRI301 for a lone surrogate, which no query text can carry.
    """
    if _SURROGATE.search(value):
        raise Refusal("TRI301", "a value holds half of a surrogate pair, which is no character")
    if (raw or "\\" in value or '"' in value) and _fits_raw(value):
        return f'"""{value}"""'
    return f'"{escaped(value.translate(_ESCAPED), _by_number)}"'


def number(value: int | float) -> str:
    """``value`` as a numeric literal."""
    return repr(value)


def field(name: str) -> str:
    """A field name, each part of its path in backticks where EQL needs them.

    Raises:
        Refusal: TRI304 for a name with a backtick or a hidden character, or with an empty part.
    """
    parts = name.split(".")
    if "`" in name or not all(parts) or hidden(name):
        raise Refusal("TRI304", f"field name {name!r} cannot be quoted in EQL")
    return ".".join(
        part if _PLAIN_NAME.fullmatch(part) and part not in _KEYWORDS else f"`{part}`"
        for part in parts
    )


def _fits_raw(value: str) -> bool:
    quotes = not value or '"""' in value or value.startswith('"') or value.endswith('"')
    return escaped(value, _by_number) == value and not quotes


def _by_number(char: str) -> str:
    return f"\\u{{{ord(char):02x}}}"
