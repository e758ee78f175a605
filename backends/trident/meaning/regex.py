"""Sigma regular expressions with one meaning for every engine.

Python differs from RE2 and PCRE where texts are not plain ASCII lines: ``$`` also matches before
a last newline, and ``\\w \\d \\s \\b`` know all of Unicode. The reference takes RE2's reading
(https://github.com/google/re2/wiki/Syntax), which is also what PCRE does by default. Where RE2 is
installed, as it is with pySigma 2, it also runs what both can say: its time is linear in the text,
while ``(a+)+$`` keeps Python's engine busy for years.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from sigma.types import SigmaRegularExpression, SigmaRegularExpressionFlag

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
_RE2_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_WORD, _SPACE = "A-Za-z0-9_", r" \t\n\r\f\v"
_INSIDE = {r"\w": _WORD, r"\d": "0-9", r"\s": _SPACE}
_EDGE = f"(?<![{_WORD}])(?=[{_WORD}])|(?<=[{_WORD}])(?![{_WORD}])"
# Spelled out because Python's scoped ASCII flag does not reach \W: (?a:\W) finds no letter at all.
_OUTSIDE = {
    **{escape: f"[{chars}]" for escape, chars in _INSIDE.items()},
    **{escape.upper(): f"[^{chars}]" for escape, chars in _INSIDE.items()},
    r"\b": f"(?:{_EDGE})",
    r"\B": f"(?!{_EDGE})",
}


# The same for RE2, whose \w \d \b are ASCII and whose \s has no \v; {,n} is Python's {0,n}.
_OUTSIDE_RE2 = {r"\s": f"[{_SPACE}]", r"\S": f"[^{_SPACE}]"}
_TOKEN_RE2 = re.compile(_TOKEN.pattern + r"|\{,(?=[0-9]+\})", re.DOTALL)
# A class of POSIX is a plain set for Python; RE2 finds \B between the bytes of one character.
_NOT_FOR_RE2 = re.compile(r"\[:|\\B")


class Regex(Protocol):
    """What searches a text."""

    def search(self, text: str, /) -> object | None:
        """Something where the expression matches anywhere in ``text``, else None."""


@dataclass(frozen=True, slots=True)
class _Linear:
    """RE2's pattern, and Python's for a text that RE2 cannot take: one with half a character."""

    fast: Any
    exact: re.Pattern[str]

    def search(self, text: str, /) -> object | None:
        """See ``Regex.search``."""
        try:
            match: object | None = self.fast.search(text)
            return match
        except UnicodeEncodeError:
            return self.exact.search(text)


@cache
def _re2() -> Any:
    """The google-re2 package and its options; None without it."""
    if find_spec("re2") is None:
        return None
    module = import_module("re2")
    options = module.Options()
    options.log_errors = False
    return module, options


def compile_regex(value: SigmaRegularExpression) -> Regex:
    """The compiled pattern of a ``|re`` value, for an unanchored ``search``.

    Raises:
        re.error: for a pattern that Python's engine does not accept.
    """
    exact = _for_python(value)
    if _re2() is None or _NOT_FOR_RE2.search(str(value.regexp)):
        return exact
    module, options = _re2()
    try:
        return _Linear(module.compile(_for_re2(value), options), exact)
    except module.error:
        return exact


def _for_re2(value: SigmaRegularExpression) -> str:
    flags = "".join(sorted(_RE2_FLAGS[flag] for flag in value.flags))
    lines = SigmaRegularExpressionFlag.MULTILINE in value.flags

    def reading(match: re.Match[str]) -> str:
        token = match[0]
        if token == "$":
            return "$" if lines else r"\z"
        if token.startswith("["):
            return token.replace(r"\s", _SPACE)
        return "{0," if token == "{," else _OUTSIDE_RE2.get(token, token)

    pattern = _TOKEN_RE2.sub(reading, str(value.regexp))
    return f"(?{flags}){pattern}" if flags else pattern


def _for_python(value: SigmaRegularExpression) -> re.Pattern[str]:
    flags = 0
    for flag in value.flags:
        flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
    lines = SigmaRegularExpressionFlag.MULTILINE in value.flags

    def reading(match: re.Match[str]) -> str:
        token = match[0]
        if token == "$":
            return "$" if lines else r"\Z"
        if token in _OUTSIDE:
            return _OUTSIDE[token]
        if token.startswith("["):
            return re.sub(r"\\.", lambda escape: _INSIDE.get(escape[0], escape[0]), token)
        return token

    return re.compile(_TOKEN.sub(reading, str(value.regexp)), flags)
