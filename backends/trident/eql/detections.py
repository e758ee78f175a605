"""The detections of Elastic EQL: a Sigma detection as a condition on ECS fields.

EQL compares with a missing field in three-valued logic, and its translation to index queries in
two-valued logic; every test below a ``not`` is guarded so that both mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from trident.elastic.detections import ElasticDetections
from trident.elastic.typed import NUMERIC
from trident.eql import literals
from trident.mapping.profiles import Column
from trident.predicates.leaf import Leaf, Op
from trident.predicates.walk import Writer

_ONE: Mapping[Op, Writer] = {
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


class EqlDetections(ElasticDetections):
    """Writes the detection of a bound search as an EQL condition."""

    target: ClassVar[str] = "eql"
    or_token: ClassVar[str] = "or"
    and_token: ClassVar[str] = "and"
    not_form: ClassVar[str] = "not {}"
    tests: ClassVar[Mapping[Op, Writer]] = _ONE
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

    def reference(self, column: Column) -> str:
        return literals.field(column.name)

    def written(self, leaf: Leaf) -> str:
        if isinstance(leaf.value, bool):
            return "true" if leaf.value else "false"
        if leaf.column.type in NUMERIC and not isinstance(leaf.value, str):
            return literals.number(leaf.number)
        return literals.string(leaf.shown, raw=leaf.op in (Op.REGEX, Op.REGEX_CASED))
