"""Detections as ES|QL predicates: declared templates, and lower-casing where case is ignored.

ES|QL's comparisons and patterns are case-sensitive, so an insensitive test compares
``TO_LOWER(field)`` with a lower-cased value
(https://www.elastic.co/docs/reference/query-languages/esql/functions-operators/operators).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from sigma.conditions import ConditionFieldEqualsValueExpression
from sigma.types import SigmaFieldReference

from trident.base.diagnostics import Refusal
from trident.elastic.detections import ElasticDetections
from trident.elastic.regexes import NOTE_NON_ASCII_CASE
from trident.esql import syntax
from trident.mapping.profiles import Column
from trident.predicates.leaf import COMPARISONS, Leaf, Op
from trident.predicates.walk import Writer
from trident.result.translation import Note
from trident.rule.tree import Test

_ONE: Mapping[Op, Writer] = {
    Op.EQUALS: "{field} == {value}",
    Op.EQUALS_CASED: "{field} == {value}",
    Op.LIKE: "{field} LIKE {value}",
    Op.LIKE_CASED: "{field} LIKE {value}",
    Op.REGEX: "{field} RLIKE {value}",
    Op.REGEX_CASED: "{field} RLIKE {value}",
    Op.NUMBER: "{field} == {value}",
    Op.BOOLEAN: "{field} == {value}",
    Op.LT: "{field} < {value}",
    Op.LTE: "{field} <= {value}",
    Op.GT: "{field} > {value}",
    Op.GTE: "{field} >= {value}",
    Op.CIDR: "CIDR_MATCH({field}, {value})",
    Op.NEVER: "false",
}
_MANY: Mapping[Op, str] = {
    Op.EQUALS: "{field} IN ({values})",
    Op.EQUALS_CASED: "{field} IN ({values})",
    Op.LIKE: "{field} LIKE ({values})",
    Op.LIKE_CASED: "{field} LIKE ({values})",
    Op.NUMBER: "{field} IN ({values})",
    Op.CIDR: "CIDR_MATCH({field}, {values})",
}
_FOLDED = (Op.EQUALS, Op.LIKE, Op.REGEX)
_PATTERNS = (Op.LIKE, Op.LIKE_CASED)
_READ_AS: Mapping[Op, str] = {
    **dict.fromkeys((Op.LT, Op.LTE, Op.GT, Op.GTE), "real"),
    Op.CIDR: "ip",
}
"""How a text field is read for a test that asks for another type."""

# What the definition takes for a number (docs/semantics.md, Detections): decimal text.
_DECIMAL = syntax.literal(r"[+\-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+\-]?[0-9]+)?")


def number_of(text: str) -> str:
    """The number that a text stands for, null where it is none."""
    return f"CASE({text} RLIKE {_DECIMAL}, TO_DOUBLE({text}))"


_CONVERTED: Mapping[Op, Callable[[str], str]] = {
    **dict.fromkeys(COMPARISONS, number_of),
    Op.CIDR: "TO_IP({})".format,
}
_REFERENCES: Mapping[Op, str] = {
    Op.FIELD: "{left} == {right}",
    Op.FIELD_STARTSWITH: "STARTS_WITH({left}, {right})",
    Op.FIELD_ENDSWITH: "ENDS_WITH({left}, {right})",
    Op.FIELD_CONTAINS: "LOCATE({left}, {right}) > 0",
}
_REGEX_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|.", re.DOTALL)


class EsqlDetections(ElasticDetections):
    """Sigma detections in ES|QL, over single-valued fields.

    A comparison with a missing field, or one of several values, is null. WHERE drops null as it
    drops false; below a NOT the test is guarded (docs/semantics.md, two-valued logic).
    """

    target: ClassVar[str] = "esql"
    or_token: ClassVar[str] = "OR"
    and_token: ClassVar[str] = "AND"
    not_form: ClassVar[str] = "NOT {}"
    tests: ClassVar[Mapping[Op, Writer]] = {
        **_ONE,
        **dict.fromkeys(_REFERENCES, lambda detections, leaf: detections.compare(leaf)),
    }
    many: ClassVar[Mapping[Op, str]] = _MANY
    not_null: ClassVar[str] = "{field} IS NOT NULL"
    missing: ClassVar[Mapping[bool, str]] = {
        True: '({field} IS NULL OR {field} == "")',
        False: "{field} IS NULL",
    }
    present: ClassVar[Mapping[bool, str]] = {
        True: '({field} IS NOT NULL AND {field} != "")',
        False: "{field} IS NOT NULL",
    }

    def reference(self, column: Column) -> str:
        return syntax.name(column.name)

    def column(self, field: str) -> Column:
        return textual(super().column(field))

    def compares(self, test: ConditionFieldEqualsValueExpression) -> bool:
        return isinstance(test.value, SigmaFieldReference)

    def typed(self, leaf: Leaf) -> Leaf:
        if leaf.op in _REFERENCES:
            return leaf
        kind = _READ_AS.get(leaf.op) if leaf.column.type == "string" else None
        if kind is None:
            return super().typed(leaf)
        read_as = replace(leaf, column=replace(leaf.column, type=kind))
        return replace(super().typed(read_as), column=leaf.column)

    def guarded(self, leaf: Leaf, field: str) -> str:
        """A text that is no number or address is null once it is read as one."""
        if leaf.column.type != "string" or leaf.op not in _CONVERTED:
            return field
        return _CONVERTED[leaf.op](field)

    def compared(self, leaves: Sequence[Leaf], field: str) -> str:
        """Lower-cased, where a folded value has letters; a text as a number or address."""
        if leaves[0].op in _FOLDED and leaves[0].column.type == "string":
            letters = any(str(each.value).lower() != str(each.value).upper() for each in leaves)
            return f"TO_LOWER({field})" if letters else field
        return self.guarded(leaves[0], field)

    def written(self, leaf: Leaf) -> str:
        value = leaf.value
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str):
            return syntax.number(leaf.number)
        if leaf.op is Op.REGEX:
            value = lowered(value)
        elif leaf.op in _FOLDED:
            value = value.lower()
        if leaf.op in _PATTERNS:
            # A leaf's pattern has no escapes; in ES|QL's a backslash is one.
            value = value.replace("\\", "\\\\")
        quoted = syntax.literal(value)
        address = leaf.column.type == "ip" and leaf.op is not Op.CIDR
        return f"TO_IP({quoted})" if address else quoted

    def leaf(self, test: Test) -> Leaf:
        """TO_LOWER folds every letter, so what EQL says of letters beyond ASCII is another note."""
        leaf = super().leaf(test)
        if leaf.column.type == "string" and leaf.op in COMPARISONS:
            self.note(Note.of("TRI476", column=leaf.column.name))
        folded = leaf.op in _FOLDED and not str(leaf.value).isascii()
        if folded and str(leaf.value).lower() != str(leaf.value).upper():
            self.note(Note.of("TRI470", column=leaf.column.name))
        self.notes = [note for note in self.notes if note.code != NOTE_NON_ASCII_CASE]
        return leaf

    def given(self, column: Column) -> str:
        """The column has a value; as a conjunct of WHERE or CASE, where null counts as false."""
        return self.given_in(column.name, column.type)

    def given_in(self, name: str, kind: str) -> str:
        """A column of the pipeline has a value; as ``given``."""
        field = syntax.name(name)
        return f'{field} != ""' if kind == "string" else f"{field} IS NOT NULL"

    def text_of(self, column: Column) -> str:
        """The column as text."""
        field = syntax.name(column.name)
        return field if column.type == "string" else f"TO_STRING({field})"

    def compare(self, leaf: Leaf) -> str:
        """Field against field: a field that holds the other's value has one itself."""
        columns = (leaf.column, self.column(leaf.other))
        left, right = (f"TO_LOWER({self.text_of(column)})" for column in columns)
        test = _REFERENCES[leaf.op].format(left=left, right=right)
        names = [self.reference(column) for column in columns]
        guards = [name for name in names if self.below_not() and name not in self.valued]
        tests = [self.not_null.format(field=name) for name in dict.fromkeys(guards)]
        if columns[1].type == "string":
            tests.append(f'{names[1]} != ""')
        return f"({' AND '.join([*tests, test])})" if tests else test

    def compared_by(self, leaf: Leaf) -> Sequence[str]:
        if leaf.op not in _REFERENCES:
            return super().compared_by(leaf)
        return [self.reference(column) for column in (leaf.column, self.column(leaf.other))]

    def presence(self, leaf: Leaf) -> str:
        """Whether a field has a value; null is as good as false where no NOT stands before it."""
        if leaf.op is Op.PRESENT and not self.below_not():
            return self.given(leaf.column)
        return super().presence(leaf)


def textual(column: Column) -> Column:
    """A full-text field as what it is to ES|QL: its whole text ("ES|QL limitations", Full-text)."""
    return replace(column, type="string") if column.type == "text" else column


def lowered(pattern: str) -> str:
    """A case-insensitive Lucene pattern for a lower-cased value: its literal letters in lower
    case. Its classes hold both cases already, and lower-casing a range would change it.

    Raises:
        Refusal: TRI303 for a class with a capital letter beyond ASCII.
    """
    return "".join(map(_lowered, _REGEX_TOKEN.findall(pattern)))


def _lowered(token: str) -> str:
    if not token.startswith("["):
        return token.lower()
    lacking = [c for c in token if not c.isascii() and c.lower() not in (c, *token)]
    if lacking:
        raise Refusal("TRI303", f"ES|QL cannot ignore the case of {lacking[0]} in a class")
    return token
