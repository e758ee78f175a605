"""The detection backend of Elastic EQL: a Sigma detection as a condition on ECS fields.

EQL compares with a missing field in three-valued logic, and its translation to index queries in
two-valued logic; every test below a ``not`` is guarded so that both mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.conversion.state import ConversionState
from sigma.types import SigmaExpansion, SigmaFieldReference

from backends.binding import BoundSearch
from backends.diagnostics import Refusal
from backends.eql import literals
from backends.eql.predicates import NUMERIC, Leaf, Op, leaf
from backends.text import DetectionBackend
from backends.translation import Note

_ONE: Mapping[Op, str] = {
    Op.EQUALS: "{field} : {value}",
    Op.LIKE: "{field} : {value}",
    Op.EQUALS_CASED: "{field} == {value}",
    Op.LIKE_CASED: "{field} like {value}",
    Op.REGEX: "{field} regex~ {value}",
    Op.REGEX_CASED: "{field} regex {value}",
    Op.NUMBER: "{field} == {value}",
    Op.BOOLEAN: "{field} == {value}",
    Op.LT: "{field} < {value}",
    Op.LTE: "{field} <= {value}",
    Op.GT: "{field} > {value}",
    Op.GTE: "{field} >= {value}",
    Op.CIDR: "cidrMatch({field}, {value})",
    Op.NEVER: "false",
}
_MANY: Mapping[Op, str] = {
    Op.EQUALS: "{field} : ({values})",
    Op.LIKE: "{field} : ({values})",
    Op.EQUALS_CASED: "{field} in ({values})",
    Op.LIKE_CASED: "{field} like ({values})",
    Op.REGEX: "{field} regex~ ({values})",
    Op.REGEX_CASED: "{field} regex ({values})",
    Op.NUMBER: "{field} in ({values})",
    Op.CIDR: "cidrMatch({field}, {values})",
}
_MISSING = {True: '({field} == null or {field} == "")', False: "{field} == null"}
_PRESENT = {True: '({field} != null and {field} != "")', False: "{field} != null"}
"""Only a text field can hold an empty string: with another type the comparison is an error."""

_TWO_VALUED = (Op.MISSING, Op.PRESENT, Op.NEVER)
_SAME_LIST = {Op.LIKE: Op.EQUALS}
"""Tests that share one list although they differ: ``:`` does both."""

_State = ConversionState
_Part = ConditionItem | ConditionFieldEqualsValueExpression | ConditionValueExpression


class TridentEqlBackend(DetectionBackend):
    """Renders the detection of a bound search as an EQL condition."""

    name: ClassVar[str] = "Trident: Elastic EQL"
    formats: ClassVar[dict[str, str]] = {"default": "EQL query"}
    requires_pipeline: ClassVar[bool] = False
    target: ClassVar[str] = "eql"

    precedence: ClassVar = (ConditionNOT, ConditionAND, ConditionOR)
    group_expression: ClassVar[str] = "({expr})"
    token_separator: str = " "
    or_token: ClassVar[str] = "or"
    and_token: ClassVar[str] = "and"
    not_token: ClassVar[str] = "not"

    _negations: int = 0

    def quote_column(self, name: str) -> str:
        return literals.field(name)

    def predicate(self, search: BoundSearch, negated: bool = False) -> str:
        """The search's detection as an operand of ``and``; ``negated`` when below a ``not``.

        Raises:
            Refusal: when EQL cannot say a part of it.
        """
        self.bound, self._negations = search, int(negated)
        condition, state = search.plan.condition, ConversionState()
        if _is_or(condition):
            return self.convert_condition_group(condition, state)
        return str(self.convert_condition(condition, state))

    def convert_condition_or(self, cond: ConditionOR, state: _State) -> str:
        return " or ".join(self._alternatives(cond, state))

    def convert_condition_group(self, cond: _Part | None, state: _State) -> str:
        """Parentheses around what is more than one test."""
        if cond is not None and _is_or(cond):
            alternatives = self._alternatives(cond, state)
            return alternatives[0] if len(alternatives) == 1 else f"({' or '.join(alternatives)})"
        if isinstance(cond, ConditionItem):
            return str(super().convert_condition_group(cond, state))
        return str(self.convert_condition(cond, state))

    def convert_condition_not(self, cond: ConditionNOT, state: _State) -> str:
        self._negations += 1
        try:
            return f"not {self.convert_condition_group(cond.args[0], state)}"
        finally:
            self._negations -= 1

    def convert_condition_field_eq_val(
        self, cond: ConditionFieldEqualsValueExpression, state: _State
    ) -> str:
        if _is_or(cond):
            return " or ".join(self._alternatives(cond, state))
        return self._print([self._leaf(cond)])

    def convert_condition_val(self, cond: ConditionValueExpression, state: _State) -> str:
        raise Refusal("TRI302", "EQL searches named fields only, not the text of any field")

    def _leaf(self, cond: ConditionFieldEqualsValueExpression) -> Leaf:
        if isinstance(cond.value, SigmaFieldReference):
            raise Refusal(
                "TRI305", f"EQL cannot compare field {cond.field} with field {cond.value.field}"
            )
        found = leaf(self.column(cond.field), cond.value)
        for code in found.notes:
            self.note(Note.of(code, column=found.column.name))
        return found

    def _alternatives(self, cond: _Part, state: _State) -> list[str]:
        """The parts of an OR; tests of one field that one list can hold are put together."""
        lists: dict[object, list[Leaf] | _Part] = {}
        for part in _flat(cond):
            if isinstance(part, ConditionFieldEqualsValueExpression):
                found = self._leaf(part)
                key: object = (_SAME_LIST.get(found.op, found.op), found.column, found.not_empty)
                held = lists.setdefault(key if found.op in _MANY else object(), [])
                assert isinstance(held, list)
                if found not in held:
                    held.append(found)
            else:
                lists[object()] = part
        return [
            self._print(held) if isinstance(held, list) else self._part(held, state)
            for held in lists.values()
        ]

    def _part(self, part: _Part, state: _State) -> str:
        """A part of an OR that is no field test: AND and NOT bind tighter."""
        return str(self.convert_condition(part, state))

    def _print(self, leaves: Sequence[Leaf]) -> str:
        first = leaves[0]
        field = self.quote_column(first.column.name)
        textual = first.column.type == "string"
        if first.op in (Op.MISSING, Op.PRESENT):
            return (_MISSING if first.op is Op.MISSING else _PRESENT)[textual].format(field=field)
        values = [_value(found) for found in leaves]
        if len(values) == 1:
            test = _ONE[first.op].format(field=field, value=values[0])
        else:
            test = _MANY[first.op].format(field=field, values=", ".join(values))
        guards = [f'{field} != ""'] if first.not_empty else []
        if self._negations and first.op not in _TWO_VALUED:
            guards.insert(0, f"{field} != null")
        return f"({' and '.join([*guards, test])})" if guards else test


def _is_or(cond: _Part) -> bool:
    """A field with several expanded values is an OR in pySigma's tree, too."""
    return isinstance(cond, ConditionOR) or (
        isinstance(cond, ConditionFieldEqualsValueExpression)
        and isinstance(cond.value, SigmaExpansion)
    )


def _flat(cond: _Part) -> Iterator[_Part]:
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


def _value(found: Leaf) -> str:
    if isinstance(found.value, bool):
        return "true" if found.value else "false"
    if found.column.type in NUMERIC and not isinstance(found.value, str):
        return literals.number(found.value)
    return literals.string(str(found.value), raw=found.op in (Op.REGEX, Op.REGEX_CASED))
