r"""A percent sign that begins no placeholder: ``\%`` in a value with ``|expand``.

"A plain percent character can be used by escaping it with a backslash" (Sigma Rules Specification
2.1.0, Placeholders: ``\%plain%name%`` is ``%plain`` and the placeholder ``name``). pySigma 2 takes
that backslash for a character of the value and reads the placeholder ``plain``, and pySigma 1 no
placeholder behind ``\\``, which is a plain backslash; so both are given characters that no text
holds, which become the sign and the backslash again in what they have parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sigma.modifiers import SigmaExpandModifier
from sigma.rule import SigmaDetection, SigmaDetectionItem
from sigma.types import SigmaExpansion, SigmaRegularExpression, SigmaString

from trident.base.diagnostics import TridentError

_SIGN, _BACKSLASH = "\ufdd0", "\ufdd1"
"""Noncharacters, "intended for process-internal uses" (The Unicode Standard, 23.7)."""

_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\%")
_BACKSLASHES = re.compile(r"(?:\\\\)+(?=%[^%\\]+%)")
_PLACEHOLDER = re.compile(r"%[^%\\]+%")
_EXPAND = "expand"
_ENCODINGS = frozenset({"base64", "base64offset", "wide", "utf16", "utf16le", "utf16be"})


def hidden(detection: Any) -> Any:
    r"""A detection for pySigma: each ``\%`` of a value with ``|expand`` replaced, and the plain
    backslashes before a placeholder.

    Raises:
        TridentError: TRI109 for a percent sign too many in a value, TRI101 beside an encoding.
    """
    if isinstance(detection, list):
        return [hidden(item) for item in detection]
    if not isinstance(detection, Mapping):
        return detection
    return {
        key: _without(str(key).split("|")[1:], item) if _expands(key) else hidden(item)
        for key, item in detection.items()
    }


def shown(parts: Iterable[SigmaDetection | SigmaDetectionItem]) -> None:
    """Put the percent signs back into what pySigma has parsed, in place."""
    for part in parts:
        if isinstance(part, SigmaDetection):
            shown(part.detection_items)
        elif SigmaExpandModifier in part.modifiers:
            part.value = [_with_signs(value) for value in part.value]


def _expands(key: object) -> bool:
    return isinstance(key, str) and _EXPAND in key.split("|")[1:]


def _without(modifiers: list[str], value: Any) -> Any:
    if isinstance(value, list):
        return [_without(modifiers, each) for each in value]
    if not isinstance(value, str):
        return value
    signs, backslashes = _ESCAPED.search(value), _BACKSLASHES.search(value)
    if not signs and not backslashes:
        return value
    if not _ENCODINGS.isdisjoint(modifiers):
        what = r"\%" if signs else "a backslash before a placeholder"
        raise TridentError("TRI101", f"{what} in {value!r} cannot be encoded together with expand")
    kept = _ESCAPED.sub(lambda match: match[1] + _SIGN, value)
    kept = _BACKSLASHES.sub(lambda match: _BACKSLASH * (len(match[0]) // 2), kept)
    if signs and "%" in _PLACEHOLDER.sub("", kept):
        raise TridentError(
            "TRI109",
            rf"a percent sign of {value!r} has no partner: \% is a plain one",
            hint=r"write two backslashes for one that stands before a placeholder",
        )
    return kept


def _with_signs(value: Any, backslash: str = "\\") -> Any:
    if isinstance(value, SigmaExpansion):
        return SigmaExpansion([_with_signs(each) for each in value.values])
    if isinstance(value, SigmaString):
        value.s = type(value.s)(
            part.replace(_SIGN, "%").replace(_BACKSLASH, backslash)
            if isinstance(part, str)
            else part
            for part in value.s
        )
    elif isinstance(value, SigmaRegularExpression):  # where a plain backslash stays written as two
        value.regexp = _with_signs(value.regexp, "\\" * 2)
    return value
