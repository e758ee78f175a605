"""A detection in words: pySigma's condition tree as lines that each say one test of one field.

tests/explain reads the words back and compares them with ``trident.meaning.detection``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import SigmaExpansion

from trident.app.explain import phrases
from trident.app.explain.leaves import field_test, keyword_test
from trident.app.explain.phrases import Kind
from trident.app.explain.words import Group, Holds, Item, Test, Words

_OPPOSITE = {
    Holds.ALL: Holds.NOT_ALL,
    Holds.NOT_ALL: Holds.ALL,
    Holds.ANY: Holds.NONE,
    Holds.NONE: Holds.ANY,
}
_UNLISTED = frozenset(phrases.REFERENCES.values()) | {Kind.MISSING, Kind.PRESENT}
"""The tests that go in no list."""

Origin = Callable[[Any], Item | None]


def detection_words(condition: Any, origin: Origin = lambda _: None) -> Words:
    """A detection in words; ``origin`` tells the item of the rule that a leaf comes from.

    Raises:
        Refusal: TRI302 or TRI305 for a value that has no defined meaning.
    """
    if isinstance(condition, ConditionNOT):
        return _negated(detection_words(condition.args[0], origin))
    if isinstance(condition, ConditionItem):
        link_all = isinstance(condition, ConditionAND)
        parts = [detection_words(part, origin) for part in _flat(condition, type(condition))]
        return _group(Holds.ALL if link_all else Holds.ANY, parts)
    item = origin(condition)
    return _marked(_leaf(condition, condition.value), (condition,), (item,) if item else ())


def _flat(condition: ConditionItem, kind: type) -> Iterator[Any]:
    """The operands of an AND or OR, those of one within it included."""
    for part in condition.args:
        if isinstance(part, kind) and isinstance(part, ConditionAND | ConditionOR):
            yield from _flat(part, kind)
        else:
            yield part


def _group(holds: Holds, parts: Sequence[Words]) -> Words:
    """The parts as one group; tests of one field that one list can say are put together."""
    merged: list[Words] = []
    places: dict[object, int] = {}
    for part in parts:
        key = _list_key(part, holds) if isinstance(part, Test) else None
        if key is None or key not in places:
            if key is not None:
                places[key] = len(merged)
            merged.append(part)
            continue
        held = merged[places[key]]
        assert isinstance(held, Test) and isinstance(part, Test)
        merged[places[key]] = _together(held, part, holds is Holds.ALL)
    return merged[0] if len(merged) == 1 else Group(holds, tuple(merged))


def _list_key(test: Test, holds: Holds) -> object | None:
    """What tests in one list have in common; None for a test that goes in no list."""
    if test.negated or test.kind in _UNLISTED:
        return None
    if holds is Holds.ALL and (test.kind not in phrases.LINKED or not test.field):
        return None
    several = len(test.values) > 1
    if several and test.link_all is not (holds is Holds.ALL):
        return None
    # A value without letters goes with either; which one decides only how the list is split.
    return test.field, test.kind, bool(test.cased), test.flags


def _together(held: Test, part: Test, link_all: bool) -> Test:
    return replace(
        held,
        values=tuple(dict.fromkeys([*held.values, *part.values])),
        cased=part.cased if held.cased is None else held.cased,
        link_all=link_all,
        leaves=(*held.leaves, *part.leaves),
        items=tuple(dict.fromkeys([*held.items, *part.items])),
    )


def _negated(words: Words) -> Words:
    if isinstance(words, Group):
        return replace(words, holds=_OPPOSITE[words.holds])
    return replace(words, negated=not words.negated)


def _marked(words: Words, leaves: tuple[Any, ...], items: tuple[Item, ...]) -> Words:
    if isinstance(words, Group):
        return replace(words, parts=tuple(_marked(part, leaves, items) for part in words.parts))
    return replace(words, leaves=leaves, items=items)


def _leaf(condition: Any, value: Any) -> Words:
    if isinstance(value, SigmaExpansion):
        return _group(Holds.ANY, [_leaf(condition, part) for part in value.values])
    if isinstance(condition, ConditionValueExpression):
        return keyword_test(value)
    return field_test(str(condition.field), value)
