"""Regular expressions for ``match()``: Sigma values as PCRE, and a rule's own expressions.

``match(text, regex)`` searches anywhere in the text (Search Reference, *Comparison and
conditional functions*); Splunk's regular expressions are PCRE (*About Splunk regular
expressions*). The texts made here hold no quote, back-tick or control character, so that they
stand in a string literal with nothing but backslashes doubled.
"""

from __future__ import annotations

import re

from sigma.types import (
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SpecialChars,
)

from backends.diagnostics import Refusal

# PCRE compiles no pattern above 64 KiB (pcrelimits, link size 2); bytes, with room for anchors.
LONGEST = 60_000

_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_WILDCARDS = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
# A character class needs no backslash, which each layer of quoting would double.
_IN_CLASS = frozenset(".*+?()[{|$")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\(\?[aiLmsux-]+[:)]|.", re.DOTALL)
# Python's spellings that PCRE reads otherwise or not at all.
_FOREIGN = re.compile(r"\\[uUN]|\[:\^?\w+:\]|(?<!\\)\{,[0-9]+\}")
_DEPENDS_ON_UNICODE = re.compile(r"\\[wWdDsSbB]")


def pattern(value: SigmaString) -> str:
    """A Sigma string as a regex: anchored unless it starts or ends with ``*``."""
    inner = list(value.s)
    start = end = False
    while inner and inner[0] is SpecialChars.WILDCARD_MULTI:
        start = bool(inner.pop(0))
    while inner and inner[-1] is SpecialChars.WILDCARD_MULTI:
        end = bool(inner.pop())
    body = "".join(
        _WILDCARDS[part] if isinstance(part, SpecialChars) else escape(str(part)) for part in inner
    )
    return ("" if start else "^") + body + ("" if end else r"\z")


def escape(text: str) -> str:
    """Text as a regex that matches it and nothing else."""
    return "".join(map(_escaped, text))


def checked(text: str) -> str:
    """``text`` when PCRE can compile a pattern of its length.

    Raises:
        Refusal: TRI303 above 64 KiB.
    """
    if len(text.encode()) > LONGEST:
        raise Refusal("TRI303", f"PCRE takes no pattern of {len(text.encode())} bytes")
    return text


def pcre(value: SigmaRegularExpression) -> str:
    """A rule's own regular expression, its flags in front.

    Raises:
        Refusal: TRI303 for a spelling that PCRE does not read as Python does, or a pattern too
            long.
    """
    source = str(value.regexp)
    if foreign := _FOREIGN.search(source.replace("\\\\", "")):
        raise Refusal("TRI303", f"PCRE reads {foreign[0]!r} otherwise: {source!r}")
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    body = "".join(_translated(token[0], source) for token in _TOKEN.finditer(source))
    return checked(f"(?{flags}){body}" if flags else body)


def may_match_empty(value: SigmaRegularExpression) -> bool:
    """Whether the expression could match the empty string, which stands for a missing value."""
    flags = 0
    for flag in value.flags:
        flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
    try:
        return re.compile(str(value.regexp), flags).search("") is not None
    except re.error:
        return True


def beyond_ascii(text: str) -> bool:
    """Whether a match may differ with the library's idea of characters beyond ASCII."""
    return not text.isascii() or _DEPENDS_ON_UNICODE.search(text) is not None


def _escaped(char: str) -> str:
    if char in _IN_CLASS:
        return f"[{char}]"
    if char in "\\^":
        return "\\" + char
    return _safe(char)


def _safe(char: str) -> str:
    """Quotes, back-ticks and control characters by number."""
    return f"\\x{ord(char):02x}" if ord(char) < 32 or char in '"`\x7f' else char


def _translated(token: str, source: str) -> str:
    if token == r"\Z":  # Python's end of text; PCRE's \Z stops before a last line break
        return r"\z"
    if token.startswith("(?") and set(token) & set("aLux"):
        # x as well: a line break, which no literal holds, would end its comments.
        raise Refusal("TRI303", f"flags {token!r} cannot be said here: {source!r}")
    if len(token) == 2 and token[0] == "\\":
        return _safe(token[1]) if _safe(token[1]) != token[1] else token
    return "".join(map(_safe, token))
