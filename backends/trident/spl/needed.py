"""Columns without which a detection does not match: where one is null, so is a test that must
hold, and what the rest makes of it changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionOR
from sigma.types import SigmaExpansion

from trident.mapping.profiles import Column
from trident.predicates.leaf import COMPARISONS, Leaf, Op
from trident.rule.tree import separate

NUMERIC = frozenset({"int", "long", "real"})
Needed = frozenset[tuple[Column, bool]]
"""Columns, and whether it is their number that is needed."""


def needed(
    condition: object, read: Callable[[ConditionFieldEqualsValueExpression], Leaf]
) -> Needed:
    """What every event of a detection has, as far as its tests say."""
    match condition:
        case ConditionAND():
            return frozenset().union(*(needed(part, read) for part in condition.args))
        case ConditionOR():
            return _shared([needed(part, read) for part in condition.args])
        case ConditionFieldEqualsValueExpression(value=SigmaExpansion()):
            return _shared([needed(part, read) for part in separate(condition)])
        case ConditionFieldEqualsValueExpression():
            leaf = read(condition)
            if leaf.op in (Op.MISSING, Op.NEVER):
                return frozenset()
            return frozenset({(leaf.column, False), (leaf.column, is_numeric(leaf))})
    return frozenset()


def is_numeric(leaf: Leaf) -> bool:
    """Whether a test reads the field's number, which a text may not have."""
    return leaf.op in COMPARISONS or (leaf.op is Op.NUMBER and leaf.column.type in NUMERIC)


def _shared(parts: list[Needed]) -> Needed:
    return frozenset.intersection(*parts)
