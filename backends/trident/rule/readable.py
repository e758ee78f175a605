"""A document as pySigma takes it: what the specification allows and pySigma does not read.

- A range in a correlation's condition ("Sigma Correlation Rules Specification", Condition:
  ``gt: 100`` and ``lte: 200`` together): pySigma sees the first operator, the plan reads the
  document's own (``triggers.py``).
- ``generate`` beside ``correlation``, where the specification's text and its JSON schema have it;
  pySigma looks below ``correlation``.
- Patterns of names with a hyphen (``1 of selection-*``), a character that pySigma's names may
  have and its patterns may not.
- Patterns in a filter's condition, and names there that begin with a digit or an underscore:
  pySigma gives a filter's names a prefix and finds in its condition only those that begin with a
  letter; an underscore no longer leaves them out of ``them``.
- The modifier ``utf16le``, of which ``wide`` is the alias ("Sigma Modifiers", Encoding): pySigma
  knows the alias only.
- Plain percent signs beside placeholders: ``percent.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from trident.base.diagnostics import TridentError
from trident.rule.percent import hidden
from trident.rule.plan import Operator

_ALIASES: Mapping[str, str] = {"utf16le": "wide"}
"""Modifiers of the specification, and what pySigma calls them."""

_PATTERN = re.compile(r"\b(1|any|all)\s+of\s+([\w*-]+)")
_HYPHENS = re.compile(r"\b(1|any|all)\s+of\s+([\w*]*-[\w*-]*)")
_NAME = re.compile(r"[\w-]+")
_QUANTIFIERS: Mapping[str, str] = {"1": " or ", "any": " or ", "all": " and "}
_NO_ITEMS = ("condition", "timeframe", "rules")


def readable(data: Mapping[str, Any]) -> dict[str, Any]:
    """The document that pySigma is given.

    Raises:
        TridentError: TRI003 for a key that two spellings make twice, TRI101 for a generate that
            contradicts another, and as ``percent.hidden``.
    """
    given = {
        key: hidden(_aliased(_DETECTIONS[key](part))) if key in _DETECTIONS else part
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


def _detection(detection: Any) -> Any:
    return _listed(detection, _HYPHENS)


def _filter(detection: Any) -> Any:
    detection = _listed(detection, _PATTERN)
    if not isinstance(detection, Mapping) or not isinstance(detection.get("condition"), str):
        return detection
    start = "item_"
    while any(str(name).startswith(start) for name in detection):
        start += "_"
    odd = {str(name): f"{start}{name}" for name in detection if not str(name)[:1].isalpha()}
    condition = _NAME.sub(lambda match: odd.get(match[0], match[0]), detection["condition"])
    named = {odd.get(str(name), name): item for name, item in detection.items()}
    return {**named, "condition": condition}


_DETECTIONS: Mapping[str, Callable[[Any], Any]] = {"detection": _detection, "filter": _filter}


def _listed(detection: Any, pattern: re.Pattern[str]) -> Any:
    """A detection whose condition names what its patterns stand for."""
    condition = detection.get("condition") if isinstance(detection, Mapping) else None
    if not isinstance(condition, str | list):
        return detection
    known = [name for name in map(str, detection) if name not in _NO_ITEMS]

    def names(match: re.Match[str]) -> str:
        quantifier, written = match.groups()
        wanted = "*" if written == "them" else written
        fits = re.compile(wanted.replace("*", ".*")).fullmatch
        private = wanted.startswith("_")
        listed = [name for name in known if fits(name) and (private or not name.startswith("_"))]
        return f"({_QUANTIFIERS[quantifier].join(listed)})" if listed else match[0]

    each = [condition] if isinstance(condition, str) else condition
    named = [pattern.sub(names, part) if isinstance(part, str) else part for part in each]
    return {**detection, "condition": named[0] if isinstance(condition, str) else named}


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
