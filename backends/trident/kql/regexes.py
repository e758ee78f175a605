"""Sigma values as RE2, the regular expressions that ``matches regex`` runs."""

from __future__ import annotations

import re

from sigma.types import (
    SigmaCasedString,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SpecialChars,
)

from trident.base.diagnostics import Refusal
from trident.rule.regex import compile_regex

_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
# RE2, which `matches regex` runs, has neither look-around nor back-references:
# https://learn.microsoft.com/kusto/query/regex
_NOT_RE2 = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?(?:<?[=!]|>|P=|\()|\\[1-9])|[*+?}]\+")
# A class inside a class: RE2's own reading, where the reference has the characters as written.
_POSIX_CLASS = re.compile(r"\[:\^?\w+:\]")


def re2(value: SigmaRegularExpression) -> str:
    """A Sigma regular expression as RE2 text with its flags in front.

    Raises:
        Refusal: TRI303 for what RE2 does not have.
    """
    pattern = str(value.regexp)
    if _NOT_RE2.search(pattern):
        raise Refusal("TRI303", f"RE2 has no look-around or back-references: {pattern!r}")
    if _POSIX_CLASS.search(pattern):
        raise Refusal("TRI303", f"RE2 reads a class such as [:alpha:] in its own way: {pattern!r}")
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    return f"(?{flags}){pattern}" if flags else pattern


def anchored(value: SigmaString) -> str:
    """A value with wildcards inside as a whole-value regex; ``.`` takes newlines too."""
    flags = "s" if isinstance(value, SigmaCasedString) else "is"
    return rf"(?{flags})\A{_wildcards(value)}\z"


def keyword(value: SigmaString) -> str:
    """A keyword with wildcards as a regex that finds it anywhere."""
    flags = "s" if isinstance(value, SigmaCasedString) else "is"
    return f"(?{flags}){_wildcards(value)}"


def _wildcards(value: SigmaString) -> str:
    special = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    return "".join(
        special[part] if isinstance(part, SpecialChars) else _escape(str(part)) for part in value.s
    )


def _escape(plain: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", plain)


def may_match_empty(value: SigmaRegularExpression) -> bool:
    """Whether the expression matches an empty text, which is a missing value."""
    return compile_regex(value).search("") is not None
