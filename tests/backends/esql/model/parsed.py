"""Queries as the trees of Elastic's parser package, with two gaps of its builder closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import esql
from esql import ast
from esql.ast_builder import AstBuilder
from esql.parser import _parse_with_grammar

from trident.engines.esql.engine import analyze

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class _Builder(AstBuilder):  # type: ignore[misc]
    """Keeps string literals apart from their notation, and each aggregate with its filter."""

    def visitStringLiteral(self, ctx: Any) -> Any:
        return ast.Literal(value=unquoted(ctx.string().getText()), kind="string")

    def _visit_string_or_parameter(self, ctx: Any) -> Any:
        return ast.Literal(value=unquoted(ctx.getText()), kind="string")

    def visitStatsCommand(self, ctx: Any) -> Any:
        command = super().visitStatsCommand(ctx)
        fields = ctx.aggFields()
        filters = [self._visit_agg_where(field) for field in fields.aggField()] if fields else []
        command.filters = dict(
            zip((alias.name for alias in command.aggregates), filters, strict=True)
        )
        return command


def checked(query: str, fields: Mapping[str, str], stack: str) -> Any:
    """The query's tree, after Elastic's own check of names, types and versions against ``fields``
    (field types of Elasticsearch). ``filters`` of a STATS maps its columns to their WHERE.

    Raises:
        esql.EsqlError: for a query that does not pass.
    """
    with esql.ParserConfig(min_stack_version=stack):
        tree = _Builder().visit(_parse_with_grammar(query))
        esql.verify_features(tree, stack)
        analyze(tree, fields)
    return tree


def unquoted(token: str) -> str:
    """The text that a string token stands for."""
    if token.startswith('"""'):
        return token[3:-3]
    text, at, inner = [], 0, token[1:-1]
    while at < len(inner):
        if inner[at] == "\\":
            at += 1
            text.append(_ESCAPES[inner[at]])
        else:
            text.append(inner[at])
        at += 1
    return "".join(text)
