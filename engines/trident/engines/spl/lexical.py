"""Comments, macros, escapes: what happens to the text before the grammar sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trident.engines.spl.errors import SplSyntaxError, SplUnsupported

_PIECES = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<comment>```.*?```)|(?P<macro>`[^`]+`)', re.DOTALL
)
_MACRO_DEPTH = 100


@dataclass(frozen=True, slots=True)
class MacroDefinition:
    """A macro of macros.conf: what it expands to, and its arguments' names."""

    definition: str
    arguments: tuple[str, ...] = ()


Macros = Mapping[str, str | MacroDefinition]
"""Macro name -> definition; one with n arguments is named ``name(n)``, as in macros.conf."""


def without_comments(text: str) -> str:
    """``text`` without its comments between triple backticks.

    Source: Search Manual, "Add comments to searches".
    """
    return _PIECES.sub(lambda piece: " " if piece["comment"] else piece[0], text)


def expand(text: str, macros: Macros, depth: int = 0) -> str:
    """``text`` with every macro outside quotation marks expanded, macros in macros too.

    Source: macros.conf.spec 10.4.2: arguments stand as ``$name$`` in the definition and are
    replaced inside quotation marks too; a macro inside a quoted value is not expanded.

    Raises:
        SplUnsupported: for a macro that ``macros`` lacks.
        SplSyntaxError: for macros that expand without end.
    """
    if depth > _MACRO_DEPTH:
        raise SplSyntaxError("macros that expand to one another without end")

    def replace(piece: re.Match[str]) -> str:
        if not piece["macro"]:
            return piece[0]
        return expand(_definition(piece[0][1:-1].strip(), macros), macros, depth + 1)

    return _PIECES.sub(replace, text)


def macro_calls(text: str) -> Iterator[str]:
    """The macros that ``text`` refers to, without their backticks."""
    for piece in _PIECES.finditer(text):
        if piece["macro"]:
            yield piece[0][1:-1].strip()


def _definition(call: str, macros: Macros) -> str:
    name, parenthesis, rest = call.partition("(")
    values = _arguments(rest.rstrip()[:-1]) if parenthesis else []
    key = f"{name.strip()}({len(values)})" if values else name.strip()
    if key not in macros:
        raise SplUnsupported(f"no definition of the macro `{key}`")
    macro = macros[key]
    if isinstance(macro, str):
        macro = MacroDefinition(macro)
    if len(macro.arguments) != len(values):
        raise SplSyntaxError(f"the macro `{key}` takes {len(macro.arguments)} arguments")
    text = macro.definition
    for argument, value in zip(macro.arguments, values, strict=True):
        text = text.replace(f"${argument}$", value)
    return text


def _arguments(text: str) -> list[str]:
    parts = re.findall(r'((?:"(?:[^"\\]|\\.)*"|[^,"])+)', text)
    return [part.strip().removeprefix('"').removesuffix('"') for part in parts]


_IN_SEARCH = {"\\": "\\", '"': '"', "|": "|"}
_IN_EVAL = {"\\": "\\", '"': '"', "t": "\t", "n": "\n", "r": "\r"}


def in_search(text: str) -> str:
    r"""A string of the search command (and of rex, regex) with its escapes taken out.

    Source: "search", Quotes and escaping characters: ``\\``, ``\"`` and ``\|`` are known,
    every other sequence stays as it is.
    """
    return _unescape(text, _IN_SEARCH)


def in_eval(text: str) -> str:
    r"""A string literal of an eval expression with its escapes taken out.

    Source: Search Manual, "Types of expressions": ``\t`` in a string is a tab; Search Reference,
    replace(): one level of escaping happens before a regular expression reaches PCRE. Sequences
    such as ``\d`` stay, as the examples of match() show.
    """
    return _unescape(text, _IN_EVAL)


def _unescape(text: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\\(.)", lambda escape: known.get(escape[1], escape[0]), text, flags=re.DOTALL)


def unquoted(token: str) -> str:
    """A token without the quotation marks around it, escapes still in place."""
    if len(token) > 1 and token[0] == token[-1] and token[0] in "\"'":
        return token[1:-1]
    return token
