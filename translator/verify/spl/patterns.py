"""Regular expressions as Splunk reads them: PCRE, through the PCRE2 library itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pcre2

from translator.verify.spl.errors import SplSyntaxError


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
        return pcre2.compile(pattern, flags=pcre2.ASCII, jit=False)
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
