"""Detections on Elastic's typed fields: what EQL and ES|QL share.

Both write a detection test by test (``eql.predicates``), and both decide a test on a missing
field in three-valued logic, so every test below a ``not`` is guarded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.conversion.state import ConversionState
from sigma.types import SigmaExpansion

from backends.binding import BoundSearch
from backends.diagnostics import Refusal
from backends.eql.predicates import Leaf, leaf
from backends.text import DetectionBackend
from backends.translation import Note

Part = ConditionItem | ConditionFieldEqualsValueExpression | ConditionValueExpression


class ElasticDetections(DetectionBackend):
    """Walks a condition tree; a subclass writes the tests of one field (``tests``)."""

    language: ClassVar[str]
    """What refusals call the language."""

    precedence: ClassVar = (ConditionNOT, ConditionAND, ConditionOR)
    group_expression: ClassVar[str] = "({expr})"
    token_separator: str = " "

    _negations: int = 0

    def tests(self, leaves: Sequence[Leaf]) -> str:
        """Tests of one field of which any holds, as an operand of AND and NOT."""
        raise NotImplementedError

    def list_key(self, found: Leaf) -> object:
        """What tests have in common that stand in one list; None for a test that stands alone."""
        raise NotImplementedError

    @property
    def negated(self) -> bool:
        """Whether the test being written stands below a ``not``."""
        return self._negations > 0

    def predicate(self, search: BoundSearch, negated: bool = False) -> str:
        """The search's detection as an operand of AND; ``negated`` when below a ``not``.

        Raises:
            Refusal: when the language cannot say a part of it.
        """
        self.bound, self._negations = search, int(negated)
        condition, state = search.plan.condition, ConversionState()
        if is_or(condition):
            return self.convert_condition_group(condition, state)
        return str(self.convert_condition(condition, state))

    def convert_condition_or(self, cond: ConditionOR, state: ConversionState) -> str:
        return f" {self.or_token} ".join(self._alternatives(cond, state))

    def convert_condition_group(self, cond: Part | None, state: ConversionState) -> str:
        """Parentheses around what is more than one test."""
        if cond is not None and is_or(cond):
            found = self._alternatives(cond, state)
            return found[0] if len(found) == 1 else f"({f' {self.or_token} '.join(found)})"
        if isinstance(cond, ConditionItem):
            return str(super().convert_condition_group(cond, state))
        return str(self.convert_condition(cond, state))

    def convert_condition_not(self, cond: ConditionNOT, state: ConversionState) -> str:
        self._negations += 1
        try:
            return f"{self.not_token} {self.convert_condition_group(cond.args[0], state)}"
        finally:
            self._negations -= 1

    def convert_condition_field_eq_val(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        if is_or(cond):
            return f" {self.or_token} ".join(self._alternatives(cond, state))
        return self.tests([self.leaf(cond)])

    def convert_condition_val(self, cond: ConditionValueExpression, state: ConversionState) -> str:
        raise Refusal(
            "TRI302", f"{self.language} searches named fields only, not the text of any field"
        )

    def leaf(self, cond: ConditionFieldEqualsValueExpression) -> Leaf:
        """The test of one field and value, its notes kept."""
        found = leaf(self.column(cond.field), cond.value)
        for code in found.notes:
            self.note(Note.of(code, column=found.column.name))
        return found

    def _alternatives(self, cond: Part, state: ConversionState) -> list[str]:
        """The parts of an OR; tests of one field that one list can hold are put together."""
        lists: dict[object, list[Leaf] | Part] = {}
        for part in _flat(cond):
            if isinstance(part, ConditionFieldEqualsValueExpression) and not self.compares(part):
                found = self.leaf(part)
                key = self.list_key(found)
                held = lists.setdefault(object() if key is None else key, [])
                assert isinstance(held, list)
                if found not in held:
                    held.append(found)
            else:
                lists[object()] = part
        return [
            self.tests(held) if isinstance(held, list) else str(self.convert_condition(held, state))
            for held in lists.values()
        ]

    def compares(self, cond: ConditionFieldEqualsValueExpression) -> bool:
        """Whether ``convert_condition`` writes this test itself, without a leaf."""
        return False


def is_or(cond: Any) -> bool:
    """Whether a condition is an OR; a field with several expanded values is one, too."""
    return isinstance(cond, ConditionOR) or (
        isinstance(cond, ConditionFieldEqualsValueExpression)
        and isinstance(cond.value, SigmaExpansion)
    )


def _flat(cond: Part) -> Iterator[Part]:
    """The parts of an OR, those of an OR within it included; other conditions as they are."""
    if isinstance(cond, ConditionOR):
        for part in cond.args:
            if part is not None:
                yield from _flat(part)
    elif isinstance(cond, ConditionFieldEqualsValueExpression) and isinstance(
        cond.value, SigmaExpansion
    ):
        for value in cond.value.values:
            yield from _flat(ConditionFieldEqualsValueExpression(cond.field, value))
    else:
        yield cond
