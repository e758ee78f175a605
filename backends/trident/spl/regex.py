"""Regular expressions for ``match()``: Sigma values as PCRE, and a rule's own expressions.

``match(text, regex)`` searches anywhere in the text (Search Reference, *Comparison and
conditional functions*); Splunk's regular expressions are PCRE (*About Splunk regular
expressions*). The texts made here hold no quote, back-tick or hidden character, so that they
stand in a string literal with nothing but backslashes doubled. By number, one beyond ASCII is
``\\x{202e}``, as in Splunk's own searches (security_content, "Windows RTLO In File Name").
"""

from __future__ import annotations

import re

from sigma.types import (
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SpecialChars,
)

from trident.base.diagnostics import Refusal
from trident.base.printable import escaped
from trident.rule.regex import compile_regex
from trident.spl.alternation import Pattern

# PCRE keeps two bytes per literal character and 64 KiB per pattern (pcre2limits, link size 2).
LONGEST = 30_000

_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_WILDCARDS = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
# A character class needs no backslash, which each layer of quoting would double.
_IN_CLASS = frozenset(".*+?(){|$")
_CLASS = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_TOKEN = re.compile(rf"\\.|{_CLASS}|\(\?[aiLmsux-]+[:)]|\{{,(?=[0-9]+\}})|.", re.DOTALL)
# Spellings that PCRE reads otherwise than the reference (trident.rule.regex) or not at all.
_FOREIGN = re.compile(r"\\[uUN]|\[:\^?\w+:\]")
_TRANSLATED = {
    r"\Z": r"\z",  # PCRE's \Z stops before a last line break
    r"\v": r"\x0b",  # PCRE's \v is any line break
    "{,": "{0,",
}


def pattern(value: SigmaString) -> Pattern:
    """A Sigma string as a regex: anchored unless it starts or ends with ``*``."""
    inner = list(value.s)
    start = end = False
    while inner and inner[0] is SpecialChars.WILDCARD_MULTI:
        start = bool(inner.pop(0))
    while inner and inner[-1] is SpecialChars.WILDCARD_MULTI:
        end = bool(inner.pop())
    body: list[str] = []
    for part in inner:
        body += [_WILDCARDS[part]] if isinstance(part, SpecialChars) else map(_escaped, str(part))
    return (*(() if start else ("^",)), *body, *(() if end else (r"\z",)))


def pcre(value: SigmaRegularExpression) -> str:
    """A rule's own regular expression, its flags in front.

    Raises:
        Refusal: TRI303 for a spelling that PCRE reads otherwise, or a pattern too long.
    """
    source = str(value.regexp)
    if foreign := _FOREIGN.search(source.replace("\\\\", "")):
        raise Refusal("TRI303", f"PCRE reads {foreign[0]!r} otherwise: {source!r}")
    lines = SigmaRegularExpressionFlag.MULTILINE in value.flags
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    body = "".join(_translated(token[0], source, lines) for token in _TOKEN.finditer(source))
    if is_too_long(body):
        raise Refusal("TRI303", f"PCRE takes no pattern of {len(body)} characters")
    return f"(?{flags}){body}" if flags else body


def is_too_long(pattern: str) -> bool:
    """Whether PCRE cannot compile a pattern of this length."""
    return len(pattern.encode()) > LONGEST


def may_match_empty(value: SigmaRegularExpression) -> bool:
    """Whether the expression could match the empty string, which stands for a missing value."""
    return compile_regex(value).search("") is not None


def _escaped(char: str) -> str:
    if char in _IN_CLASS:
        return f"[{char}]"
    if char in "\\^[":
        return "\\" + char
    return _safe(char)


def _safe(char: str) -> str:
    """Quotes, back-ticks and characters that nobody sees by number."""
    if char in '"`':
        return _by_number(char)
    return char if char.isascii() and char.isprintable() else escaped(char, _by_number)


def _by_number(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 0x80 else f"\\x{{{ord(char):x}}}"


def _translated(token: str, source: str, lines: bool) -> str:
    if token.startswith("(?") and set(token) & set("aLmux"):
        # m would change what `$` is; a line break, which no literal holds, ends a comment of x.
        raise Refusal("TRI303", f"flags {token!r} cannot be said here: {source!r}")
    if token == "$":  # without m, PCRE's $ also matches before a last line break
        return "$" if lines else r"\z"
    if token.startswith("["):
        inside = re.sub(r"\\.|(?<!^)\[", _inside, token, flags=re.DOTALL)
        return "".join(map(_safe, inside))
    if len(token) == 2 and token[0] == "\\" and _safe(token[1]) != token[1]:
        return _safe(token[1])
    return _TRANSLATED.get(token) or "".join(map(_safe, token))


def _inside(match: re.Match[str]) -> str:
    """What stands in a character class: an escape, or a bracket, which could open [: or [= ."""
    token = match[0]
    if token == "[":
        return r"\["
    return _safe(token[1]) if _safe(token[1]) != token[1] else _TRANSLATED.get(token, token)
