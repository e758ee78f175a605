"""Regular expressions as Splunk reads them: PCRE, through the PCRE2 library itself."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pcre2

from trident.engines.spl.errors import SplSyntaxError

_ESCAPE = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\x\{(?P<code>[0-9A-Fa-f]+)\}|\\x(?P<hex>[0-9A-Fa-f]{0,2})|\\(?P<no>[uUlL])|\\.",
    re.DOTALL,
)


def _plain(pattern: str) -> str:
    r"""``pattern`` for pcre2.py, which always sets PCRE2_ALT_BSUX: with it ``\x{41}`` is no "A",
    and ``\u``, ``\U``, which PCRE by itself rejects, are accepted.
    """

    def escape(piece: re.Match[str]) -> str:
        if piece["no"]:
            raise SplSyntaxError(f"regular expression {pattern!r}: no {piece[0]} in PCRE")
        if piece["code"] is None and piece["hex"] is None:
            return piece[0]
        code = int(piece["code"] or piece["hex"] or "0", 16)
        return f"\\u{code:04x}" if code <= 0xFFFF else chr(code)

    return _ESCAPE.sub(escape, pattern)


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    r"""A compiled pattern; ``\w`` and ``\d`` are ASCII.

    Source: Search Manual, "SPL and regular expressions": Perl Compatible Regular Expressions.
    Splunk does not document its compile options; PCRE's defaults are taken.

    Raises:
        SplSyntaxError: for a pattern that PCRE2 rejects.
    """
    try:
        # Without the just-in-time compiler, which misses matches in PCRE2 10.47:
        # (Copy-Item|cpi) .{2,9} -D does not find "cpi xx -D" with it.
        return pcre2.compile(_plain(pattern), flags=pcre2.ASCII, jit=False)
    except pcre2.error as error:
        raise SplSyntaxError(f"regular expression {pattern!r}: {error}") from None


@lru_cache(maxsize=1024)
def wildcard(text: str, cased: bool = False) -> Any:
    """A pattern for a value of the search command: ``*`` is the only wildcard, and always one.

    Source: Search Reference, "rename": a backslash cannot escape an asterisk in search strings.
    Search Manual, "Use CASE() and TERM()": searches ignore case but for CASE().
    """
    body = ".*".join(literal(part) for part in text.split("*"))
    return compile_pattern(("(?s)" if cased else "(?si)") + rf"\A{body}\z")


def literal(text: str) -> str:
    """``text`` with everything but letters and digits escaped for PCRE."""
    return "".join(char if char.isalnum() or ord(char) > 127 else rf"\{char}" for char in text)
