"""A document as pySigma takes it: what the specification allows and pySigma does not read.

- A range in a correlation's condition ("Sigma Correlation Rules Specification", Condition:
  ``gt: 100`` and ``lte: 200`` together): pySigma sees the first operator, the plan reads the
  document's own (``triggers.py``).
- ``generate`` beside ``correlation``, where the specification's text and its JSON schema have it;
  pySigma looks below ``correlation``.
- Patterns of names with a hyphen (``1 of selection-*``), a character that pySigma's names may
  have and its patterns may not.
- The modifier ``utf16le``, of which ``wide`` is the alias ("Sigma Modifiers", Encoding): pySigma
  knows the alias only.
- Plain percent signs beside placeholders: ``percent.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trident.base.diagnostics import TridentError
from trident.rule.percent import hidden
from trident.rule.plan import Operator

_ALIASES: Mapping[str, str] = {"utf16le": "wide"}
"""Modifiers of the specification, and what pySigma calls them."""

_PATTERN = re.compile(r"\b(1|any|all)\s+of\s+([\w*]*-[\w*-]*)")
_JOINED: Mapping[str, str] = {"1": " or ", "any": " or ", "all": " and "}
_NO_ITEMS = ("condition", "timeframe", "rules")
_DETECTIONS = ("detection", "filter")


def readable(data: Mapping[str, Any]) -> dict[str, Any]:
    """The document that pySigma is given.

    Raises:
        TridentError: TRI003 for a key that two spellings make twice, TRI101 for a generate that
            contradicts another, and as ``percent.hidden``.
    """
    given = {
        key: hidden(_aliased(_listed(part))) if key in _DETECTIONS else part
        for key, part in data.items()
    }
    if isinstance(given.get("correlation"), Mapping):
        given["correlation"] = _correlation(given["correlation"], given)
    return given


def _correlation(correlation: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    known = dict(correlation)
    if isinstance(known.get("condition"), Mapping):
        known["condition"] = _compared(known["condition"])
    if "generate" in given and known.setdefault("generate", given["generate"]) != given["generate"]:
        raise TridentError("TRI101", "generate is given twice, with two values")
    return known


def _compared(condition: Mapping[str, Any]) -> dict[str, Any]:
    further = [key for key in condition if key in tuple(Operator)][1:]
    return {key: value for key, value in condition.items() if key not in further}


def _listed(detection: Any) -> Any:
    """A detection whose condition names what its patterns with hyphens stand for."""
    condition = detection.get("condition") if isinstance(detection, Mapping) else None
    if not isinstance(condition, str | list):
        return detection

    def names(match: re.Match[str]) -> str:
        quantifier, pattern = match.groups()
        fits = re.compile(pattern.replace("*", ".*")).fullmatch
        private = pattern.startswith("_")
        listed = [
            name
            for name in map(str, detection)
            if name not in _NO_ITEMS and fits(name) and (private or not name.startswith("_"))
        ]
        return f"({_JOINED[quantifier].join(listed)})" if listed else match[0]

    each = [condition] if isinstance(condition, str) else condition
    written = [_PATTERN.sub(names, part) if isinstance(part, str) else part for part in each]
    return {**detection, "condition": written[0] if isinstance(condition, str) else written}


def _aliased(detection: Any) -> Any:
    if isinstance(detection, list):
        return [_aliased(item) for item in detection]
    if not isinstance(detection, Mapping):
        return detection
    known: dict[Any, Any] = {}
    for key, item in detection.items():
        name = _key(key)
        if name in known:
            raise TridentError("TRI003", f"{key!r} is the key {name!r} written otherwise")
        known[name] = _aliased(item)
    return known


def _key(key: Any) -> Any:
    if not isinstance(key, str) or "|" not in key:
        return key
    field, *modifiers = key.split("|")
    return "|".join([field, *(_ALIASES.get(modifier, modifier) for modifier in modifiers)])
