"""Events made from a rule's own detection: fields that satisfy it, and fields that nearly do."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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

from trident.meaning.detection import compile_detection, text
from trident.meaning.events import Value
from trident.rule.plan import Search

Fields = dict[str, Value]
Choose = Callable[[Sequence[Any]], Any]
"""Picks one of several alternatives."""

_parser: Any = import_module("re._parser")
"""The parser of re; it has no public name."""

TRIES = 40
"""How often a satisfying sample is drawn before the detection counts as too hard to satisfy."""

KEYWORD_FIELD = "CommandLine"
_KEYWORD = ""
"""Where the keywords' text stands until it has a field."""
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
        _satisfy(search.condition, fields, random, random.choice)
        fields = _moved(fields, KEYWORD_FIELD)
        if test(fields):
            return fields
    return None


def branches(
    search: Search, random: Random, keyword: str = KEYWORD_FIELD, most: int = 24
) -> Iterator[Fields]:
    """Fields for each branch of the search's detection: every alternative of every ``or`` and list
    is taken in turn, and whatever a ``not`` excludes is added to fields that satisfy the rest.

    Fields that do not satisfy the detection after all are yielded, too: they nearly do. Keywords
    are put in the field ``keyword``.
    """
    seen: Counter[int] = Counter()

    def least(parts: Sequence[Any]) -> Any:
        weights = {id(part): _alternatives(part) for part in parts}
        chosen = min(parts, key=lambda p: (seen[id(p)] / weights[id(p)], random.random()))
        seen[id(chosen)] += 1
        return chosen

    for _ in range(min(most, _alternatives(search.condition))):
        fields: Fields = {}
        _satisfy(search.condition, fields, random, least)
        yield _moved(fields, keyword)
    for excluded in list(_excluded(search.condition))[:most]:
        for _ in range(min(most, _alternatives(excluded))):
            fields = {}
            _satisfy(search.condition, fields, random, least)
            _satisfy(excluded, fields, random, least)
            yield _moved(fields, keyword)


def _moved(fields: Fields, keyword: str) -> Fields:
    """The fields with the keywords' text in the field ``keyword``, behind what stands there."""
    if _KEYWORD not in fields:
        return fields
    held = fields.pop(_KEYWORD)
    return {**fields, keyword: f"{text(fields[keyword])} {held}" if keyword in fields else held}


def _alternatives(condition: Any) -> int:
    """How many samples take every alternative once."""
    if isinstance(condition, ConditionOR):
        return sum(map(_alternatives, condition.args))
    if isinstance(condition, ConditionAND):
        return max(map(_alternatives, condition.args), default=1)
    value = getattr(condition, "value", None)
    return len(value.values) if isinstance(value, SigmaExpansion) else 1


def _excluded(condition: Any) -> Iterator[Any]:
    """What stands below each ``not``, also below one within another."""
    if isinstance(condition, ConditionNOT):
        yield condition.args[0]
    for part in getattr(condition, "args", ()):
        if not isinstance(condition, ConditionFieldEqualsValueExpression):
            yield from _excluded(part)


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


def _satisfy(condition: Any, fields: Fields, random: Random, choose: Choose) -> None:
    if isinstance(condition, ConditionAND):
        for part in condition.args:
            _satisfy(part, fields, random, choose)
    elif isinstance(condition, ConditionOR):
        _satisfy(choose(condition.args), fields, random, choose)
    elif isinstance(condition, ConditionNOT):
        return  # a field that nobody sets is missing, and its test is false
    elif isinstance(condition, ConditionFieldEqualsValueExpression):
        _set(condition.field, condition.value, fields, random, choose)
    else:
        value = condition.value
        value = choose(value.values) if isinstance(value, SigmaExpansion) else value
        fields[_KEYWORD] = f"{fields.get(_KEYWORD, 'a')} {_value(value, random)} b"


def _set(field: str, value: Any, fields: Fields, random: Random, choose: Choose) -> None:
    if isinstance(value, SigmaExpansion):
        _set(field, choose(value.values), fields, random, choose)
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
