"""Detections as predicates of ``where`` and ``eval``: two-valued, exact, never cut short.

A missing field is null in SPL and may be "" as well; comparing null gives null, which ``NOT``
does not turn into true. So every test here is one that never gives null: text is read as
``coalesce(field, "")``, a numeric test as ``if(test, 1, 0) == 1`` (``if`` takes its last argument
when the test is null). Sources: Splunk Search Reference, *Comparison and conditional functions*,
*eval* (operators), *Conversion functions* (``tonumber``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from sigma.conditions import ConditionAND, ConditionItem, ConditionOR
from sigma.types import SpecialChars

from trident.base.diagnostics import Refusal
from trident.mapping.profiles import Column
from trident.meaning.detection import number, text
from trident.predicates.leaf import COMPARISONS, TEXT, Leaf, Op
from trident.predicates.walk import Detections, Writer
from trident.result.translation import Note
from trident.rule.tree import Test
from trident.spl import regex, syntax

NUMERIC = frozenset({"int", "long", "real"})
_EXACT = 2**53
"""Up to here a double holds every whole number."""
_DOT = re.compile(r"(?<!\[)\.")
_COMPARE: Mapping[Op, str] = {
    Op.NUMBER: "==",
    Op.LT: "<",
    Op.LTE: "<=",
    Op.GT: ">",
    Op.GTE: ">=",
}
_REFERENCES: Mapping[Op, str] = {
    Op.FIELD: "lower({left})==lower({right})",
    Op.FIELD_STARTSWITH: "substr(lower({left}),1,len({right}))==lower({right})",
    Op.FIELD_ENDSWITH: ("substr(lower({left}),max(1,len({left})-len({right})+1))==lower({right})"),
}


def _text(spl: SplDetections, leaf: Leaf) -> str:
    (test,) = spl.texts([leaf])
    return test


def _number(spl: SplDetections, leaf: Leaf) -> str:
    """``if`` makes of a null, where the field is no number, what is false."""
    column, value = leaf.column, leaf.number
    if leaf.op is Op.NUMBER and column.type not in NUMERIC:
        # lower() gives a text: a field that looks like a number would compare as one.
        return f"lower({spl.reference(column)})=={syntax.literal(text(value))}"
    if column.type not in ("int", "long") or abs(value) >= _EXACT:
        spl.note(Note.of("TRI434", column=column.name))
    operator = _COMPARE[leaf.op]
    return f"if(tonumber({spl.quoted(column)}){operator}{syntax.number(value)},1,0)==1"


def _boolean(spl: SplDetections, leaf: Leaf) -> str:
    return f'lower({spl.reference(leaf.column)})=="{text(leaf.number)}"'


def _regex(spl: SplDetections, leaf: Leaf) -> str:
    subject = spl.reference(leaf.column)
    test = spl.match(subject, regex.pcre(leaf.expression))
    return f'({subject}!="" AND {test})' if regex.may_match_empty(leaf.expression) else test


def _field(spl: SplDetections, leaf: Leaf) -> str:
    """Two missing fields are not the same: a test on a missing field is false."""
    left, right = spl.reference(leaf.column), spl.reference(spl.column(leaf.other))
    test = _REFERENCES[leaf.op].format(left=left, right=right)
    return f'({left}!="" AND {right}!="" AND {test})'


_TESTS: Mapping[Op, Writer] = {
    **dict.fromkeys(TEXT, _text),
    **dict.fromkeys((Op.REGEX, Op.REGEX_CASED), _regex),
    **dict.fromkeys((Op.NUMBER, *COMPARISONS), _number),
    Op.BOOLEAN: _boolean,
    # cidrmatch of a text that is no address is null, which if() makes false.
    Op.CIDR: "if(cidrmatch({value},{field}),1,0)==1",
    **dict.fromkeys(_REFERENCES, _field),
    # The field is read as "" where it is missing, so one comparison says both.
    Op.MISSING: lambda spl, leaf: f'{spl.reference(leaf.column)}==""',
    Op.PRESENT: lambda spl, leaf: f'{spl.reference(leaf.column)}!=""',
}


class SplDetections(Detections):
    """Sigma detections in SPL. ``{field}`` in the table is the field's text, "" where missing."""

    target: ClassVar[str] = "spl"
    tests: ClassVar[Mapping[Op, Writer]] = _TESTS
    and_token: ClassVar[str] = "AND"
    or_token: ClassVar[str] = "OR"
    not_form: ClassVar[str] = "NOT ({})"

    def reference(self, column: Column) -> str:
        return f'coalesce({self.quoted(column)},"")'

    def quoted(self, column: Column) -> str:
        """The Splunk field of a column, as expressions write it."""
        return syntax.field(syntax.native(column))

    def written(self, leaf: Leaf) -> str:
        return syntax.literal(leaf.text)

    def grouped(self, outer: type[ConditionItem], inner: object) -> bool:
        """Parentheses always: ``search`` and ``where`` rank AND and OR the opposite way."""
        return isinstance(inner, ConditionAND | ConditionOR)

    def expansion(self, parts: Sequence[Test]) -> str:
        return f"({self.alternatives(parts)})"

    def any_of(self, leaves: Sequence[Leaf]) -> str | None:
        """One regular expression for the texts of a list instead of one test each."""
        if any(leaf.pattern is None for leaf in leaves):
            return None
        ordered = sorted(leaves, key=lambda leaf: leaf.cased)
        tests = [
            test
            for _, alike in groupby(ordered, lambda leaf: leaf.cased)
            for test in self.texts(list(alike))
        ]
        return " OR ".join(tests)

    def texts(self, leaves: Sequence[Leaf]) -> list[str]:
        """Tests of which one must hold: the field is one of the texts, all of one case rule."""
        subject, cased = self.reference(leaves[0].column), leaves[0].cased
        tests, patterns = [], []
        for leaf in leaves:
            if leaf.op is Op.MISSING:
                tests.append(f'{subject}==""')
            elif leaf.op is Op.PRESENT:
                tests.append(f'{subject}!=""')
            elif _is_comparable(leaf) and len(leaves) == 1:
                tests.append(
                    f"{subject}=={syntax.literal(leaf.text)}"
                    if cased
                    else f"lower({subject})=={syntax.literal(leaf.text.lower())}"
                )
            else:
                patterns.append(regex.pattern(leaf.parts))
                if SpecialChars.WILDCARD_SINGLE in leaf.parts.s:
                    self.note(Note.of("TRI432"))
        for together in _chunks(patterns):
            if regex.is_too_long(together):
                raise Refusal("TRI301", f"PCRE takes no pattern of {len(together)} characters")
            flags = ("" if cased else "i") + ("s" if _DOT.search(together) else "")
            tests.append(self.match(subject, f"(?{flags}){together}" if flags else together))
        return tests

    def match(self, subject: str, pattern: str) -> str:
        """The test that a regular expression finds something in the subject."""
        if not pattern.isascii():
            self.note(Note.of("TRI432"))
        return f"match({subject},{syntax.pattern(pattern)})"


def _is_comparable(leaf: Leaf) -> bool:
    """Whether ``==`` compares texts: a field that looks like a number may compare as one with a
    text that does, unless a function has made a text of it (as ``lower`` does)."""
    if leaf.op not in (Op.EQUALS, Op.EQUALS_CASED) or not syntax.is_plain(leaf.text):
        return False
    return not (leaf.cased and number(leaf.text) is not None)


def _chunks(patterns: Sequence[str]) -> list[str]:
    """Alternations, none longer than a pattern may be."""
    chunks: list[str] = []
    for pattern in patterns:
        longer = f"{chunks[-1]}|{pattern}" if chunks else pattern
        if chunks and not regex.is_too_long(longer):
            chunks[-1] = longer
        else:
            chunks.append(pattern)
    return chunks
