"""Parse tree to statistics."""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer

from trident.engines.spl import nodes, statements
from trident.engines.spl.build_terms import Children, name_of
from trident.engines.spl.lexical import in_eval, unquoted

_ALIASES = {"c": "count", "distinct_count": "dc", "mean": "avg"}


class Statistics(Transformer[Token, Any]):
    """``stats`` and its relatives."""

    def aggregate_eval(self, children: Children) -> nodes.Expression:
        expression: nodes.Expression = children[-1]
        return expression

    def alias(self, children: Children) -> list[str]:
        return [name_of(children[-1])]

    def aggregate(self, children: Children) -> statements.Aggregate:
        function, *rest = children
        alias = rest.pop()[0] if rest and isinstance(rest[-1], list) else None
        argument: str | nodes.Expression | None = None
        written = str(function)
        if rest:
            (argument,) = rest
            if isinstance(argument, Token):
                argument = unquoted(str(argument))
            shown = argument if isinstance(argument, str) else "eval(...)"
            written = f"{function}({shown})"
        name = str(function).lower()
        return statements.Aggregate(_ALIASES.get(name, name), argument, alias or written)

    def key(self, children: Children) -> str:
        return name_of(children[0])

    def by_option(self, children: Children) -> tuple[str, str]:
        name, value = children
        return str(name).lower(), str(value)

    def by(self, children: Children) -> list[Any]:
        return [each for each in children[1:] if str(each) != ","]

    def stats_value(self, children: Children) -> str | nodes.Expression:
        (value,) = children
        if not isinstance(value, Token):
            expression: nodes.Expression = value
            return expression
        if value.type == "RESET_QUOTED":
            # Source: "streamstats", Escaping string values: reset_after="("expression")".
            return in_eval(str(value)[3:-3])
        return in_eval(unquoted(str(value)))

    def stats_option(self, children: Children) -> tuple[str, str | nodes.Expression]:
        name, value = children
        return str(name).lower(), value

    def stats(self, children: Children) -> statements.Stats | statements.Opaque:
        command, *parts = children
        by = parts.pop() if isinstance(parts[-1], list) else []
        pairs = [each for each in (*parts, *by) if isinstance(each, tuple)]
        aggregates = tuple(each for each in parts if isinstance(each, statements.Aggregate))
        if any(getattr(each, "type", "") == "MACRO" for each in parts):
            return statements.Opaque(str(command).lower())
        return statements.Stats(
            str(command).lower(),
            aggregates,
            tuple(each for each in by if isinstance(each, str)),
            {name: value for name, value in pairs if isinstance(value, str)},
            {name: value for name, value in pairs if not isinstance(value, str)},
        )

    def tstats(self, children: Children) -> statements.Opaque:
        aggregates = tuple(each for each in children if isinstance(each, statements.Aggregate))
        return statements.Opaque(str(children[0]).lower(), aggregates)
