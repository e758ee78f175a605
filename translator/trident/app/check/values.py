"""Values that stand where the specification has none of their kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trident.app.check.conventions import warning
from trident.base.diagnostics import Diagnostic
from trident.rule.rules import Rule

_DETECTION = "detection"
_OF_KEYWORDS = 2
"""How deep a list of keywords stands: ``detection.name``. A null there is an error already."""


def values(rules: Iterable[Rule]) -> Iterator[Diagnostic]:
    """A finding for each null among other values, which "cannot be part of a list of field values"
    (Sigma Rules Specification 2.1.0, Special Field Values), and for ``all`` of a single value
    ("Sigma Modifiers", Generic Modifiers)."""
    for rule in rules:
        detection = rule.document.data.get(_DETECTION)
        for path in _nulls(detection, (_DETECTION,)):
            yield warning("TRI632", "null in a list of values", rule.document.at(*path))
        for path in _single(detection, (_DETECTION,)):
            yield warning("TRI633", f"{path[-1]} has one value", rule.document.at(*path))


def _single(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            of_several = isinstance(value, list) and len(value) > 1
            if "all" in str(key).split("|")[1:] and not of_several:
                yield (*path, key)
            yield from _single(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _single(value, (*path, index))


def _nulls(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _nulls(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            if value is None and len(path) > _OF_KEYWORDS:
                yield (*path, index)
            yield from _nulls(value, (*path, index))
