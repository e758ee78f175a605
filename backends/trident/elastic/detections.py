"""Detections on Elastic's typed fields, written from declared templates.

EQL and ES|QL decide a test on a missing field in three-valued logic, so a test below a ``not`` is
guarded where that changes the answer (``trident.elastic.missing``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
)

from trident.elastic.missing import Expressions, Missing, MissingValues, negative
from trident.elastic.typed import typed
from trident.mapping.binding import BoundSearch
from trident.mapping.profiles import Column
from trident.predicates.layout import Enclosed, Listed, joined
from trident.predicates.leaf import Leaf, Op
from trident.predicates.walk import Detections, flat, is_or
from trident.result.translation import Note
from trident.rule.tree import Condition, Test

_TWO_VALUED = (Op.MISSING, Op.PRESENT, Op.NEVER)


class ElasticDetections(Detections):
    """A subclass declares how each test is written; see ``Detections``."""

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

    def compared(self, leaves: Sequence[Leaf], field: str) -> str:
        """The quoted field as the tests compare it."""
        return field

    def guarded(self, leaf: Leaf, field: str) -> str:
        """What is null exactly where a test on the quoted field is."""
        return field

    def compared_by(self, leaf: Leaf) -> Sequence[str]:
        """What is null exactly where a test is; nothing for a test that never is."""
        if leaf.op in _TWO_VALUED or not isinstance(self.tests.get(leaf.op), str):
            return ()
        return [self.guarded(leaf, self.reference(leaf.column))]

    def presence(self, leaf: Leaf) -> str:
        """Whether a field has a value."""
        tests = self.missing if leaf.op is Op.MISSING else self.present
        return tests[leaf.column.type == "string"].format(field=self.reference(leaf.column))

    def compares(self, test: ConditionFieldEqualsValueExpression) -> bool:
        """Whether a test stands alone in an OR, in no list."""
        return False

    def typed(self, leaf: Leaf) -> Leaf:
        return typed(leaf)

    def __init__(self, alone: bool = False) -> None:
        super().__init__(alone)
        self._missing: MissingValues | None = None
        self.valued: Expressions = frozenset()
        """What needs no guard here."""

    def predicate(self, search: BoundSearch, negated: bool = False) -> str:
        """As for every target."""
        guarding = negated or negative(search.plan.condition)
        self._missing = MissingValues(self._without_value) if guarding else None
        return super().predicate(search, negated)

    def below_not(self) -> bool:
        return self._negations % 2 == 1

    def whole(self, condition: Condition) -> str:
        if self.below_not():
            return joined(self._conjuncts(condition), self.and_token)
        return self.group(condition) if is_or(condition) else self.text(condition)

    def text(self, condition: object) -> str:
        with self._within(condition):
            return super().text(condition)

    def _text(self, condition: object) -> str:
        if isinstance(condition, ConditionAND):
            return joined(self._conjuncts(condition), self.and_token)
        return super()._text(condition)

    def group(self, part: object) -> str:
        """Parentheses around what is more than one test."""
        with self._within(part):
            if is_or(part):
                return self._in_parentheses(self._listed([part]), self.or_token)
            return super().group(part) if isinstance(part, ConditionItem) else self.text(part)

    def negated(self, part: object) -> str:
        if isinstance(part, ConditionNOT):
            return self.group(part)
        return self._in_parentheses(self._conjuncts(part), self.and_token)

    @staticmethod
    def _in_parentheses(tests: Sequence[str], token: str) -> str:
        return tests[0] if len(tests) == 1 else Enclosed("(", joined(tests, token), ")")

    @contextmanager
    def _within(self, condition: object) -> Iterator[None]:
        """In a condition, no guard is needed where it is decided without the value anyhow."""
        valued = self.valued
        if self._missing is not None:
            missing = self._missing.of(condition)
            self.valued |= missing.true if self.below_not() else missing.false
        try:
            yield
        finally:
            self.valued = valued

    def _conjuncts(self, condition: object) -> list[str]:
        """The parts of an AND, or another condition as one; below a ``not`` each behind the guards
        that it needs first."""
        parts = condition.args if isinstance(condition, ConditionAND) else [condition]
        with self._within(condition):
            if self._missing is None or not self.below_not():
                return [self.operand(ConditionAND, part) for part in parts]
            missing = [self._missing.of(part) for part in parts]
            # What compares nothing is never null: it is false itself without the value.
            self.valued |= frozenset().union(*(m.false for m in missing if not m.compared))
            guards = []
            for each in missing:
                guards.append(each.needs - self.valued)
                self.valued |= guards[-1]
            return [
                text
                for expressions, part in zip(guards, parts, strict=True)
                for text in (
                    *(self.not_null.format(field=name) for name in sorted(expressions)),
                    self.operand(ConditionAND, part),
                )
            ]

    def _without_value(self, test: Test) -> Missing:
        """What a test is where the value that it compares is missing."""
        leaf = self.leaf(test)
        field = self.reference(leaf.column)
        if leaf.op is Op.MISSING:
            return Missing(true=frozenset({field}))
        compared = frozenset(self.compared_by(leaf))
        return Missing(compared | {field}, compared=compared)

    def alternatives(self, parts: Sequence[object]) -> str:
        return joined(self._listed(parts), self.or_token)

    def leaf(self, test: Test) -> Leaf:
        """The test of one field and value, its notes kept."""
        leaf = super().leaf(test)
        for code in leaf.notes:
            self.note(Note.of(code, column=leaf.column.name))
        return leaf

    def test(self, leaf: Leaf) -> str:
        return self._any(leaf.column, [leaf])

    def _any(self, column: Column, leaves: Sequence[Leaf]) -> str:
        """Tests of one field of which any holds, as an operand of AND and NOT."""
        first = leaves[0]
        field = self.reference(column)
        if first.op in (Op.MISSING, Op.PRESENT):
            return self.presence(first)
        if first.op is Op.NEVER or not isinstance(self.tests.get(first.op), str):
            return super().test(first)
        values = [self.written(leaf) for leaf in leaves]
        compared = self.compared(leaves, field)
        if len(values) == 1:
            test = str(self.tests[first.op]).format(field=compared, value=values[0])
        else:
            opening, _, closing = self.many[first.op].partition("{values}")
            test = Listed(opening.format(field=compared), values, closing)
        guards = [f'{field} != ""'] if first.not_empty else []
        guard = self.guarded(first, field)
        if self.below_not() and guard not in self.valued:
            guards.insert(0, self.not_null.format(field=guard))
        return self._in_parentheses([*guards, test], self.and_token)

    def _listed(self, parts: Sequence[object]) -> list[str]:
        """The parts of an OR; tests of one field that one list can hold are put together."""
        lists: dict[object, dict[Leaf, None] | object] = {}
        origins: dict[object, list[object]] = {}
        for part, origin in (each for part_values in parts for each in flat(part_values)):
            if not isinstance(part, ConditionFieldEqualsValueExpression) or self.compares(part):
                lists[object()] = part
                continue
            leaf = self.leaf(part)
            op = self.same_list.get(leaf.op, leaf.op)
            key: object = (op, leaf.column, leaf.not_empty)
            key = key if leaf.op in self.many else object()
            held = lists.setdefault(key, {})
            assert isinstance(held, dict)
            held[leaf] = None
            origins.setdefault(key, []).append(origin)
        texts = []
        for key, each in lists.items():
            if isinstance(each, dict):
                leaves = list(each)
                texts.append(self._any(leaves[0].column, leaves))
                self.record(origins[key], texts[-1])
            else:
                texts.append(self.text(each))
        return texts
