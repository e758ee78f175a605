"""The literals of a query, found by a lexer that is not the renderer's.

KQL: Microsoft's parser (kustology). SPL: the tests' own tokenizer and the interpreter's escapes.
EQL and ES|QL: the string forms of Elastic's syntax references, written out again here; that the
whole text is one query, their parsers say when it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from trident.engines.kusto.engine import _kustology, _nodes

HOLE = "\u25ae"
"""What stands in a query's shape for a string literal."""

_ELASTIC = re.compile(
    r'(?P<raw>"""(?:(?!""").)*""")|(?P<string>"(?:[^"\\\n\r]|\\.)*")'
    r"|(?P<name>`(?:[^`]|``)*`|[A-Za-z_@][\w.@]*)|(?P<number>\d+(?:\.\d+)?)|(?P<other>\S)",
    re.DOTALL,
)
_ESCAPED = re.compile(r'\\(?:u\{([0-9a-fA-F]{2,8})\}|([nrt"\\]))')
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}

Piece = tuple[str, str | None]
"""A token's text, or HOLE and the literal's value."""


def lexed(target: str, query: str) -> tuple[tuple[str, ...], list[str]]:
    """A query's shape, its tokens with a hole for each string literal; and the literals' values."""
    pieces = list(_LEXERS[target](query))
    return tuple(text for text, _ in pieces), [value for _, value in pieces if value is not None]


def _kql(query: str) -> Iterator[Piece]:
    for node in _nodes(_kustology().parse(query, schema={}).syntax):
        if str(node.Kind) == "StringLiteralExpression":
            yield HOLE, str(node.LiteralValue)
        elif node.ChildCount == 0 and str(node.Kind) != "StringLiteralToken":
            yield str(node.ToString()).strip(), None


def _spl(query: str) -> Iterator[Piece]:
    from tests.backends.spl.model.parse import tokenize
    from trident.engines.spl.lexical import in_eval, unquoted

    for token in tokenize(query):
        if token.kind == "string":
            yield HOLE, in_eval(unquoted(token.text))
        else:
            yield token.text, None


def _elastic(query: str) -> Iterator[Piece]:
    for found in _ELASTIC.finditer(query):
        if found["raw"]:
            yield HOLE, found["raw"][3:-3]
        elif found["string"]:
            yield HOLE, _ESCAPED.sub(_decoded, found["string"][1:-1])
        else:
            yield found[0], None


def _decoded(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _PLAIN[found[2]]


_LEXERS: Mapping[str, Callable[[str], Iterator[Piece]]] = {
    "kql": _kql,
    "spl": _spl,
    "eql": _elastic,
    "esql": _elastic,
}
