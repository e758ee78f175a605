"""The detection backend of Elastic EQL: a Sigma detection as a condition on ECS fields.

EQL compares with a missing field in three-valued logic, and its translation to index queries in
two-valued logic; every test below a ``not`` is guarded so that both mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sigma.conditions import ConditionFieldEqualsValueExpression
from sigma.types import SigmaFieldReference

from trident.base.diagnostics import Refusal
from trident.elastic.detections import ElasticDetections
from trident.elastic.predicates import NUMERIC, Leaf, Op
from trident.eql import literals

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


class TridentEqlBackend(ElasticDetections):
    """Renders the detection of a bound search as an EQL condition."""

    name: ClassVar[str] = "Trident: Elastic EQL"
    formats: ClassVar[dict[str, str]] = {"default": "EQL query"}
    requires_pipeline: ClassVar[bool] = False
    target: ClassVar[str] = "eql"
    language: ClassVar[str] = "EQL"

    or_token: ClassVar[str] = "or"
    and_token: ClassVar[str] = "and"
    not_token: ClassVar[str] = "not"
    eq_token: ClassVar[str] = " : "
    one: ClassVar[Mapping[Op, str]] = _ONE
    many: ClassVar[Mapping[Op, str]] = _MANY
    same_list: ClassVar[Mapping[Op, Op]] = {Op.LIKE: Op.EQUALS}  # ``:`` does both
    not_null: ClassVar[str] = "{field} != null"
    missing: ClassVar[Mapping[bool, str]] = {
        True: '({field} == null or {field} == "")',
        False: "{field} == null",
    }
    present: ClassVar[Mapping[bool, str]] = {
        True: '({field} != null and {field} != "")',
        False: "{field} != null",
    }

    def quote_column(self, name: str) -> str:
        return literals.field(name)

    def leaf(self, cond: ConditionFieldEqualsValueExpression) -> Leaf:
        if isinstance(cond.value, SigmaFieldReference):
            raise Refusal(
                "TRI305", f"EQL cannot compare field {cond.field} with field {cond.value.field}"
            )
        return super().leaf(cond)

    def written(self, found: Leaf) -> str:
        if isinstance(found.value, bool):
            return "true" if found.value else "false"
        if found.column.type in NUMERIC and not isinstance(found.value, str):
            return literals.number(found.value)
        return literals.string(str(found.value), raw=found.op in (Op.REGEX, Op.REGEX_CASED))
