"""Elasticsearch's patterns as Python's, so that an engine in Python can match them.

Written from the grammar of Lucene's ``RegExp`` and Elasticsearch's "Regular expression syntax",
apart from the translation to it: a pattern that uses more of Lucene than this knows is an error,
never a guess. Case folds as in Lucene: ASCII letters only, and no range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_OPERATORS = frozenset('#@&<>~"')
_QUANTIFIER = re.compile(r"[?*+]|\{\d+(,\d*)?\}")
_NAMED = frozenset("dDwWsS")


@lru_cache(maxsize=1024)
def to_python(pattern: str, fold: bool) -> re.Pattern[str]:
    """A Lucene regular expression; matched with ``fullmatch``.

    Raises:
        ValueError: for an operator that this does not know, or a malformed pattern.
    """
    try:
        return re.compile("".join(_tokens(pattern, fold)), re.DOTALL)
    except re.error as error:
        raise ValueError(f"malformed Lucene pattern {pattern!r}: {error}") from error


@lru_cache(maxsize=1024)
def wildcard_to_python(pattern: str, fold: bool, escapes: bool = False) -> re.Pattern[str]:
    """A wildcard pattern with ``*`` and ``?``; ``escapes``: a backslash quotes, as in Query DSL."""
    out = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if escapes and char == "\\" and at + 1 < len(pattern):
            at += 1
            out.append(_letter(pattern[at], fold))
        else:
            out.append({"*": ".*", "?": "."}.get(char) or _letter(char, fold))
        at += 1
    return re.compile("".join(out), re.DOTALL)


def _tokens(pattern: str, fold: bool) -> Iterator[str]:
    at = 0
    quantified = True  # nothing stands before the first character
    while at < len(pattern):
        char = pattern[at]
        quantifier = _QUANTIFIER.match(pattern, at)
        if quantifier:
            if quantified:
                raise ValueError(f"quantifier without an operand at {at} in {pattern!r}")
            yield quantifier.group()
            at, quantified = quantifier.end(), True
            continue
        quantified = char in "(|"
        if char == "\\":
            yield _escaped(pattern, at, fold)
            at += 2
        elif char == "[":
            text, at = _charset(pattern, at + 1, fold)
            yield text
        elif char in _OPERATORS or char in "{}]":
            raise ValueError(f"operator {char} at {at} in {pattern!r} is not modelled")
        elif char in "().|":
            yield {"(": "(?:"}.get(char, char)
            at += 1
        else:
            yield _letter(char, fold)
            at += 1


def _charset(pattern: str, at: int, fold: bool) -> tuple[str, int]:
    """The class whose ``[`` stands before ``at``, and where it ends."""
    negated = pattern.startswith("^", at)
    at += negated
    parts = []
    while at < len(pattern) and pattern[at] != "]":
        first, at = _class_char(pattern, at)
        if pattern.startswith("-", at) and first != "\\":
            last, at = _class_char(pattern, at + 1)
            parts.append(f"{re.escape(first)}-{re.escape(last)}")
        else:
            parts += [re.escape(char) for char in _cases(first, fold)]
    if at >= len(pattern) or not parts:
        raise ValueError(f"unfinished or empty class in {pattern!r}")
    return f"[{'^' if negated else ''}{''.join(parts)}]", at + 1


def _class_char(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] != "\\":
        return pattern[at], at + 1
    _escaped(pattern, at, False)
    return pattern[at + 1], at + 2


def _escaped(pattern: str, at: int, fold: bool) -> str:
    if at + 1 >= len(pattern):
        raise ValueError(f"backslash at the end of {pattern!r}")
    char = pattern[at + 1]
    if char.isascii() and char.isalpha():
        kind = "class" if char in _NAMED else "escape"
        raise ValueError(f"{kind} \\{char} in {pattern!r} is not modelled")
    return _letter(char, fold)


def _letter(char: str, fold: bool) -> str:
    cases = _cases(char, fold)
    return re.escape(char) if len(cases) == 1 else f"[{cases}]"


def _cases(char: str, fold: bool) -> str:
    return char.lower() + char.upper() if fold and char.isascii() and char.isalpha() else char
