"""Detections on Elastic's typed fields, written from declared templates.

EQL and ES|QL decide a test on a missing field in three-valued logic, so every test below a ``not``
is guarded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

from trident.base.diagnostics import Refusal
from trident.elastic.predicates import Leaf, Op, leaf
from trident.mapping.binding import BoundSearch
from trident.mapping.profiles import Column
from trident.predicates.text import DetectionBackend
from trident.result.translation import Note

Part = ConditionItem | ConditionFieldEqualsValueExpression | ConditionValueExpression


_TWO_VALUED = (Op.MISSING, Op.PRESENT, Op.NEVER)


class ElasticDetections(DetectionBackend):
    """Walks a condition tree; a subclass declares how each test is written."""

    language: ClassVar[str]
    """What refusals call the language."""
    one: ClassVar[Mapping[Op, str]]
    """A test of ``{field}`` with one ``{value}``."""
    many: ClassVar[Mapping[Op, str]]
    """A test with any of several ``{values}``, where the language has a list for it."""
    same_list: ClassVar[Mapping[Op, Op]] = {}
    """Tests that share a list with another kind of test."""
    not_null: ClassVar[str]
    """The test that ``{field}`` has a value at all."""
    missing: ClassVar[Mapping[bool, str]]
    present: ClassVar[Mapping[bool, str]]
    """The tests for a missing value and its opposite, by whether the field is a text field: only
    that can hold an empty string, and with another type the comparison is an error."""

    precedence: ClassVar = (ConditionNOT, ConditionAND, ConditionOR)
    group_expression: ClassVar[str] = "({expr})"
    token_separator: str = " "

    _negations: int = 0

    def written(self, found: Leaf) -> str:
        """The value of a test as the language writes it."""
        raise NotImplementedError

    def compared(self, leaves: Sequence[Leaf], field: str) -> str:
        """The quoted field as the tests compare it."""
        return field

    def guarded(self, found: Leaf, field: str) -> str:
        """What is null exactly where a test on the quoted field is."""
        return field

    def test(self, column: Column, value: object) -> Leaf:
        """The test that a Sigma value makes of a field.

        Raises:
            Refusal: when the field's type has no such test.
        """
        return leaf(column, value)

    def compares(self, cond: ConditionFieldEqualsValueExpression) -> bool:
        """Whether ``convert_condition`` writes this test itself, without a leaf."""
        return False

    def predicate(self, search: BoundSearch, negated: bool = False) -> str:
        """The search's detection as an operand of AND; ``negated`` when below a ``not``.

        Raises:
            Refusal: when the language cannot say a part of it.
        """
        self.bound, self._negations = search, int(negated)
        condition, state = search.plan.condition, ConversionState()
        if _is_or(condition):
            return self.convert_condition_group(condition, state)
        return str(self.convert_condition(condition, state))

    def convert_condition_or(self, cond: ConditionOR, state: ConversionState) -> str:
        return f" {self.or_token} ".join(self._alternatives(cond, state))

    def convert_condition_group(self, cond: Part | None, state: ConversionState) -> str:
        """Parentheses around what is more than one test."""
        if cond is not None and _is_or(cond):
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
        if _is_or(cond):
            return f" {self.or_token} ".join(self._alternatives(cond, state))
        return self._tests([self.leaf(cond)])

    def convert_condition_val(self, cond: ConditionValueExpression, state: ConversionState) -> str:
        raise Refusal(
            "TRI302", f"{self.language} searches named fields only, not the text of any field"
        )

    def leaf(self, cond: ConditionFieldEqualsValueExpression) -> Leaf:
        """The test of one field and value, its notes kept."""
        found = self.test(self.column(cond.field), cond.value)
        for code in found.notes:
            self.note(Note.of(code, column=found.column.name))
        return found

    def _tests(self, leaves: Sequence[Leaf]) -> str:
        """Tests of one field of which any holds, as an operand of AND and NOT."""
        first = leaves[0]
        field = self.quote_column(first.column.name)
        if first.op in (Op.MISSING, Op.PRESENT):
            tests = self.missing if first.op is Op.MISSING else self.present
            return tests[first.column.type == "string"].format(field=field)
        values = [self.written(found) for found in leaves]
        compared = self.compared(leaves, field)
        if len(values) == 1:
            test = self.one[first.op].format(field=compared, value=values[0])
        else:
            test = self.many[first.op].format(field=compared, values=", ".join(values))
        guards = [f'{field} != ""'] if first.not_empty else []
        if self._negations and first.op not in _TWO_VALUED:
            guards.insert(0, self.not_null.format(field=self.guarded(first, field)))
        return f"({f' {self.and_token} '.join([*guards, test])})" if guards else test

    def _alternatives(self, cond: Part, state: ConversionState) -> list[str]:
        """The parts of an OR; tests of one field that one list can hold are put together."""
        lists: dict[object, dict[Leaf, None] | Part] = {}
        origins: dict[object, list[Part]] = {}
        for part, origin in _flat(cond):
            if isinstance(part, ConditionFieldEqualsValueExpression) and not self.compares(part):
                found = self.leaf(part)
                op = self.same_list.get(found.op, found.op)
                key: object = (op, found.column, found.not_empty)
                key = key if found.op in self.many else object()
                held = lists.setdefault(key, {})
                assert isinstance(held, dict)
                held[found] = None
                origins.setdefault(key, []).append(origin)
            else:
                lists[object()] = part
        texts = []
        for key, each in lists.items():
            if isinstance(each, dict):
                texts.append(self._tests(list(each)))
                self.record(origins[key], texts[-1])
            else:
                texts.append(str(self.convert_condition(each, state)))
        return texts


def _is_or(cond: Any) -> bool:
    """Whether a condition is an OR; a field with several expanded values is one, too."""
    return isinstance(cond, ConditionOR) or (
        isinstance(cond, ConditionFieldEqualsValueExpression)
        and isinstance(cond.value, SigmaExpansion)
    )


def _flat(cond: Part, origin: Part | None = None) -> Iterator[tuple[Part, Part]]:
    """The parts of an OR, those of an OR within it included, other conditions as they are; each
    with the part of the rule's tree that it comes from (a value of a list comes from its test)."""
    if isinstance(cond, ConditionOR):
        for part in cond.args:
            if part is not None:
                yield from _flat(part)
    elif isinstance(cond, ConditionFieldEqualsValueExpression) and isinstance(
        cond.value, SigmaExpansion
    ):
        for value in cond.value.values:
            made = ConditionFieldEqualsValueExpression(cond.field, value)
            yield from _flat(made, origin or cond)
    else:
        yield cond, origin or cond
