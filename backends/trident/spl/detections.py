"""Detections as predicates of ``where`` and ``eval``: exact, never cut short.

A missing field is null in SPL and may be "" as well; comparing null gives null. ``where`` keeps
the rows whose expression is true, and so do ``case`` and ``if``, which take what follows a
condition that is true and the next or last argument otherwise. So a null changes nothing in the
tests that must all hold, and these read the field as it is; nor does it in alternatives of one
field of one kind, which are all null together. What ``NOT`` makes of a null, and ``OR`` of one
beside a true test, no page says: in there every test is one that is never null, a text read as
``coalesce(field, "")``, a numeric test as ``if(test, 1, 0) == 1``. Sources: Splunk Search
Reference, *where*, *head* (a comparison with a field that does not exist is NULL), *Comparison
and conditional functions*, *eval* (operators), *Conversion functions* (``tonumber``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
)
from sigma.types import SpecialChars

from trident.base.diagnostics import Refusal
from trident.mapping.profiles import Column
from trident.meaning.detection import number, text
from trident.predicates.leaf import COMPARISONS, TEXT, Leaf, Op, read
from trident.predicates.walk import Detections, Writer, flat
from trident.result.translation import Note
from trident.rule.tree import Condition, condition_tests
from trident.spl import regex, syntax
from trident.spl.alternation import Pattern, alternation
from trident.spl.needed import NUMERIC, Needed, is_numeric, needed
from trident.spl.prefilter import said_exactly
from trident.spl.tokens import conjunction, disjunction, negation, operators

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
    """``tonumber`` of what is no number is null."""
    column, value = leaf.column, leaf.number
    if leaf.op is Op.NUMBER and column.type not in NUMERIC:
        # lower() gives a text: a field that looks like a number would compare as one.
        return f"lower({spl.reference(column)})=={syntax.literal(text(value))}"
    if column.type not in ("int", "long") or abs(value) >= syntax.EXACT:
        spl.note(Note.of("TRI434", column=column.name))
    operator = _COMPARE[leaf.op]
    test = f"tonumber({spl.quoted(column)}){operator}{syntax.number(value)}"
    return test if spl.has_number(column) else spl.sure(test)


def _boolean(spl: SplDetections, leaf: Leaf) -> str:
    return f'lower({spl.reference(leaf.column)})=="{text(leaf.number)}"'


def _regex(spl: SplDetections, leaf: Leaf) -> str:
    subject = spl.reference(leaf.column)
    test = spl.match(subject, regex.pcre(leaf.expression))
    return f'({subject}!="" AND {test})' if regex.may_match_empty(leaf.expression) else test


def _network(spl: SplDetections, leaf: Leaf) -> str:
    """What ``cidrmatch`` makes of a text that is no address no page says: false or null."""
    return spl.sure(f"cidrmatch({spl.written(leaf)},{spl.reference(leaf.column)})")


def _field(spl: SplDetections, leaf: Leaf) -> str:
    """Two missing fields are not the same: a test on a missing field is false."""
    left, right = spl.never_null(leaf.column), spl.never_null(spl.column(leaf.other))
    test = _REFERENCES[leaf.op].format(left=left, right=right)
    return f'({left}!="" AND {right}!="" AND {test})'


_TESTS: Mapping[Op, Writer] = {
    **dict.fromkeys(TEXT, _text),
    **dict.fromkeys((Op.REGEX, Op.REGEX_CASED), _regex),
    **dict.fromkeys((Op.NUMBER, *COMPARISONS), _number),
    Op.BOOLEAN: _boolean,
    Op.CIDR: _network,
    **dict.fromkeys(_REFERENCES, _field),
    # The field is read as "" where it is missing, so one comparison says both.
    Op.MISSING: lambda spl, leaf: f'{spl.never_null(leaf.column)}==""',
    Op.PRESENT: lambda spl, leaf: f'{spl.reference(leaf.column)}!=""',
}


class SplDetections(Detections):
    """Sigma detections in SPL. ``{field}`` in the table is the field's text; where a null could
    change what the tests around make of it, "" stands for a missing one."""

    target: ClassVar[str] = "spl"
    tests: ClassVar[Mapping[Op, Writer]] = _TESTS
    and_token: ClassVar[str] = "AND"
    not_form: ClassVar[str] = "{}"

    def __init__(self, alone: bool = False) -> None:
        super().__init__(alone)
        self._two_valued = 0
        """How many parts around what is being written take nothing but true and false."""
        self._needed: Needed = frozenset()

    def reference(self, column: Column) -> str:
        is_null = self._two_valued and (column, False) not in self._needed
        return self.never_null(column) if is_null else self.quoted(column)

    def never_null(self, column: Column) -> str:
        """The field's text, "" where it is missing."""
        return f'coalesce({self.quoted(column)},"")'

    def has_number(self, column: Column) -> bool:
        """Whether the detection asks for the column's number anyway."""
        return (column, True) in self._needed

    def sure(self, test: str) -> str:
        """A test that may be null: true or false where nothing else will do."""
        return f"if({test},1,0)==1" if self._two_valued else test

    def operand(self, outer: type[ConditionItem], part: object) -> str:
        text = self.text(part)
        return f"({text})" if outer is ConditionAND and "OR" in operators(text) else text

    def negation(self, part: object) -> str:
        with self._guarded():
            return super().negation(part)

    def negated(self, part: object) -> str:
        return negation(self.text(part))

    def alternatives(self, parts: Sequence[object]) -> str:
        """The parts of an OR, those of an OR within it included; what the text of one field can
        be is one test."""
        lists: dict[object, list[tuple[object, object]]] = {}
        leaves: dict[int, Leaf] = {}
        for part, origin in (pair for each in parts for pair in flat(each)):
            alike: object = object()
            if isinstance(part, ConditionFieldEqualsValueExpression):
                leaf = leaves[id(part)] = self.leaf(part)
                alike = (leaf.column, leaf.cased) if leaf.pattern is not None else alike
            lists.setdefault(alike, []).append((part, origin))
        kinds = {(leaf.column, _kind(leaf)) for leaf in leaves.values()}
        if len(kinds) == 1 and len(leaves) == sum(map(len, lists.values())):
            return disjunction(self._any(lists.values(), leaves))
        with self._guarded():
            return disjunction(self._any(lists.values(), leaves))

    def _any(
        self, lists: Iterable[Sequence[tuple[object, object]]], leaves: Mapping[int, Leaf]
    ) -> list[str]:
        """Tests of which one must hold: of each list one, or as few as say it; a part stands with
        the one of the rule that it comes from."""
        tests: list[str] = []
        for listed in lists:
            first, _ = listed[0]
            if id(first) not in leaves:
                tests.append(self.text(first))
                continue
            alike = [leaves[id(part)] for part, _ in listed]
            texts = [self.test(alike[0])] if alike[0].pattern is None else self.texts(alike)
            self.record([origin for _, origin in listed], disjunction(texts))
            tests += texts
        return tests

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        self._two_valued += 1
        try:
            yield
        finally:
            self._two_valued -= 1

    def quoted(self, column: Column) -> str:
        """The Splunk field of a column, as expressions write it."""
        return syntax.field(syntax.native(column))

    def written(self, leaf: Leaf) -> str:
        return syntax.literal(leaf.text)

    def whole(self, condition: Condition) -> str:
        """The detection without what the search before the first pipe says exactly, where that is
        all that the query reads; "" when that is everything."""
        self._needed = needed(condition, lambda test: read(self.column(test.field), test.value))
        operands = []
        for part in _all_of(condition):
            term = said_exactly(self.bound, part) if self.alone else None
            if term is None:
                operands.append(self.text(part))
                continue
            said = condition_tests(part)
            for test in said:
                self.leaf(test)
            self.record(said, str(term))
        return conjunction(operands)

    def texts(self, leaves: Sequence[Leaf]) -> list[str]:
        """Tests of which one must hold: the field is one of the texts, all of one case rule."""
        subject, cased = self.reference(leaves[0].column), leaves[0].cased
        tests: list[str] = []
        patterns: list[Pattern] = []
        for leaf in leaves:
            if leaf.op is Op.MISSING:
                tests.append(f'{self.never_null(leaf.column)}==""')
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
        for chunk in _chunks(patterns):
            together = alternation(chunk)
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


def _all_of(condition: object) -> Iterator[object]:
    """The parts that must all hold."""
    if isinstance(condition, ConditionAND):
        for part in condition.args:
            yield from _all_of(part)
    else:
        yield condition


def _kind(leaf: Leaf) -> str:
    """Tests of one field and one kind are null together, where the field is missing or no number.
    A test for a missing field is never null; each network may be for addresses of its own."""
    if leaf.op in (Op.MISSING, Op.CIDR):
        return f"{leaf.op} {leaf.value}"
    return "number" if is_numeric(leaf) else "text"


def _is_comparable(leaf: Leaf) -> bool:
    """Whether ``==`` compares texts: a field that looks like a number may compare as one with a
    text that does, unless a function has made a text of it (as ``lower`` does)."""
    if leaf.op not in (Op.EQUALS, Op.EQUALS_CASED) or not syntax.is_plain(leaf.text):
        return False
    return not (leaf.cased and number(leaf.text) is not None)


def _chunks(patterns: Sequence[Pattern]) -> list[list[Pattern]]:
    """The patterns in lists, none longer as an alternation than a pattern may be."""
    chunks: list[list[Pattern]] = []
    left = 0
    for pattern in patterns:
        size = len("".join(pattern).encode()) + len("|")
        if size > left:
            chunks.append([])
            left = regex.LONGEST
        chunks[-1].append(pattern)
        left -= size
    return chunks
