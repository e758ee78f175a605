"""Detections as KQL predicates: declared operators, and the choices a column's type makes."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.conversion.state import ConversionState
from sigma.types import (
    CompareOperators,
    SigmaCasedString,
    SigmaString,
    SpecialChars,
    TimestampPart,
)

from trident.base.diagnostics import Refusal
from trident.kql import syntax
from trident.kql.regexes import anchored, may_match_empty, plain_text, re2, wildcards
from trident.mapping.profiles import Column
from trident.meaning.detection import text
from trident.predicates.terms import bounded_words, whole_terms
from trident.predicates.text import DetectionBackend
from trident.result.translation import Note

NUMERIC = frozenset({"int", "long", "real", "decimal"})
_WIDEST = 200
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")


class KqlDetections(DetectionBackend):
    """Sigma detections in KQL.

    Operators: https://learn.microsoft.com/kusto/query/datatypes-string-operators. Strings are
    never null in Kusto; other types can be, and a comparison with null is null, so under a
    ``not`` those are guarded (docs/semantics.md, two-valued logic).
    """

    target: ClassVar[str] = "kql"
    name: ClassVar[str] = "Trident KQL (Microsoft Sentinel, Defender XDR)"
    precedence = (ConditionNOT, ConditionAND, ConditionOR)
    token_separator = " "
    group_expression = "({expr})"
    or_token = "or"
    and_token = "and"
    not_token = "not"
    eq_token = " == "
    convert_or_as_in = True
    list_separator = ", "
    field_not_exists_expression = ""  # unused text; tells pySigma that the method below exists

    string_operators: ClassVar[dict[str, tuple[str, str]]] = {
        # kind of match: (insensitive, cased)
        "equals": ("=~", "=="),
        "startswith": ("startswith", "startswith_cs"),
        "endswith": ("endswith", "endswith_cs"),
        "contains": ("contains", "contains_cs"),
        "in": ("in~", "in"),
    }
    compare_operators: ClassVar[Any] = {
        CompareOperators.LT: "<",
        CompareOperators.LTE: "<=",
        CompareOperators.GT: ">",
        CompareOperators.GTE: ">=",
        CompareOperators.NEQ: "!=",
    }
    timestamp_functions: ClassVar[dict[TimestampPart, str]] = {
        TimestampPart.MINUTE: 'datetime_part("minute", {field})',
        TimestampPart.HOUR: "hourofday({field})",
        TimestampPart.DAY: "dayofmonth({field})",
        TimestampPart.WEEK: "week_of_year({field})",
        TimestampPart.MONTH: "monthofyear({field})",
        TimestampPart.YEAR: "getyear({field})",
    }

    def escape_and_quote_field(self, field_name: str) -> str:
        return syntax.reference(self.column(field_name))

    def text_of(self, column: Column) -> str:
        """The column as text, for a string test on a column of another type."""
        quoted = syntax.reference(column)
        if column.type == "real":  # whether 404 is "404" or "404.0" is not documented
            return f'replace_regex(tostring({quoted}), @"\\.0+$", "")'
        return quoted if column.type == "string" else f"tostring({quoted})"

    def convert_condition_not(self, cond: ConditionNOT, state: ConversionState) -> str:
        inside = ConversionState(processing_state={"negated": True})
        return f"not({self.convert_condition(cond.args[0], inside)})"

    def convert_condition_or(self, cond: ConditionOR, state: ConversionState) -> str:
        """Kusto reads a chain of ``or`` one within the other, to a limited depth (KS245), so a
        long one is written in groups."""
        joined = super().convert_condition_or
        starts = range(0, len(cond.args), _WIDEST)
        if len(starts) < 2:
            return str(joined(cond, state))
        groups = [ConditionOR(cond.args[start : start + _WIDEST]) for start in starts]
        return " or ".join(f"({joined(group, state)})" for group in groups)

    def decide_convert_condition_as_in_expression(
        self, cond: ConditionOR | ConditionAND, state: ConversionState
    ) -> bool:
        """Only strings of one case rule, on one string column, without wildcards."""
        if not super().decide_convert_condition_as_in_expression(cond, state):
            return False
        leaves: list[Any] = list(cond.args)
        values = [leaf.value for leaf in leaves]
        kinds = {type(value) for value in values}
        if self.column(leaves[0].field).type != "string" or len(kinds) != 1:
            return False
        return kinds <= {SigmaString, SigmaCasedString} and all(value.s for value in values)

    def convert_condition_as_in_expression(
        self, cond: ConditionOR | ConditionAND, state: ConversionState
    ) -> str:
        leaves: list[Any] = list(cond.args)
        values = [leaf.value for leaf in leaves]
        operator = self._operator("in", values[0])
        listed = self.list_separator.join(syntax.literal(plain_text(value)) for value in values)
        return f"{self.escape_and_quote_field(leaves[0].field)} {operator} ({listed})"

    def convert_condition_field_eq_val_str(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        column = self.column(cond.field)
        if not value.contains_special():
            return self._equals(column, value, state)
        field = self.text_of(column)
        parts = list(value.s)
        first, last = (part is SpecialChars.WILDCARD_MULTI for part in (parts[0], parts[-1]))
        inner = value[1 if first else 0 : -1 if last and len(parts) > 1 else None]
        if len(parts) == 1 and first:
            return f"isnotempty({field})"
        if inner.contains_special():
            pattern = anchored(value)
            return self._guarded(field, f"{field} matches regex {syntax.literal(pattern)}", True)
        kind = {(True, True): "contains", (True, False): "endswith", (False, True): "startswith"}[
            first, last
        ]
        plain = plain_text(inner)
        if not plain:
            return f"isnotempty({field})"
        return f"{field} {self._operator(kind, value)} {syntax.literal(plain)}"

    convert_condition_field_eq_val_str_case_sensitive = convert_condition_field_eq_val_str

    def convert_condition_field_eq_val_num(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        column = self.column(cond.field)
        if column.type in NUMERIC:
            field = syntax.reference(column)
            return self._not_null(column, f"{field} == {syntax.number(value.number)}", state)
        return f"{self.text_of(column)} == {syntax.literal(text(value.number))}"

    def convert_condition_field_eq_val_bool(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        column, wanted = self.column(cond.field), text(bool(cond.value))
        if column.type == "bool":
            return self._not_null(column, f"{syntax.reference(column)} == {wanted}", state)
        return f'{self.text_of(column)} =~ "{wanted}"'

    def convert_condition_field_eq_val_re(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        field = self.text_of(self.column(cond.field))
        terms = whole_terms(value)
        if terms:
            self.note(Note.of("TRI410"))
            return self._has(field, terms)
        pattern = re2(value)
        if words := bounded_words(value):
            self.note(Note.of("TRI416", column=self.column(cond.field).name))
            return (
                f"({self._has(field, words)} and {field} matches regex {syntax.literal(pattern)})"
            )
        return self._guarded(
            field, f"{field} matches regex {syntax.literal(pattern)}", may_match_empty(value)
        )

    def convert_condition_field_eq_val_cidr(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        field = self.text_of(self.column(cond.field))
        network = ipaddress.ip_network(value.cidr)
        self.note(Note.of("TRI415", column=self.column(cond.field).name))
        if network.version == 6:
            test = f"ipv6_is_in_range({field}, {syntax.literal(str(network))})"
            return f"coalesce({test}, false)" if self._negated(state) else test
        low, high = int(network.network_address), int(network.broadcast_address)
        test = f"parse_ipv4({field}) between ({low} .. {high})"
        return f"coalesce({test}, false)" if self._negated(state) else test

    def convert_condition_field_compare_op_val(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        column = self.column(cond.field)
        quoted = syntax.reference(column)
        number = quoted if column.type in NUMERIC else f"todouble({self.text_of(column)})"
        if column.type not in NUMERIC:
            self.note(Note.of("TRI414", column=column.name))
        operator = self.compare_operators[value.op]
        test = f"{number} {operator} {syntax.number(value.number.number)}"
        # A comparison with null filters the row, except !=, which is true.
        if self._negated(state) or value.op is CompareOperators.NEQ:
            return f"(isnotnull({number}) and {test})"
        return test

    def convert_condition_field_eq_val_timestamp_part(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        column = self.column(cond.field)
        quoted = syntax.reference(column)
        time = quoted if column.type == "datetime" else f"todatetime({self.text_of(column)})"
        part = self.timestamp_functions[value.timestamp_part].format(field=time)
        return f"(isnotnull({time}) and {part} == {value.number})"

    def convert_condition_field_eq_field(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        reference: Any = cond.value
        left = self.text_of(self.column(cond.field))
        right = self.text_of(self.column(reference.field))
        kind = {
            (False, False): "equals",
            (True, False): "startswith",
            (False, True): "endswith",
            (True, True): "contains",
        }[reference.starts_with, reference.ends_with]
        operator = self.string_operators[kind][0]
        return f"(isnotempty({left}) and isnotempty({right}) and {left} {operator} {right})"

    def convert_condition_field_eq_val_null(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        return self.missing(self.column(cond.field))

    def convert_condition_field_exists(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        return self.present(self.column(cond.field))

    def convert_condition_field_not_exists(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        return self.missing(self.column(cond.field))

    def convert_condition_val_str(
        self, cond: ConditionValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        plain = plain_text(value) if isinstance(value, SigmaString) else text(value.number)
        if isinstance(value, SigmaString) and value.contains_special():
            pattern = f"(?is){wildcards(value)}"
            return self._anywhere(f"matches regex {syntax.literal(pattern)}", plain)
        operator = self.string_operators["contains"][isinstance(value, SigmaCasedString)]
        return self._anywhere(
            f"{operator} {syntax.literal(plain)}",
            plain,
            # A dynamic column is searched as JSON text, in which these characters are escaped.
            f"{operator} {syntax.literal(json.dumps(plain, ensure_ascii=False)[1:-1])}",
        )

    convert_condition_val_num = convert_condition_val_str

    def convert_condition_val_re(
        self, cond: ConditionValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        if may_match_empty(value):
            raise Refusal("TRI302", "a keyword expression that matches nothing finds every event")
        return self._anywhere(f"matches regex {syntax.literal(re2(value))}", "0")

    def _anywhere(self, test: str, wanted: str, in_json: str = "") -> str:
        """A test on the text of any column: ``* contains`` reads string columns only, so each
        column is named; numbers are read where the keyword could be in one."""
        kinds = {"string", "dynamic", "bool"}
        if any(char.isdigit() for char in wanted):
            kinds |= NUMERIC
        columns = self.bound.source.table.columns.items()
        tests = [
            f"{self.text_of(Column(name, kind))} {in_json or test if kind == 'dynamic' else test}"
            for name, kind in columns
            if kind in kinds
        ]
        self.note(Note.of("TRI413"))
        return f"({' or '.join(tests)})"

    def present(self, column: Column) -> str:
        """The column has a value: not null, and for a string not empty."""
        function = "isnotempty" if column.type in ("string", "dynamic") else "isnotnull"
        return f"{function}({syntax.reference(column)})"

    def missing(self, column: Column) -> str:
        """The opposite of ``present``; ``isnull`` of a string is always false."""
        return f"is{self.present(column)[5:]}"

    def _has(self, field: str, terms: Sequence[str]) -> str:
        """The field holds one of the terms; Kusto's term index answers it."""
        listed = self.list_separator.join(map(syntax.literal, terms))
        return (
            f"{field} has_any (dynamic([{listed}]))" if len(terms) > 1 else f"{field} has {listed}"
        )

    def _operator(self, kind: str, value: SigmaString) -> str:
        return self.string_operators[kind][isinstance(value, SigmaCasedString)]

    def _equals(self, column: Column, value: SigmaString, state: ConversionState) -> str:
        plain = plain_text(value)
        if not plain:
            return self.missing(column)
        if column.type in NUMERIC and _DECIMAL.fullmatch(plain):
            if column.type == "real" and text(float(plain)) != plain:
                return "false"  # more digits than a double has
            return self._not_null(column, f"{syntax.reference(column)} == {plain}", state)
        if column.type == "bool" and plain.lower() in ("true", "false"):
            field = syntax.reference(column)
            return self._not_null(column, f"{field} == {plain.lower()}", state)
        return f"{self.text_of(column)} {self._operator('equals', value)} {syntax.literal(plain)}"

    def _not_null(self, column: Column, test: str, state: ConversionState) -> str:
        if not self._negated(state):
            return test
        return f"(isnotnull({syntax.reference(column)}) and {test})"

    @staticmethod
    def _negated(state: ConversionState) -> bool:
        return bool(state.processing_state.get("negated"))

    @staticmethod
    def _guarded(field: str, test: str, needed: bool) -> str:
        """A regex that matches the empty string must not match a missing value."""
        return f"(isnotempty({field}) and {test})" if needed else test
