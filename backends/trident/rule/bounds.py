"""How large a rule may be, computed before the work: what a condition stands for once its patterns
are written out, and what a correlation holds once its references are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from math import comb
from typing import Any, TypeVar

from trident.base.diagnostics import Span, TridentError
from trident.rule.depth import MAX_DEPTH

MAX_TESTS = 20_000
"""Tests of a condition, each as often as the condition names its part. The largest of SigmaHQ's
3,141 rules of November 2026 has 4,432."""

MAX_TIMES = 3
"""How many tests a written value may stand for where there are more: a long list is no bomb."""

MAX_STEPS = 50_000_000
"""Steps in which pySigma's expression of a pattern (``1 of sel*``) may go through a rule's names:
the ways to share the letters of a name among the wildcards."""

MAX_RULES = 1_500
"""Rules that a correlation holds at all depths, each as often as it is referred to."""

_CODE = "TRI118"
_NO_PARTS = ("condition", "timeframe", "rules")
_TOKEN = re.compile(r"(?:\b(?:1|any|all)\s+of\s+)?[\w*-]+")
_VARIANTS: Mapping[str, int] = {"base64offset": 3, "windash": 5}
"""The values that a modifier makes of one: three offsets ("Sigma Modifiers", base64offset); five
dashes (windash) at each place that has one, of which pySigma takes three."""
_MOST_DASHES = 3

Node = TypeVar("Node")


def check_tests(detection: Any, place: Callable[[], Span]) -> None:
    """Reject a detection (or a filter's) whose conditions hold too many tests.

    Raises:
        TridentError: TRI118 at ``place``.
    """
    if not isinstance(detection, Mapping):
        return
    sizes = {str(name): _tests(part) for name, part in detection.items() if name not in _NO_PARTS}
    conditions = detection.get("condition")
    listed = conditions if isinstance(conditions, list) else [conditions]
    written = [each for each in listed if isinstance(each, str)]
    if sum(map(partial(_steps, sizes), written)) > MAX_STEPS:
        message = "the condition has too many wildcards in its patterns of names"
        raise TridentError(_CODE, message, span=place())
    number = sum(_named(each, sizes) for each in written)
    if number <= MAX_TESTS:
        return
    values = sum(_written(part) for name, part in detection.items() if name not in _NO_PARTS)
    most = max(MAX_TESTS, MAX_TIMES * values)
    if number > most:
        raise TridentError(
            _CODE,
            f"the condition stands for {number} tests; Trident takes {most} at most",
            span=place(),
        )


def check_nesting(
    top: Node, below: Callable[[Node], Iterable[Node]], place: Callable[[], Span]
) -> None:
    """Reject a correlation that stands on too many levels of others, or holds too many rules;
    ``below`` are the rules that one refers to.

    Raises:
        TridentError: TRI007 or TRI118 at ``place``.
    """
    known: dict[int, tuple[int, int]] = {}
    waiting = [(top, False)]
    while waiting:
        rule, ready = waiting.pop()
        if not ready:
            if id(rule) in known:
                continue
            known[id(rule)] = 0, 0  # a way that leads back here ends
            waiting.append((rule, True))
            waiting += [(each, False) for each in below(rule)]
            continue
        parts = [known[id(each)] for each in below(rule)]
        levels = 1 + max((level for level, _ in parts), default=0)
        rules = 1 + sum(count for _, count in parts)
        known[id(rule)] = levels, rules
        if levels > MAX_DEPTH:
            message = f"the correlation stands on more than {MAX_DEPTH} levels of others"
            raise TridentError("TRI007", message, span=place())
        if rules > MAX_RULES:
            message = f"the correlation holds more than {MAX_RULES} rules at all levels"
            raise TridentError(_CODE, message, span=place())


def _steps(sizes: Mapping[str, int], condition: str) -> int:
    """Steps of comparing the patterns of a condition with the names of its parts."""
    wildcards = [min(token.count("*"), 1_000) for token in _TOKEN.findall(condition)]
    longest = min(max(map(len, sizes), default=0), 1_000)
    return sum(len(sizes) * comb(longest + each, each) for each in wildcards if each)


def _named(condition: str, sizes: Mapping[str, int]) -> int:
    """The tests of the parts that a condition names, each as often as it does."""
    by_token: dict[str, int] = {}
    number = 0
    for token in _TOKEN.findall(condition):
        if token not in by_token:
            by_token[token] = _of(token, sizes)
        number += by_token[token]
    return number


def _of(token: str, sizes: Mapping[str, int]) -> int:
    pattern = token.split()[-1]
    if pattern == "them":
        return sum(sizes.values())
    if "*" in pattern:  # fnmatch's expressions do not go back and forth
        return sum(size for name, size in sizes.items() if fnmatchcase(name, pattern))
    return sizes.get(pattern, 0)


def _tests(part: Any, variants: int = 1) -> int:
    """The tests that a part of a detection holds, modifiers' variants included."""
    if isinstance(part, list):
        return sum(_tests(each, variants) for each in part)
    if isinstance(part, Mapping):
        return sum(_tests(values, _variants(str(key), values)) for key, values in part.items())
    return variants


def _written(part: Any) -> int:
    """The values that a part of a detection has."""
    if isinstance(part, Mapping):
        return sum(map(_written, part.values()))
    return sum(map(_written, part)) if isinstance(part, list) else 1


def _variants(key: str, values: Any) -> int:
    _, *modifiers = key.split("|")
    number = 1
    for modifier in modifiers:
        number = min(number * _VARIANTS.get(modifier, 1), MAX_TESTS)
    if "windash" in modifiers:
        listed = values if isinstance(values, list) else [values]
        dashes = max((str(each).count("-") + str(each).count("/") for each in listed), default=0)
        number *= _VARIANTS["windash"] ** (min(dashes, _MOST_DASHES) - 1) if dashes else 1
    return number
