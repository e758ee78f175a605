"""A detection as clauses that hold together, each a choice of literals: a test or its negation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
)
from sigma.types import SigmaExpansion, SigmaFieldReference

from trident.mapping.known import Kinds
from trident.meaning.detection import shown
from trident.predicates.values import Missing, Present, Reading, Text, reading
from trident.rule.tree import TESTS


@dataclass(frozen=True, slots=True)
class Literal:
    """A test of a field (of any, for a keyword), or its negation; ``other`` is the field that it
    is compared with. As the rule has it, it is ``test``, or that ``negated``: what is not missing
    is there."""

    field: str | None
    reading: Reading
    positive: bool
    other: str = ""
    test: Any = dataclasses.field(default=None, compare=False)
    negated: bool = dataclasses.field(default=False, compare=False)

    def __str__(self) -> str:
        name = "keyword" if self.field is None else self.field
        return f"{'not ' if self.negated else ''}{name}: {shown(self.test)}"


Clause = tuple[Literal, ...]
"""At least one of the literals holds."""

_MISSING, _PRESENT = Missing(), Present()

Part = tuple[Any, bool]
"""A condition, and whether it holds or does not."""


@dataclass(slots=True)
class Flat:
    """A part as what holds together: clauses (``excluded`` those that a negation gave),
    ``choices`` (one of the parts of each holds), and the conditions that it negates."""

    clauses: list[Clause] = dataclasses.field(default_factory=list)
    excluded: list[Clause] = dataclasses.field(default_factory=list)
    choices: list[list[Part]] = dataclasses.field(default_factory=list)
    negated: list[Any] = dataclasses.field(default_factory=list)

    @property
    def all(self) -> list[Clause]:
        """Every clause."""
        return [*self.clauses, *self.excluded]


def flatten(part: Part) -> Flat:
    """A part as what holds together."""
    condition, holds = part
    flat = Flat()
    # Tests first: what joins them is of an abstract class, which isinstance is slow on.
    if isinstance(condition, TESTS):
        flat.clauses = _clauses(condition, holds)
        return flat
    if isinstance(condition, ConditionNOT):
        inner = condition.args[0]
        flat = flatten((inner, not holds))
        if holds:
            return Flat([], [*flat.clauses, *flat.excluded], flat.choices, [inner])
        return flat
    together = isinstance(condition, ConditionAND) == holds
    if all(isinstance(each, TESTS) for each in condition.args):  # a list of values may be long
        of_tests = [_clauses(each, holds) for each in condition.args]
        if together:
            flat.clauses = [clause for clauses in of_tests for clause in clauses]
        elif all(len(clauses) == 1 for clauses in of_tests):
            flat.clauses = [tuple(literal for (clause,) in of_tests for literal in clause)]
        else:
            flat.choices = [[(each, holds) for each in condition.args]]
        return flat
    parts = [flatten((each, holds)) for each in condition.args]
    if together:
        for each in parts:
            flat.clauses += each.clauses
            flat.excluded += each.excluded
            flat.choices += each.choices
            flat.negated += each.negated
    elif all(len(each.all) == 1 and not each.choices for each in parts):
        flat.clauses = [tuple(literal for each in parts for literal in each.all[0])]
        flat.negated = [negated for each in parts for negated in each.negated]
    else:
        flat.choices = [[(each, holds) for each in condition.args]]
    return flat


def _clauses(test: Any, holds: bool) -> list[Clause]:
    """A test as what holds together."""
    literals = tuple(_literals(test, holds))
    return [literals] if holds else [(each,) for each in literals]


def _literals(test: Any, holds: bool) -> Iterator[Literal]:
    name = test.field if isinstance(test, ConditionFieldEqualsValueExpression) else None
    values = test.value.values if isinstance(test.value, SigmaExpansion) else [test.value]
    for value in values:
        read, positive = reading(value), holds
        if not holds and name is not None and read in (_MISSING, _PRESENT):
            read, positive = _MISSING if read == _PRESENT else _PRESENT, True
        other = value.field if isinstance(value, SigmaFieldReference) else ""
        yield Literal(name, read, positive, other, value, not holds)


def kinds_left(flat: Flat, left_by: Callable[[str, str], Kinds | None]) -> Kinds | None:
    """The kinds of events that a part leaves; None where any may be."""
    left: Kinds | None = None
    for clause in flat.clauses:
        kinds = [_kinds(literal, left_by) for literal in clause]
        if None not in kinds:
            left = common(left, frozenset().union(*(each for each in kinds if each)))
    for choice in flat.choices:
        branches = [kinds_left(flatten(branch), left_by) for branch in choice]
        if None not in branches:
            left = common(left, frozenset().union(*(each for each in branches if each)))
    return left


def _kinds(literal: Literal, left_by: Callable[[str, str], Kinds | None]) -> Kinds | None:
    whole = whole_text(literal)
    return None if whole is None or literal.field is None else left_by(literal.field, whole)


def whole_text(literal: Literal) -> str | None:
    """The one text that a field must have for a literal; None where that is open."""
    if not literal.positive or not isinstance(literal.reading, Text):
        return None
    return literal.reading.whole


def common(one: Kinds | None, other: Kinds | None) -> Kinds | None:
    """The kinds that both leave."""
    if one is None or other is None:
        return one if other is None else other
    return one & other
