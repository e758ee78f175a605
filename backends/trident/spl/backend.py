"""Detections as predicates of ``where`` and ``eval``: two-valued, exact, never cut short.

A missing field is null in SPL and may be "" as well; comparing null gives null, which ``NOT``
does not turn into true. So every test here is one that never gives null: text is read as
``coalesce(field, "")``, a numeric test as ``if(test, 1, 0) == 1`` (``if`` takes its last argument
when the test is null). Sources: Splunk Search Reference, *Comparison and conditional functions*,
*eval* (operators), *Conversion functions* (``tonumber``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
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
)

from trident.base.diagnostics import Refusal
from trident.meaning.detection import number, text
from trident.predicates.text import DetectionBackend
from trident.result.translation import Note
from trident.spl import regex, syntax

NUMERIC = frozenset({"int", "long", "real"})
_EXACT = 2**53
"""Up to here a double holds every whole number."""
_DOT = re.compile(r"(?<!\[)\.")


class SplDetections(DetectionBackend):
    """Sigma detections in SPL."""

    target: ClassVar[str] = "spl"
    name: ClassVar[str] = "Trident SPL (Splunk)"
    precedence = (ConditionNOT, ConditionAND, ConditionOR)
    token_separator = " "
    group_expression = "({expr})"
    or_token = "OR"
    and_token = "AND"
    not_token = "NOT"
    eq_token = "=="
    convert_or_as_in = True
    in_expressions_allow_wildcards = True
    bool_values: ClassVar[dict[bool, str | None]] = {True: "true", False: "false"}
    cidr_expression = "if(cidrmatch({value},{field}),1,0)==1"
    number_expression = "if(tonumber({field}){operator}{value},1,0)==1"
    field_null_expression = '{field}==""'
    field_exists_expression = '{field}!=""'
    field_not_exists_expression = '{field}==""'
    compare_operators: ClassVar[Any] = {
        CompareOperators.LT: "<",
        CompareOperators.LTE: "<=",
        CompareOperators.GT: ">",
        CompareOperators.GTE: ">=",
        CompareOperators.NEQ: "!=",
    }
    reference_expressions: ClassVar[dict[tuple[bool, bool], str]] = {
        # (starts_with, ends_with): a test on two fields that are not missing
        (False, False): "lower({left})==lower({right})",
        (True, False): "substr(lower({left}),1,len({right}))==lower({right})",
        (False, True): "substr(lower({left}),max(1,len({left})-len({right})+1))==lower({right})",
    }

    def escape_and_quote_field(self, field_name: str) -> str:
        """The field's text, "" where it is missing."""
        return f'coalesce({self.quoted(field_name)},"")'

    def quoted(self, field_name: str) -> str:
        """The Splunk field of a Sigma field, as expressions write it."""
        return syntax.field(syntax.native(self.column(field_name)))

    def convert_condition_not(self, cond: ConditionNOT, state: ConversionState) -> str:
        return f"NOT ({self.convert_condition(cond.args[0], state)})"

    def convert_condition_group(self, cond: Any, state: ConversionState) -> str:
        return f"({self.convert_condition(cond, state)})"

    def compare_precedence(self, outer: Any, inner: Any) -> bool:
        """Parentheses always: ``search`` and ``where`` rank AND and OR the opposite way."""
        return not isinstance(inner, ConditionAND | ConditionOR)

    def convert_condition_field_eq_expansion(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        parts: list[Any] = [
            ConditionFieldEqualsValueExpression(cond.field, v) for v in value.values
        ]
        return self.convert_condition_group(ConditionOR(parts), state)

    def decide_convert_condition_as_in_expression(
        self, cond: ConditionOR | ConditionAND, state: ConversionState
    ) -> bool:
        parts: list[Any] = list(cond.args)
        return super().decide_convert_condition_as_in_expression(cond, state) and all(
            isinstance(part.value, SigmaString) for part in parts
        )

    def convert_condition_as_in_expression(
        self, cond: ConditionOR | ConditionAND, state: ConversionState
    ) -> str:
        """One regular expression for the strings of a list instead of one test each."""
        parts: list[Any] = list(cond.args)
        subject = self.escape_and_quote_field(parts[0].field)
        values: list[SigmaString] = sorted((part.value for part in parts), key=_is_cased)
        tests = [
            test
            for _, alike in groupby(values, _is_cased)
            for test in self._strings(subject, list(alike))
        ]
        return " OR ".join(tests)

    def convert_condition_field_eq_val_str(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        (test,) = self._strings(self.escape_and_quote_field(cond.field), [value])
        return test

    convert_condition_field_eq_val_str_case_sensitive = convert_condition_field_eq_val_str

    def convert_condition_field_eq_val_num(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        if self.column(cond.field).type in NUMERIC:
            return self._number(cond.field, "==", value.number)
        # lower() gives a text: a field that looks like a number would compare as one.
        wanted = syntax.literal(text(value.number))
        return f"lower({self.escape_and_quote_field(cond.field)})=={wanted}"

    def convert_condition_field_eq_val_bool(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        wanted = self.bool_values[bool(cond.value)]
        return f'lower({self.escape_and_quote_field(cond.field)})=="{wanted}"'

    def convert_condition_field_eq_val_re(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        subject = self.escape_and_quote_field(cond.field)
        test = self._match(subject, regex.pcre(value))
        return f'({subject}!="" AND {test})' if regex.may_match_empty(value) else test

    def convert_condition_field_eq_val_cidr(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        return self.cidr_expression.format(
            field=self.escape_and_quote_field(cond.field), value=syntax.literal(value.cidr)
        )

    def convert_condition_field_compare_op_val(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        value: Any = cond.value
        return self._number(cond.field, self.compare_operators[value.op], value.number.number)

    def convert_condition_field_eq_field(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        reference: Any = cond.value
        expression = self.reference_expressions.get((reference.starts_with, reference.ends_with))
        if expression is None:
            raise Refusal("TRI305", "SPL has no plain test that one field's text holds another's")
        left = self.escape_and_quote_field(cond.field)
        right = self.escape_and_quote_field(reference.field)
        test = expression.format(left=left, right=right)
        return f'({left}!="" AND {right}!="" AND {test})'

    def convert_condition_field_eq_val_timestamp_part(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        raise Refusal("TRI305", "the zone of a time in a text field is not known to SPL")

    def convert_condition_field_eq_query_expr(
        self, cond: ConditionFieldEqualsValueExpression, state: ConversionState
    ) -> str:
        raise Refusal("TRI305", "a query expression has no meaning in SPL's where")

    def convert_condition_query_expr(
        self, cond: ConditionValueExpression, state: ConversionState
    ) -> str:
        raise Refusal("TRI305", "a query expression has no meaning in SPL's where")

    def convert_condition_val_str(
        self, cond: ConditionValueExpression, state: ConversionState
    ) -> str:
        raise Refusal(
            "TRI302",
            "the raw text of a record also holds the names of its fields, and values escaped: "
            "a keyword there is not a keyword in a field",
        )

    convert_condition_val_num = convert_condition_val_str
    convert_condition_val_re = convert_condition_val_str

    def _number(self, field: str, operator: str, value: int | float) -> str:
        column = self.column(field)
        if column.type not in ("int", "long") or abs(value) >= _EXACT:
            self.note(Note.of("TRI434", column=column.name))
        return self.number_expression.format(
            field=self.quoted(field),
            operator=operator,
            value=syntax.number(value),
        )

    def _strings(self, subject: str, values: Sequence[SigmaString]) -> list[str]:
        """Tests of which one must hold: ``subject`` is one of ``values``, all of one case rule."""
        cased = _is_cased(values[0])
        tests, patterns = [], []
        for value in values:
            plain = None if value.contains_special() else "".join(map(str, value.s))
            if plain == "":
                tests.append(f'{subject}==""')
            elif set(value.s) == {SpecialChars.WILDCARD_MULTI}:
                tests.append(f'{subject}!=""')
            elif plain is not None and len(values) == 1 and _is_comparable(plain, cased):
                tests.append(
                    f"{subject}=={syntax.literal(plain)}"
                    if cased
                    else f"lower({subject})=={syntax.literal(plain.lower())}"
                )
            else:
                patterns.append(regex.pattern(value))
                if SpecialChars.WILDCARD_SINGLE in value.s:
                    self.note(Note.of("TRI432"))
        for together in _chunks(patterns):
            if regex.is_too_long(together):
                raise Refusal("TRI301", f"PCRE takes no pattern of {len(together)} characters")
            flags = ("" if cased else "i") + ("s" if _DOT.search(together) else "")
            tests.append(self._match(subject, f"(?{flags}){together}" if flags else together))
        return tests

    def _match(self, subject: str, pattern: str) -> str:
        if not pattern.isascii():
            self.note(Note.of("TRI432"))
        return f"match({subject},{syntax.pattern(pattern)})"


def _is_comparable(plain: str, cased: bool) -> bool:
    """Whether ``==`` compares texts: a field that looks like a number may compare as one with a
    text that does, unless a function has made a text of it (as ``lower`` does)."""
    return syntax.is_plain(plain) and not (cased and number(plain) is not None)


def _is_cased(value: object) -> bool:
    return isinstance(value, SigmaCasedString)


def _chunks(patterns: Sequence[str]) -> list[str]:
    """Alternations, none longer than a pattern may be."""
    found: list[str] = []
    for pattern in patterns:
        longer = f"{found[-1]}|{pattern}" if found else pattern
        if found and not regex.is_too_long(longer):
            found[-1] = longer
        else:
            found.append(pattern)
    return found
