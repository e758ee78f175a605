"""Text to commands: the grammar, the tree builder and the checks."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedInput, VisitError

from trident.engines.spl.build import Commands
from trident.engines.spl.checks import check, check_expression
from trident.engines.spl.errors import SplError, SplSyntaxError
from trident.engines.spl.lexical import without_comments
from trident.engines.spl.nodes import Expression, Statement
from trident.engines.spl.statements import Pipeline, Stats


def parse(text: str) -> Pipeline:
    """The commands of a search; macros that are still in it stay as they are, unexpanded.

    Raises:
        SplSyntaxError: with the place, for a text that is no search, an unknown command or
            function, a wrong number of arguments, an option that the command does not have.
    """
    commands: Pipeline = _build(without_comments(text), "pipeline")
    commands = tuple(map(_with_resets, commands))
    check(commands)
    return commands


def _with_resets(command: Statement) -> Statement:
    """Reset conditions may stand in quotes; they are expressions all the same."""
    if not isinstance(command, Stats):
        return command
    quoted = {name for name in command.options if name in ("reset_before", "reset_after")}
    return replace(
        command,
        options={name: text for name, text in command.options.items() if name not in quoted},
        resets={**command.resets, **{each: _expression(command.options[each]) for each in quoted}},
    )


def parse_expression(text: str) -> Expression:
    """An eval expression on its own, as ``reset_before`` and ``searchmatch`` carry it.

    Raises:
        SplSyntaxError: as ``parse`` does.
    """
    expression = _expression(text)
    check_expression(expression)
    return expression


def _expression(text: str) -> Expression:
    expression: Expression = _build(text, "expression")
    return expression


def _build(text: str, start: str) -> Any:
    try:
        return Commands().transform(_grammar().parse(text, start=start))
    except UnexpectedInput as error:
        place = error.pos_in_stream if error.pos_in_stream is not None else len(text)
        raise SplSyntaxError(
            f"line {error.line}, column {error.column}: cannot read {text[place : place + 40]!r}"
        ) from None
    except VisitError as error:
        if isinstance(error.orig_exc, SplError):
            raise error.orig_exc from None
        raise


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    return Lark(
        Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8"),
        start=["pipeline", "expression"],
        parser="lalr",
        maybe_placeholders=False,
    )
