"""Detections in the toy's SQL; each test is two-valued, so that NOT means what Sigma means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from trident.base.diagnostics import Refusal
from trident.mapping.profiles import Column
from trident.predicates.leaf import Leaf, Op
from trident.predicates.walk import Detections, Writer


class ToyDetections(Detections):
    """Four tests, on texts in ASCII and on whole numbers."""

    target: ClassVar[str] = "toy"
    and_token: ClassVar[str] = "AND"
    or_token: ClassVar[str] = "OR"
    not_form: ClassVar[str] = "NOT ({})"
    tests: ClassVar[Mapping[Op, Writer]] = {
        Op.EQUALS: "lower(coalesce({field}, '')) = {value}",
        Op.CONTAINS: "instr(lower(coalesce({field}, '')), {value}) > 0",
        Op.NUMBER: "coalesce({field} = {value}, 0)",
        Op.MISSING: "coalesce({field}, '') = {value}",
    }

    def reference(self, column: Column) -> str:
        return f'"{column.name}"'

    def typed(self, leaf: Leaf) -> Leaf:
        texts = (Op.EQUALS, Op.CONTAINS)
        if leaf.op in texts and (leaf.column.type != "string" or not leaf.text.isascii()):
            raise Refusal("TRI301", f"the toy compares no {leaf.column.type} with {leaf.text!r}")
        if leaf.op is Op.NUMBER and leaf.column.type != "long":
            raise Refusal("TRI356", f"{leaf.column.name} is no number")
        return leaf

    def written(self, leaf: Leaf) -> str:
        if leaf.op is Op.NUMBER:
            return str(leaf.number)
        text = leaf.text.lower() if leaf.value is not None else ""
        return "'" + text.replace("'", "''") + "'"
