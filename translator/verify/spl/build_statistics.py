"""Parse tree to statistics."""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer

from translator.verify.spl import ast
from translator.verify.spl.build_terms import Children, name_of
from translator.verify.spl.lexical import unquoted

_ALIASES = {"c": "count", "distinct_count": "dc", "mean": "avg", "estdc": "estdc"}


class Statistics(Transformer[Token, Any]):
    """``stats`` and its relatives."""

    def aggregate_eval(self, children: Children) -> ast.Expression:
        found: ast.Expression = children[-1]
        return found

    def alias(self, children: Children) -> list[str]:
        return [name_of(children[-1])]

    def aggregate(self, children: Children) -> ast.Aggregate:
        function, *rest = children
        alias = rest.pop()[0] if rest and isinstance(rest[-1], list) else None
        argument: str | ast.Expression | None = None
        written = str(function)
        if rest:
            (argument,) = rest
            if isinstance(argument, Token):
                argument = unquoted(str(argument))
            shown = argument if isinstance(argument, str) else "eval(...)"
            written = f"{function}({shown})"
        name = str(function).lower()
        return ast.Aggregate(_ALIASES.get(name, name), argument, alias or written)

    def key(self, children: Children) -> str:
        return name_of(children[0])

    def by_option(self, children: Children) -> tuple[str, str]:
        name, value = children
        return str(name).lower(), str(value)

    def by(self, children: Children) -> list[Any]:
        return [each for each in children[1:] if str(each) != ","]

    def stats_value(self, children: Children) -> str | ast.Expression:
        (value,) = children
        if not isinstance(value, Token):
            found: ast.Expression = value
            return found
        if value.type == "RESET_QUOTED":
            return str(value)
        return unquoted(str(value))

    def stats_option(self, children: Children) -> tuple[str, str | ast.Expression]:
        name, value = children
        return str(name).lower(), value

    def stats(self, children: Children) -> ast.Stats | ast.Opaque:
        command, *parts = children
        by = parts.pop() if isinstance(parts[-1], list) else []
        pairs = [each for each in (*parts, *by) if isinstance(each, tuple)]
        aggregates = tuple(each for each in parts if isinstance(each, ast.Aggregate))
        if any(getattr(each, "type", "") == "MACRO" for each in parts):
            return ast.Opaque(str(command).lower())
        return ast.Stats(
            str(command).lower(),
            aggregates,
            tuple(each for each in by if isinstance(each, str)),
            {name: value for name, value in pairs if isinstance(value, str)},
            {name: value for name, value in pairs if not isinstance(value, str)},
        )

    def from_(self, children: Children) -> None:
        return None

    def tstats(self, children: Children) -> ast.Opaque:
        return ast.Opaque(str(children[0]).lower())
