"""How deep conditions may nest: what walks them calls itself for each level."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from trident.base.diagnostics import Span, TridentError

MAX_DEPTH = 100
"""Levels of a condition, and of groups in a regular expression."""

_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]", re.DOTALL)
"""A group's ends in a regular expression, and what can hold a parenthesis that is none."""


def check_depth(condition: object, nested: type[Any], place: Callable[[], Span]) -> None:
    """Reject a condition tree of too many levels; its nodes of type ``nested`` have ``args``.

    Raises:
        TridentError: TRI007 at ``place``.
    """
    level, depth = [condition], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise too_deep("the condition", place())
        level = [part for each in level if isinstance(each, nested) for part in each.args]


def check_groups(pattern: str, place: Callable[[], Span]) -> None:
    """The same for the groups of a regular expression."""
    if pattern.count("(") <= MAX_DEPTH:
        return
    depth = 0
    for token in _GROUP.findall(pattern):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth > MAX_DEPTH:
            raise too_deep("a regular expression", place())


def too_deep(what: str, place: Span) -> TridentError:
    """The error for something of too many levels."""
    return TridentError("TRI007", f"{what} has more than {MAX_DEPTH} levels", span=place)
