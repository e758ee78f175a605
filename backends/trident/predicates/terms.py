"""Recognise the regular expression that spells a whole-term match (Kusto's ``has_any``).

A *term* is a maximal run of ASCII letters and digits, so ``_`` ends one and ``\\b`` is not the
same (https://learn.microsoft.com/kusto/query/datatypes-string-operators, What is a term).
"""

from __future__ import annotations

import re

from sigma.types import SigmaRegularExpression, SigmaRegularExpressionFlag

_CLASS = r"\[\^(?:A-Za-z0-9|a-zA-Z0-9|0-9A-Za-z|a-z0-9|0-9a-z)\]"
_TERMS = re.compile(
    rf"\((?:\?:)?\^\|{_CLASS}\)"
    r"(?:\((?:\?:)?(?P<many>[A-Za-z0-9]+(?:\|[A-Za-z0-9]+)*)\)|(?P<one>[A-Za-z0-9]+))"
    rf"\((?:\?:)?(?:{_CLASS}\|\$|\$\|{_CLASS})\)"
)
_BOUNDED = re.compile(
    r"\\b(?:\((?:\?:)?(?P<many>[A-Za-z0-9]+(?:\|[A-Za-z0-9]+)*)\)|(?P<one>[A-Za-z0-9]+))\\b"
)


def bounded_words(value: SigmaRegularExpression) -> tuple[str, ...] | None:
    """The words of ``\\b(a|b)\\b``: what it matches holds one of them as a term, not only that."""
    match = _BOUNDED.fullmatch(str(value.regexp))
    return tuple((match["many"] or match["one"]).split("|")) if match else None


def whole_terms(value: SigmaRegularExpression) -> tuple[str, ...] | None:
    """The terms that an insensitive term-boundary regex looks for; None when it is no such one."""
    if value.flags != {SigmaRegularExpressionFlag.IGNORECASE}:
        return None
    match = _TERMS.fullmatch(str(value.regexp))
    if match is None:
        return None
    return tuple((match["many"] or match["one"]).split("|"))
