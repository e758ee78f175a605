"""Eval expressions, compiled to functions of a row.

Source: Splunk Search Reference 9.4, "eval", "where", "Comparison and Conditional functions". AND
binds before OR; a condition is true, false or NULL.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from trident.engines.spl import (
    functions_json,
    functions_multi,
    functions_numbers,
    functions_text,
    nodes,
    statements,
)
from trident.engines.spl.conditionals import CONDITIONALS
from trident.engines.spl.errors import SplRuntimeError, SplUndocumented, SplUnsupported
from trident.engines.spl.scope import Compiled, Function, Scope, condition_of, single
from trident.engines.spl.values import (
    Num,
    Result,
    Row,
    Single,
    Truth,
    as_read,
    combine,
    compare,
    each_of,
    holds,
    multi,
    negate,
    number,
    product,
    total,
)

_FUNCTIONS: Mapping[str, Function] = {
    **functions_text.FUNCTIONS,
    **functions_numbers.FUNCTIONS,
    **functions_multi.FUNCTIONS,
    **functions_json.FUNCTIONS,
}


def compile_expression(expression: nodes.Expression, scope: Scope) -> Compiled:
    """``expression`` as a function of a row.

    Raises:
        SplUnsupported: for a function that this engine knows but does not run, or a macro.
        SplRuntimeError: for a literal where Splunk reports an error.
    """
    match expression:
        case nodes.Number(text):
            literal = number(text, scope.config.integers_are_exact)
            assert literal is not None
            value = Num(literal.value, literal.decimals)
            return lambda row: value
        case nodes.Text(text):
            return lambda row: text
        case nodes.Field(name):
            exact = scope.config.integers_are_exact
            return lambda row: as_read(row.get(name), exact)
        case nodes.Unary(operator, operand):
            return _unary(operator, compile_expression(operand, scope))
        case nodes.Binary(operator, left, right):
            return _binary(
                operator,
                compile_expression(left, scope),
                compile_expression(right, scope),
                scope,
            )
        case nodes.Call(name, arguments):
            return _call(name, arguments, scope)
        case nodes.Macro(text):
            raise SplUnsupported(f"the macro {text} is not expanded")


def _unary(operator: str, operand: Compiled) -> Compiled:
    if operator == "NOT":
        return lambda row: negate(condition_of(operand(row)))

    def signed(row: Row) -> Result:
        value = single(operand(row), operator)
        if value is None or operator == "+":
            return value
        if isinstance(value, str):
            raise SplUndocumented(f"-{value!r}")
        return Num(-value.value, value.decimals)

    return signed


def _binary(operator: str, left: Compiled, right: Compiled, scope: Scope) -> Compiled:
    if operator in ("AND", "OR", "XOR"):
        return _logic(operator, left, right)
    if operator == "LIKE":
        return lambda row: functions_text.like(scope, (left(row), right(row)))
    if operator in _ARITHMETIC:
        calculate = _ARITHMETIC[operator]

        def arithmetic(row: Row) -> Result:
            a, b = single(left(row), operator), single(right(row), operator)
            # A null operand makes the result null; "eval" says so of a division by zero only.
            return None if a is None or b is None else calculate(a, b)

        return arithmetic
    return lambda row: compare(operator, left(row), right(row))


def _logic(operator: str, left: Compiled, right: Compiled) -> Compiled:
    # What decides alone makes the other side irrelevant, an undocumented value included.
    decisive = {"AND": Truth.FALSE, "OR": Truth.TRUE}.get(operator)

    def logic(row: Row) -> Result:
        first = condition_of(left(row))
        if first is decisive:
            return first
        return combine(operator, first, condition_of(right(row)))

    return logic


def _plus(a: Single, b: Single) -> Result:
    """Source: "eval": two numbers are added, two strings joined."""
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    a, b = _numbers("+", a, b)
    return total(a, b, a.value + b.value)


def _minus(a: Single, b: Single) -> Result:
    a, b = _numbers("-", a, b)
    return total(a, b, a.value - b.value)


def _times(a: Single, b: Single) -> Result:
    a, b = _numbers("*", a, b)
    return product(a, b, a.value * b.value)


def _over(a: Single, b: Single) -> Result:
    """Source: "eval", Numeric calculations: a division by zero is null."""
    a, b = _numbers("/", a, b)
    return product(a, b, a.value / b.value) if b.value else None


def _modulo(a: Single, b: Single) -> Result:
    a, b = _numbers("%", a, b)
    return total(a, b, math.fmod(a.value, b.value)) if b.value else None


def _numbers(operator: str, a: Single, b: Single) -> tuple[Num, Num]:
    if isinstance(a, str) or isinstance(b, str):
        raise SplUndocumented(f"{a!s} {operator} {b!s}: an operand is no number")
    return a, b


_ARITHMETIC: Mapping[str, Callable[[Single, Single], Result]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _over,
    "%": _modulo,
    ".": lambda a, b: f"{a!s}{b!s}",
}


def _call(name: str, arguments: tuple[nodes.Expression, ...], scope: Scope) -> Compiled:
    if name in _SPECIAL:
        return _SPECIAL[name](arguments, scope)
    if name in CONDITIONALS:
        return CONDITIONALS[name]([compile_expression(each, scope) for each in arguments])
    if name not in _FUNCTIONS:
        raise SplUnsupported(f"the function {name}()")
    for each in arguments:
        _check_literal(name, each, len(arguments))
    function = _FUNCTIONS[name]
    compiled = [compile_expression(each, scope) for each in arguments]
    if len(compiled) == 1:
        (only,) = compiled
        return lambda row: function(scope, (only(row),))
    return lambda row: function(scope, [each(row) for each in compiled])


def _check_literal(name: str, argument: nodes.Expression, count: int) -> None:
    """Source: tonumber("seven"), sum(1, 2, "3") and avg(1, 2, "3") are errors, unlike fields."""
    if not isinstance(argument, nodes.Text):
        return
    unreadable = name == "tonumber" and count == 1 and number(argument.value) is None
    if unreadable or name in ("sum", "avg"):
        raise SplRuntimeError(f"{name}() of the string {argument.value!r}")


def _filter(arguments: tuple[nodes.Expression, ...], scope: Scope) -> Compiled:
    """Source: mvfilter: the expression can reference only one field."""
    names = set(_fields(arguments[0]))
    if len(names) != 1:
        raise SplRuntimeError("mvfilter() takes a condition on one field")
    (name,) = names
    condition = compile_expression(arguments[0], scope)

    def apply(row: Row) -> Result:
        kept = [each for each in each_of(row.get(name)) if holds(condition({name: each}))]
        return multi(kept)

    return apply


def _fields(expression: nodes.Expression) -> list[str]:
    match expression:
        case nodes.Field(name):
            return [name]
        case nodes.Unary(_, operand):
            return _fields(operand)
        case nodes.Binary(_, left, right):
            return _fields(left) + _fields(right)
        case nodes.Call(_, arguments):
            return [name for each in arguments for name in _fields(each)]
    return []


def _searchmatch(arguments: tuple[nodes.Expression, ...], scope: Scope) -> Compiled:
    from trident.engines.spl.parser import parse
    from trident.engines.spl.terms import compile_term

    (text,) = arguments
    if not isinstance(text, nodes.Text):
        raise SplUnsupported("searchmatch() of anything but a literal")
    (command,) = parse(text.value)
    assert isinstance(command, statements.Search)
    return compile_term(command.term, scope)


_Special = Callable[[tuple[nodes.Expression, ...], Scope], Compiled]

_SPECIAL: Mapping[str, _Special] = {
    "mvfilter": _filter,
    "searchmatch": _searchmatch,
}
