"""What of a search stands outside quotes, and how deep in parentheses: enough of SPL's lexical
rules to put tests together, and to break lines where a blank is a blank."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# A string or a field in quotes, a macro, a parenthesis, a blank, or any other characters.
_TOKEN = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|`[^`]*`|[^\s"'`()])+|[()]|\s""", re.DOTALL)


def tokens(text: str) -> Iterator[tuple[str, int]]:
    """Each piece of a text and how many parentheses are open around it."""
    depth = 0
    for token in _TOKEN.findall(text):
        depth -= token == ")"
        yield token, depth
        depth += token == "("


def operators(text: str) -> set[str]:
    """Which of ``AND`` and ``OR`` join a test's parts, outside of parentheses."""
    return {token for token, depth in tokens(text) if not depth and token in ("AND", "OR")}


def conjunction(tests: Iterable[str]) -> str:
    """Tests that must all hold, those with ``OR`` in parentheses (``where`` ranks AND first)."""
    kept = [test for test in tests if test]
    if len(kept) < 2:
        return "".join(kept)
    return " AND ".join(f"({test})" if "OR" in operators(test) else test for test in kept)


def disjunction(tests: Iterable[str]) -> str:
    """Tests of which one must hold, those with ``AND`` in parentheses: it says what the ranks of
    ``search`` and ``where``, which differ, would leave to the reader."""
    kept = list(tests)
    if len(kept) < 2:
        return "".join(kept)
    return " OR ".join(f"({test})" if "AND" in operators(test) else test for test in kept)


def negation(test: str) -> str:
    """``NOT`` before a test: in parentheses unless it is one call, or in some already."""
    return f"NOT {test}" if _is_enclosed(test) else f"NOT ({test})"


def _is_enclosed(test: str) -> bool:
    """Whether the first parenthesis, behind at most a function's name, is closed at the end."""
    listed = list(tokens(test))
    opened = next((place for place, (token, _) in enumerate(listed) if token == "("), None)
    if opened is None or opened > 1 or (opened and not listed[0][0].isidentifier()):
        return False
    closing = (place for place, (token, depth) in enumerate(listed) if (token, depth) == (")", 0))
    return next(closing, None) == len(listed) - 1
