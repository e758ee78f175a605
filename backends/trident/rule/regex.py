"""Sigma regular expressions with one meaning for every engine, in time that is linear in the text.

RE2's reading (https://github.com/google/re2/wiki/Syntax), which is also what PCRE does by default;
what RE2 cannot read (look-around, back references), Sigma's specification does not support either.
pySigma 2 reads expressions with RE2 itself, pySigma 1 with Python's engine, which ``(a+)+$`` keeps
busy for years. Python differs where texts are not plain ASCII lines: ``$`` also matches before a
last newline, and ``\\w \\d \\s \\b`` know all of Unicode.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
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
_INNER = re.compile(r"(?<!\\)\[")
_TOKEN_RE2 = re.compile(_TOKEN.pattern + r"|\{,(?=[0-9]+\})", re.DOTALL)
# RE2 finds \B between the bytes of one character, so Python's engine runs what has one: with few
# repetitions, none of a group, which take it no more than the square of the text's length or so.
_REPEATED = re.compile(r"[*+]|\{[0-9]*,\}")
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_MOST_REPEATED = 2


class Regex(Protocol):
    """What searches a text."""

    def search(self, text: str, /) -> object | None:
        """Something where the expression matches anywhere in ``text``, else None."""


@dataclass(frozen=True, slots=True)
class _Linear:
    """RE2's pattern."""

    pattern: Any

    def search(self, text: str, /) -> object | None:
        """See ``Regex.search``. RE2 takes no half of a character, for which another one stands."""
        try:
            match: object | None = self.pattern.search(text)
        except UnicodeEncodeError:
            whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            match = self.pattern.search(whole)
        return match


@cache
def re2() -> Any:
    """The google-re2 package and its options."""
    module = import_module("re2")
    options = module.Options()
    options.log_errors = False
    return module, options


def compile_regex(value: SigmaRegularExpression) -> Regex:
    """The compiled pattern of a ``|re`` value, for an unanchored ``search``.

    Raises:
        ValueError: for a pattern that RE2 does not accept, or whose time nobody bounds.
    """
    return _compiled(str(value.regexp), frozenset(value.flags))


@lru_cache(maxsize=4096)
def _compiled(regexp: str, flags: frozenset[SigmaRegularExpressionFlag]) -> Regex:
    plain = _TOKEN.sub(lambda token: token[0] if token[0] == r"\B" else "x", regexp)
    if r"\B" in plain:
        if _REPEATED_GROUP.search(plain) or len(_REPEATED.findall(plain)) > _MOST_REPEATED:
            raise ValueError(r"the time of \B beside such repetitions has no bound")
        try:
            return _for_python(regexp, flags)
        except re.error as error:
            raise ValueError(str(error)) from error
    module, options = re2()
    try:
        return _Linear(module.compile(_for_re2(regexp, flags), options))
    except (module.error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from error


def _for_re2(regexp: str, flags: Collection[SigmaRegularExpressionFlag]) -> str:
    letters = "".join(sorted(_RE2_FLAGS[flag] for flag in flags))
    lines = SigmaRegularExpressionFlag.MULTILINE in flags

    def reading(match: re.Match[str]) -> str:
        token = match[0]
        if token == "$":
            return "$" if lines else r"\z"
        if token.startswith("["):
            # A class of POSIX within is a plain set here, as it is for Python.
            return "[" + _INNER.sub(r"\\[", token[1:]).replace(r"\s", _SPACE)
        return "{0," if token == "{," else _OUTSIDE_RE2.get(token, token)

    pattern = _TOKEN_RE2.sub(reading, regexp)
    return f"(?{letters}){pattern}" if letters else pattern


def _for_python(regexp: str, flags: Collection[SigmaRegularExpressionFlag]) -> re.Pattern[str]:
    python = 0
    for flag in flags:
        python |= SigmaRegularExpression.sigma_to_python_flags[flag]
    lines = SigmaRegularExpressionFlag.MULTILINE in flags

    def reading(match: re.Match[str]) -> str:
        token = match[0]
        if token == "$":
            return "$" if lines else r"\Z"
        if token in _OUTSIDE:
            return _OUTSIDE[token]
        if token.startswith("["):
            return re.sub(r"\\.", lambda escape: _INSIDE.get(escape[0], escape[0]), token)
        return token

    return re.compile(_TOKEN.sub(reading, regexp), python)
