"""What Splunk checks before a search runs: functions, arities, options, what fits where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trident.engines.spl import nodes, statements
from trident.engines.spl.errors import SplSyntaxError
from trident.engines.spl.patterns import compile_pattern
from trident.engines.spl.times import relative_time_steps

_PERCENTILE = re.compile(r"(?:perc|p|percentile|exactperc|upperperc)(\d+(?:\.\d+)?)")
_RELATIONS = ("=", "!=", "<", ">", "<=", ">=", "LIKE")
_LOGIC = ("AND", "OR", "XOR")


@lru_cache(maxsize=1)
def _signatures() -> Mapping[str, Any]:
    text = Path(__file__).with_name("signatures.yml").read_text(encoding="utf-8")
    checks: Mapping[str, Any] = yaml.safe_load(text)
    return checks


def check(commands: statements.Pipeline) -> None:
    """Raise for what the documentation calls an error.

    Raises:
        SplSyntaxError: with what is wrong.
    """
    for command in commands:
        _check_options(command)
        match command:
            case statements.Search(term):
                _check_term(term)
            case statements.Eval(assignments):
                for name, expression in assignments:
                    check_expression(expression)
                    if is_predicate(expression):
                        # Source: "eval": the result of an eval expression cannot be a Boolean.
                        raise SplSyntaxError(f"eval cannot assign a Boolean to {name}")
            case statements.Where(expression):
                check_expression(expression)
                _check_condition(expression, "where")
            case statements.Stats():
                _check_stats(command)
            case statements.Head(_, condition, options):
                if condition is not None:
                    check_expression(condition)
                    _check_condition(condition, "head")
                elif set(options) - {"limit"}:
                    raise SplSyntaxError("null= and keeplast= need a condition after head")
            case statements.Dedup(names, count):
                if count < 1 or not names:
                    raise SplSyntaxError("dedup keeps at least one row, of at least one field")
            case statements.Rename(pairs):
                _check_rename(pairs)
            case statements.Rex(pattern, _, options):
                if "mode" not in options and not compile_pattern(pattern).groupindex:
                    raise SplSyntaxError("rex needs a named group, or mode=sed")
            case statements.Regex(_, pattern):
                compile_pattern(pattern)
            case statements.Mvexpand(name) | statements.Makemv(name) if name.startswith("_"):
                raise SplSyntaxError(f"mvexpand and makemv do not take the internal field {name}")
            case statements.Inputlookup(_, where) if where is not None:
                _check_term(where)
            case statements.Append(subsearch):
                check(subsearch.commands)
            case statements.Opaque(_, aggregates):
                _check_aggregates(aggregates)


def check_expression(expression: nodes.Expression) -> None:
    """Raise for an unknown function, a wrong arity, a pattern that does not compile."""
    match expression:
        case nodes.Call(name, arguments):
            arity = _signatures()["functions"].get(name)
            if arity is None:
                raise SplSyntaxError(f"unknown function {name}()")
            fewest, most = arity[0], arity[1] if len(arity) > 1 else len(arguments)
            if not fewest <= len(arguments) <= most:
                raise SplSyntaxError(f"{name}() does not take {len(arguments)} arguments")
            if name in ("case", "validate") and len(arguments) % 2:
                raise SplSyntaxError(f"{name}() takes conditions and values in pairs")
            if name in ("match", "replace", "mvfind") and isinstance(arguments[1], nodes.Text):
                compile_pattern(arguments[1].value)
            for each in arguments:
                check_expression(each)
        case nodes.Unary(operator, operand):
            check_expression(operand)
            if operator == "NOT":
                _check_condition(operand, "NOT")
        case nodes.Binary(operator, left, right):
            check_expression(left)
            check_expression(right)
            if operator in _LOGIC:
                _check_condition(left, operator)
                _check_condition(right, operator)


def is_predicate(expression: nodes.Expression) -> bool:
    """Whether the expression's value can only be true, false or NULL."""
    match expression:
        case nodes.Call(name):
            return name in _signatures()["predicates"]
        case nodes.Unary(operator):
            return operator == "NOT"
        case nodes.Binary(operator):
            return operator in (*_RELATIONS, *_LOGIC)
    return False


def _check_condition(expression: nodes.Expression, where: str) -> None:
    """A number, a string or an arithmetic result is no condition; a field may turn out to be."""
    match expression:
        case nodes.Number() | nodes.Text():
            raise SplSyntaxError(f"{where} needs a condition, not a literal")
        case nodes.Binary(operator) if operator not in (*_RELATIONS, *_LOGIC):
            raise SplSyntaxError(f"{where} needs a condition, not the result of {operator}")
        case nodes.Unary("-" | "+"):
            raise SplSyntaxError(f"{where} needs a condition, not a number")
        case nodes.Call(name) if name in _signatures()["values"]:
            raise SplSyntaxError(f"{where} needs a condition, not the value of {name}()")


def _check_term(term: nodes.Term) -> None:
    match term:
        case nodes.AllTerms(terms) | nodes.AnyTerm(terms):
            for each in terms:
                _check_term(each)
        case nodes.NotTerm(inner):
            _check_term(inner)
        case nodes.Compare(name, _, nodes.SearchValue(text)) if name in ("earliest", "latest"):
            relative_time_steps(text)
        case nodes.Subsearch(commands) | nodes.Compare(_, _, nodes.Subsearch(commands)):
            check(commands)


def _check_options(command: nodes.Statement) -> None:
    options = getattr(command, "options", {})
    name = getattr(command, "command", type(command).__name__.lower())
    known = _signatures()["options"].get(name, {})
    for option, value in options.items():
        if option not in known:
            raise SplSyntaxError(f"{name} has no option {option}")
        if not re.fullmatch(known[option], str(value)):
            raise SplSyntaxError(f"{name} does not take {option}={value}")


def _check_stats(command: statements.Stats) -> None:
    if not command.aggregates:
        raise SplSyntaxError(f"{command.command} needs a statistic")
    _check_aggregates(command.aggregates)
    if any("*" in name for name in command.by):
        raise SplSyntaxError("no wildcard in a BY clause")
    if "*" not in "".join(str(each.argument) for each in command.aggregates):
        # Source: "stats", Renaming fields: one field cannot be renamed with multiple names.
        seen = Counter((each.function, str(each.argument)) for each in command.aggregates)
        if (twice := seen.most_common(1)[0])[1] > 1:
            raise SplSyntaxError(f"{'() of '.join(twice[0])} is asked for twice")
    for name, expression in command.resets.items():
        if name not in ("reset_before", "reset_after"):
            raise SplSyntaxError(f"{name} takes no expression")
        check_expression(expression)
        _check_condition(expression, name)


def _check_aggregates(aggregates: tuple[statements.Aggregate, ...]) -> None:
    for each in aggregates:
        percentile = _PERCENTILE.fullmatch(each.function)
        if percentile and not 0 <= float(percentile[1]) <= 100:
            raise SplSyntaxError(f"{each.function}: a percentile is between 0 and 100")
        if not percentile and each.function not in _signatures()["aggregates"]:
            raise SplSyntaxError(f"unknown statistic {each.function}()")
        if not isinstance(each.argument, str | None):
            check_expression(each.argument)


def _check_rename(pairs: tuple[tuple[str, str], ...]) -> None:
    if len({old for old, _ in pairs}) != len(pairs):
        raise SplSyntaxError("rename cannot give one field two names")
    for old, new in pairs:
        if old.count("*") != new.count("*"):
            raise SplSyntaxError(f"rename {old} AS {new}: wildcards do not match in number")
