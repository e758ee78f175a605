"""What a text must hold for a value or a regular expression to match it: words to search for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

# The parser of re has no public name, and type checkers differ on whether they know it.
ops: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

Words = tuple[str, ...]
"""Alternatives: at least one of them stands in every text that matches, in any case."""

# Characters that keep their place in every form a record is stored in: JSON escapes others, and
# the segmenter splits at others (Search Manual, *Event segmentation and searching*). The start of
# a long word will do.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]")


# Of these a whole value may be made: no wildcard of search, no escape of search or of JSON, and
# no / behind an address, which search reads as a network (Search Reference, *search*).
_WHOLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:@-]{0,254}[A-Za-z0-9]|[A-Za-z0-9]")

# What is shorter narrows nothing: it stands in nearly every command line and path.
_SHORTEST = 4

_BEGINNING = re.compile(rf"[A-Za-z0-9]{{{_SHORTEST},63}}")


def anchored_term(parts: Sequence[object]) -> str | None:
    """What a field is compared with in ``search`` so that the index can answer: a whole value, or
    the first letters and digits of one and ``*``; None where the value begins with a wildcard or
    otherwise than with such characters."""
    first = parts[0] if parts else None
    if not isinstance(first, str):
        return None
    if len(parts) == 1 and _WHOLE.fullmatch(first):
        return first
    beginning = _BEGINNING.match(first)
    return f"{beginning[0]}*" if beginning else None


def word_term(parts: Sequence[object]) -> str | None:
    """The longest word of a value between wildcards, without one behind it where the value ends
    with it; None when there is no word, or a short one that is not the whole text."""
    words = words_of_text(parts)
    if words is None:
        return None
    if not _is_worth_it(words) and words != tuple(each for each in parts if isinstance(each, str)):
        return None
    ends = isinstance(parts[-1], str) and parts[-1].endswith(words)
    return f"*{words[0]}" if ends else f"*{words[0]}*"


# What the index splits a record at (segmenters.conf, MAJOR and MINOR: Search Manual, *Event
# segmentation and searching*,
# https://help.splunk.com/splunk-enterprise/search/search-manual/10.0/search-primer/event-segmentation-and-searching).
# Without %, which begins breakers of several characters (%20).
_BREAKER = r"[\]\[<>(){}|!;,'\"\s&?+/:=@.\-$#\\_]"
_PHRASE = re.compile(rf"(?<={_BREAKER})[A-Za-z0-9]+(?: [A-Za-z0-9]+)*(?={_BREAKER})")
_LAST = re.compile(rf"(?<={_BREAKER})[A-Za-z0-9]+\Z")


def raw_term(parts: Iterable[object]) -> str | None:
    """A term that the index answers for a part of ``_raw``: words that breakers in the value bound,
    in quotes where they are several, or its last word as a beginning (Search Manual, *Search
    command primer*, Keywords and phrases). None where no breaker stands before one: what precedes
    the value in a record may then belong to its first word."""
    literal = [part for part in parts if isinstance(part, str)]
    whole = [each for text in literal for each in _PHRASE.findall(text)]
    begun = [f"{each}*" for text in literal for each in _LAST.findall(text)]
    longest = max(whole + begun, key=lambda term: len(term.strip("*")), default="")
    if len(longest.strip("*")) < _SHORTEST:
        return None
    return f'"{longest}"' if " " in longest else longest


def words_of_text(parts: Iterable[object]) -> Words | None:
    """The longest word of a value's literal parts; None when there is none."""
    words = [word for part in parts if isinstance(part, str) for word in _WORD.findall(part)]
    return (max(words, key=len),) if words else None


def words_of_regex(pattern: str) -> Words | None:
    """Words of which one stands in every match of a regular expression; None when unknown, or
    when one of them is short."""
    try:
        words = _sequence(parser.parse(pattern))
    except (re.error, RecursionError):
        return None
    return words if words and _is_worth_it(words) else None


def _sequence(items: Sequence[tuple[Any, Any]]) -> Words | None:
    candidates: list[Words] = []
    run = ""
    for op, value in [*items, (None, None)]:
        if op is ops.LITERAL:
            run += chr(value)
            continue
        literal = words_of_text([run])
        run = ""
        candidates.extend(words for words in (literal, _item(op, value)) if words)
    return max(candidates, key=_worth) if candidates else None


def _item(op: object, value: Any) -> Words | None:
    if op is ops.SUBPATTERN:
        return _sequence(value[-1])
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT) and value[0] > 0:
        return _sequence(value[2])
    if op is ops.ATOMIC_GROUP:
        return _sequence(value)
    if op is ops.BRANCH:
        branches = [_sequence(branch) for branch in value[1]]
        word_lists = [words for words in branches if words is not None]
        if len(word_lists) < len(branches):
            return None
        return tuple(dict.fromkeys(word for words in word_lists for word in words))
    return None


def _is_worth_it(words: Words) -> bool:
    return min(map(len, words)) >= _SHORTEST


def _worth(words: Words) -> tuple[int, int]:
    """The longer the shortest word and the fewer the words, the narrower the search."""
    return min(map(len, words)), -len(words)
