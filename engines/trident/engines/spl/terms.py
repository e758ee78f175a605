"""The search command's terms, compiled to functions of a row.

Source: Splunk Search Reference 9.4, "search", "Time modifiers"; Search Manual, "Use CASE() and
TERM()". OR binds before AND. Values ignore letter case; ``*`` is the only wildcard. ``=`` and
``!=`` compare text ("1" is not "1.0"); the other operators compare two numbers numerically and
anything else lexicographically. ``f!=x`` wants a field f, ``NOT f=x`` does not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from trident.engines.spl import nodes
from trident.engines.spl.errors import SplRuntimeError, SplUnsupported
from trident.engines.spl.functions_text import in_network
from trident.engines.spl.patterns import compile_pattern, literal, wildcard
from trident.engines.spl.scope import Scope
from trident.engines.spl.times import resolve_time
from trident.engines.spl.values import (
    Num,
    Row,
    Truth,
    combine,
    each_of,
    negate,
    number,
    truth,
)

Condition = Callable[[Row], Truth]

# segmenters.conf, Splunk 10.4.2: what ends a word in the index. The %xx codes are left out.
_BREAKERS = r"""[\]\[<>(){}|!;,'"*\s&?+/:=@.\-$#%\\_]"""


def compile_term(term: nodes.Term, scope: Scope) -> Condition:
    """``term`` as a function of a row; time modifiers are conditions on ``_time``.

    Raises:
        SplUnsupported: for a subsearch or a macro.
    """
    match term:
        case nodes.AllTerms(terms):
            return _joined("AND", [compile_term(each, scope) for each in terms])
        case nodes.AnyTerm(terms):
            return _joined("OR", [compile_term(each, scope) for each in terms])
        case nodes.NotTerm(inner):
            condition = compile_term(inner, scope)
            return lambda row: negate(condition(row))
        case nodes.Raw(value, directive):
            return _raw(value, directive)
        case nodes.Compare(name, operator, nodes.SearchValue() as value):
            if name in _TIME_MODIFIERS:
                return _time_limit(name, operator, value.text, scope)
            return _comparison(name, operator, value)
        case nodes.Macro(text):
            raise SplUnsupported(f"the macro {text} is not expanded")
        case _:
            raise SplUnsupported("a subsearch among search terms")


def names_in(term: nodes.Term) -> set[str]:
    """The field names that a term compares, time modifiers among them."""
    match term:
        case nodes.AllTerms(terms) | nodes.AnyTerm(terms):
            return set().union(*map(names_in, terms))
        case nodes.NotTerm(inner):
            return names_in(inner)
        case nodes.Compare(name):
            return {name}
    return set()


def _joined(operator: str, conditions: list[Condition]) -> Condition:
    decisive = Truth.FALSE if operator == "AND" else Truth.TRUE

    def joined(row: Row) -> Truth:
        result = conditions[0](row)
        for condition in conditions[1:]:
            if result is decisive:
                break
            result = combine(operator, result, condition(row))
        return result

    return joined


_TIME_MODIFIERS: Mapping[str, Callable[[float, float], bool]] = {
    # Source: "Time modifiers": greater than or equal to earliest, less than latest.
    "earliest": lambda time, limit: time >= limit,
    "latest": lambda time, limit: time < limit,
}


def _time_limit(name: str, operator: str, text: str, scope: Scope) -> Condition:
    # Source: "Time modifiers", example 6 writes latest<@d and earliest>=@d+1h.
    if operator not in ("=", {"earliest": ">=", "latest": "<"}[name]):
        raise SplUnsupported(f"{name}{operator}")
    limit = resolve_time(text, scope.now, scope.config.zone)
    # Source: "Time modifiers": earliest=0 is the earliest event in the data.
    inside = _TIME_MODIFIERS[name]

    def within(row: Row) -> Truth:
        time = row.get("_time")
        if not isinstance(time, Num):
            raise SplRuntimeError("an event without a numeric _time")
        return truth(inside(time.value, limit))

    return within


def _comparison(name: str, operator: str, value: nodes.SearchValue) -> Condition:
    test = _value_test(operator, value)

    def compared(row: Row) -> Truth:
        answers = {test(str(each)) for each in each_of(row.get(name))}
        if not answers:
            return Truth.FALSE
        if operator == "!=" and len(answers) > 1:
            # One value of a multivalue field differs and another does not.
            return Truth.TRUE | Truth.FALSE
        return max(answers, key=lambda answer: bool(answer & Truth.TRUE))

    return compared


def _value_test(operator: str, value: nodes.SearchValue) -> Callable[[str], Truth]:
    if operator in ("=", "!="):
        equal = _equality(value)
        if operator == "=":
            return equal
        return lambda text: negate(equal(text))
    order = _ORDER[operator]
    wanted = number(value.text)

    def ordered(text: str) -> Truth:
        parsed = number(text)
        if parsed is not None and wanted is not None:
            return truth(order(parsed.value, wanted.value))
        return truth(order(text, value.text))

    return ordered


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _equality(value: nodes.SearchValue) -> Callable[[str], Truth]:
    if _is_network(value.text):
        return lambda text: truth(text == value.text or in_network(value.text, text))
    pattern = wildcard(value.text, value.cased)

    def equal(text: str) -> Truth:
        if not text and value.text.strip("*") == "" and value.text:
            # Whether f=* finds a field that holds the empty string is not said.
            return Truth.TRUE | Truth.FALSE
        return truth(pattern.search(text) is not None)

    return equal


@lru_cache(maxsize=512)
def _is_network(text: str) -> bool:
    if "/" not in text:
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _raw(value: nodes.SearchValue, directive: str) -> Condition:
    """A word or phrase in ``_raw``: whole words of the index, wherever no wildcard ends it."""
    if directive == "PREFIX":
        raise SplUnsupported("PREFIX() outside tstats")
    if value.text.strip("*") == "":
        return lambda row: Truth.TRUE
    body = ".*".join(literal(part) for part in value.text.split("*"))
    start = "" if value.text.startswith("*") else rf"(?:\A|(?<={_BREAKERS})|(?={_BREAKERS}))"
    end = "" if value.text.endswith("*") else rf"(?:\z|(?={_BREAKERS})|(?<={_BREAKERS}))"
    flags = "(?s)" if value.cased else "(?si)"
    pattern = compile_pattern(f"{flags}{start}{body}{end}")

    def answer(row: Row) -> Truth:
        raw = row.get("_raw")
        if raw is None:
            # Source: "search": without _raw, field-value pairs must be specified.
            raise SplRuntimeError(f"the term {value.text!r} needs _raw")
        return truth(pattern.search(str(raw)) is not None)

    return answer
