"""The patterns of a list as one regular expression: what they share at the ends is written once.

``C:/a[.]exe|C:/b[.]exe`` is ``C:/(a|b)[.]exe``, since concatenation distributes over alternation.
Words are never cut, so that each stays as the rule has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

Pattern = tuple[str, ...]
"""A regular expression as its pieces: anchors, wildcards, and characters, escaped as needed."""

_DEEPEST = 4
"""Parentheses inside each other: more would be hard to read."""


def alternation(patterns: Iterable[Pattern]) -> str:
    """A regular expression that matches what one of the patterns matches."""
    return "|".join(_branches(list(dict.fromkeys(patterns)), _DEEPEST))


def _branches(patterns: Sequence[Pattern], depth: int) -> list[str]:
    """Alternatives that say the patterns, in the order of the first that each of them says."""
    if len(patterns) < 2 or not depth:
        return ["".join(pattern) for pattern in patterns]
    groupings = [_groups(patterns, end) for end in (_first_word, _last_word)]
    best = max(groupings, key=lambda groups: sum(max(0, _saved(group)) for group in groups))
    return [branch for group in best for branch in _factored(group, depth)]


def _factored(group: Sequence[Pattern], depth: int) -> list[str]:
    if _saved(group) <= 0:
        return ["".join(pattern) for pattern in group]
    head, tail = _common(group)
    inner = [pattern[len(head) : len(pattern) - len(tail)] for pattern in group]
    branches = "|".join(_branches(inner, depth - 1))
    return [f"{''.join(head)}({branches}){''.join(tail)}"]


def _groups(patterns: Sequence[Pattern], end: Callable[[Pattern], Pattern]) -> list[list[Pattern]]:
    groups: dict[Pattern, list[Pattern]] = {}
    for pattern in patterns:
        groups.setdefault(end(pattern), []).append(pattern)
    return list(groups.values())


def _first_word(pattern: Pattern) -> Pattern:
    """A pattern up to its first piece that is no letter or digit."""
    stop = next((place for place, piece in enumerate(pattern) if _parts(piece)), len(pattern))
    return pattern[: stop + 1]


def _last_word(pattern: Pattern) -> Pattern:
    return _first_word(pattern[::-1])


def _saved(group: Sequence[Pattern]) -> int:
    """How many characters of a string literal, which doubles backslashes, factoring saves."""
    if len(group) < 2:
        return 0
    shared = "".join(piece for end in _common(group) for piece in end)
    return (len(group) - 1) * (len(shared) + shared.count("\\")) - len("()")


def _common(group: Sequence[Pattern]) -> tuple[Pattern, Pattern]:
    """What all patterns begin and end with, up to a word's edge; something is left of each."""
    shortest = min(map(len, group)) - 1
    head = _shared(group, shortest)
    tail = _shared([pattern[::-1] for pattern in group], shortest - len(head))[::-1]
    return head, tail


def _shared(group: Sequence[Pattern], longest: int) -> Pattern:
    first, last = min(group), max(group)  # what these two begin with, all between begin with
    edge = 0
    for place in range(longest):
        if first[place] != last[place]:
            break
        if _parts(first[place]):
            edge = place + 1
    return first[:edge]


@lru_cache(maxsize=1024)
def _parts(piece: str) -> bool:
    """Whether a piece stands between words."""
    return piece.isascii() and not piece.isalnum() and piece != "_"
