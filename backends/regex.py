"""Sigma regular expressions with one meaning for every engine.

Python differs from RE2 and PCRE where texts are not plain ASCII lines: ``$`` also matches before
a last newline, and ``\\w \\d \\s \\b`` know all of Unicode. The reference takes RE2's reading
(https://github.com/google/re2/wiki/Syntax), which is also what PCRE does by default.
"""

from __future__ import annotations

import re

from sigma.types import SigmaRegularExpression, SigmaRegularExpressionFlag

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
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


def compile_regex(value: SigmaRegularExpression) -> re.Pattern[str]:
    """The compiled pattern of a ``|re`` value, for an unanchored ``search``.

    Raises:
        re.error: for a pattern that Python's engine does not accept.
    """
    flags = 0
    for flag in value.flags:
        flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
    lines = SigmaRegularExpressionFlag.MULTILINE in value.flags

    def reading(found: re.Match[str]) -> str:
        token = found[0]
        if token == "$":
            return "$" if lines else r"\Z"
        if token in _OUTSIDE:
            return _OUTSIDE[token]
        if token.startswith("["):
            return re.sub(r"\\.", lambda escape: _INSIDE.get(escape[0], escape[0]), token)
        return token

    return re.compile(_TOKEN.sub(reading, str(value.regexp)), flags)
