"""Events made from a rule's own detection: fields that satisfy it, and fields that nearly do."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from importlib import import_module
from random import Random
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from backends.detection import compile_detection, text
from backends.events import Value
from backends.plan import Search

Fields = dict[str, Value]

_parser: Any = import_module("re._parser")
"""The parser of re; it has no public name."""

TRIES = 40
"""How often a satisfying sample is drawn before the detection counts as too hard to satisfy."""

KEYWORD_FIELD = "CommandLine"
_FILLERS = ("", "x", "abc", "0", " ", "A.b")
_STEPS = {
    CompareOperators.GT: 1,
    CompareOperators.GTE: 0,
    CompareOperators.LT: -1,
    CompareOperators.LTE: 0,
    CompareOperators.NEQ: 1,
}


def hit(search: Search, random: Random) -> Fields | None:
    """Fields that satisfy the search's detection; None when none was found."""
    test = compile_detection(search.condition)
    for _ in range(TRIES):
        fields: Fields = {}
        _satisfy(search.condition, fields, random)
        if test(fields):
            return fields
    return None


def near_misses(fields: Fields, random: Random) -> Iterator[Fields]:
    """Small changes of each field in turn: absent, empty, other case, one character or one more."""
    for name, value in fields.items():
        for other in _near(value, random):
            changed = {**fields, name: other}
            yield {key: kept for key, kept in changed.items() if kept is not None}


def _near(value: Value, random: Random) -> Iterator[Value]:
    yield None
    yield ""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield value + 1
        yield value - 1
        return
    yield value.swapcase()
    yield f"x{value}"
    yield f"{value}x"
    if value:
        place = random.randrange(len(value))
        yield value[:place] + value[place + 1 :]
        yield value[:place] + "~" + value[place + 1 :]


def _satisfy(condition: Any, fields: Fields, random: Random) -> None:
    if isinstance(condition, ConditionAND):
        for part in condition.args:
            _satisfy(part, fields, random)
    elif isinstance(condition, ConditionOR):
        _satisfy(random.choice(condition.args), fields, random)
    elif isinstance(condition, ConditionNOT):
        return  # a field that nobody sets is missing, and its test is false
    elif isinstance(condition, ConditionFieldEqualsValueExpression):
        _set(condition.field, condition.value, fields, random)
    else:
        fields[KEYWORD_FIELD] = f"a {_value(condition.value, random)} b"


def _set(field: str, value: Any, fields: Fields, random: Random) -> None:
    if isinstance(value, SigmaExpansion):
        _set(field, random.choice(value.values), fields, random)
    elif isinstance(value, SigmaNull) or (isinstance(value, SigmaExists) and not value):
        fields.pop(field, None)
    elif isinstance(value, SigmaFieldReference):
        fields.setdefault(value.field, "same")
        fields[field] = fields[value.field]
    elif isinstance(value, SigmaString) and field in fields and value.contains_special():
        # Several tests on one field (contains|all): one text that holds them all.
        fields[field] = f"{text(fields[field])} {_value(value, random)}"
    else:
        fields[field] = _value(value, random)


def _value(value: Any, random: Random) -> Value:
    if isinstance(value, SigmaString):
        made = "".join(_part(part, random) for part in value.s)
        return made.swapcase() if random.random() < 0.1 else made
    if isinstance(value, SigmaTimestampPart):
        return "2026-01-15T12:30:00Z"
    if isinstance(value, SigmaNumber):
        return value.number
    if isinstance(value, SigmaBool):
        return bool(value)
    if isinstance(value, SigmaRegularExpression):
        return _from_regex(value, random)
    if isinstance(value, SigmaCIDRExpression):
        network = ipaddress.ip_network(value.cidr)
        return str(network[random.randrange(min(network.num_addresses, 2**62))])
    if isinstance(value, SigmaCompareExpression):
        return value.number.number + _STEPS[value.op]
    return "value"  # exists


def _part(part: Any, random: Random) -> str:
    if part is SpecialChars.WILDCARD_MULTI:
        return random.choice(_FILLERS)
    return "q" if part is SpecialChars.WILDCARD_SINGLE else str(part)


def _from_regex(value: SigmaRegularExpression, random: Random) -> str:
    """A text that a regular expression matches, sampled from its parse tree."""
    flags = re.I if SigmaRegularExpressionFlag.IGNORECASE in value.flags else 0
    try:
        tree = _parser.parse(str(value.regexp), flags)
    except re.error:
        return "value"
    return "".join(_sample(node, random) for node in tree)


def _sample(node: tuple[Any, Any], random: Random) -> str:
    kind, value = str(node[0]), node[1]
    match kind:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return "b" if chr(value) == "a" else "a"
        case "ANY":
            return "x"
        case "IN":
            return _member(value, random)
        case "BRANCH":
            return "".join(_sample(part, random) for part in random.choice(value[1]))
        case "SUBPATTERN":
            return "".join(_sample(part, random) for part in value[3])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, body = value
            count = min(int(high), int(low) + random.randint(0, 2))
            return "".join(_sample(part, random) for _ in range(count) for part in body)
        case "ATOMIC_GROUP":
            return "".join(_sample(part, random) for part in value)
        case _:
            return ""  # anchors and assertions: the caller tests the whole and draws again


_CATEGORIES = {"CATEGORY_DIGIT": "7", "CATEGORY_WORD": "w", "CATEGORY_SPACE": " "}


def _member(members: Any, random: Random) -> str:
    negative = bool(members) and str(members[0][0]) == "NEGATE"
    choices = []
    for kind, value in members:
        match str(kind):
            case "LITERAL":
                choices.append(chr(value))
            case "RANGE":
                choices.append(chr(random.randint(*value)))
            case "CATEGORY":
                choices.append(_CATEGORIES.get(str(value), "-"))
    if not negative:
        return random.choice(choices or ["a"])
    inside = re.compile("[" + "".join(map(re.escape, choices)) + "]") if choices else None
    outside = [char for char in " -az09AZ.\\/" if not (inside and inside.match(char))]
    return random.choice(outside or ["\u00b7"])
