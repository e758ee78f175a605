"""The one walk over a detection's condition, which writes each test from a target's table.

A target's class declares how each ``Op`` is written and how tests are joined. What its table does
not name is refused, and so is what its capability table does not: nothing is inherited that a
target has not said itself, which is why no class here comes from pySigma's ``TextQueryBackend``
(docs/sigma-cli.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import SigmaExpansion

from trident.mapping.binding import BoundSearch
from trident.mapping.profiles import Column
from trident.predicates.implied import reduced
from trident.predicates.layout import Enclosed, formatted, joined
from trident.predicates.leaf import Leaf, Op, read, read_keyword
from trident.result.capabilities import capability, detection_feature, unnamed
from trident.result.translation import Fidelity, Note
from trident.rule.tree import TESTS, Condition, Test, condition_tests, separate

Writer = str | Callable[[Any, Leaf], str]
"""How an ``Op`` is written: a template with ``{field}`` and ``{value}``, or a function of the
detections and the leaf."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a rendered detection: its text, and the condition leaves that it says together
    (several where a list or one regular expression holds them)."""

    leaves: tuple[object, ...]
    text: str


class Detections:
    """Writes the detections of bound searches as predicates of one language.

    One instance serves one translation: it gathers the notes and the features of what it writes.
    ``alone``: the query is of one search and no correlation, so that what its head asks for need
    not be tested again; a target may make use of that.
    """

    target: ClassVar[str]
    tests: ClassVar[Mapping[Op, Writer]]
    """How each test is written; ``{value}`` is what ``written`` makes of the leaf's."""
    and_token: ClassVar[str]
    or_token: ClassVar[str]
    not_form: ClassVar[str]
    """Negation around ``{}``."""
    widest: ClassVar[int] = 0
    """The most alternatives of one OR; more are written in groups. 0: any number."""

    bound: BoundSearch

    def __init__(self, alone: bool = False) -> None:
        self.alone = alone
        self.notes: list[Note] = []
        self.features: dict[str, None] = {}
        """The detection features of what was written, for the capability table."""
        self._negations = 0
        self._fragments: list[Fragment] | None = None
        self._said_by: Mapping[int, Sequence[Test]] = {}

    # ---- what renderers ask for

    def note(self, note: Note) -> None:
        """Keep a note for the translation, once."""
        if note not in self.notes:
            self.notes.append(note)

    def column(self, field: str) -> Column:
        """The native column that Sigma field ``field`` has on the search being rendered."""
        return self.bound.column(field)

    def predicate(self, search: BoundSearch, negated: bool = False) -> str:
        """The search's detection as one boolean expression over its native columns; ``negated``
        when it will stand below a ``not``.

        Raises:
            Refusal: when the target's language cannot say a part of it.
        """
        self.bound, self._negations = search, int(negated)
        reduction = reduced(
            search.plan.condition, lambda test: read(self.column(test.field), test.value)
        )
        self._said_by = reduction.said_by
        return self.whole(reduction.condition)

    def fragments(self, search: BoundSearch) -> tuple[Fragment, ...]:
        """The pieces that ``predicate`` puts together, in order, taken down while it does.

        Raises:
            Refusal: as ``predicate``.
        """
        self._fragments = []
        try:
            self.predicate(search)
            return tuple(self._fragments)
        finally:
            self._fragments = None

    # ---- what a target says of itself

    def typed(self, leaf: Leaf) -> Leaf:
        """The test that a leaf is on its column's type; the leaf itself by default.

        Raises:
            Refusal: TRI356 where the type has no such test.
        """
        return leaf

    def reference(self, column: Column) -> str:
        """The column as the language's expressions name it."""
        raise NotImplementedError

    def written(self, leaf: Leaf) -> str:
        """The value of a leaf as the language writes it."""
        raise NotImplementedError

    def any_of(self, leaves: Sequence[Leaf]) -> str | None:
        """One text for alternatives on one field, all of an OR; None to write each by itself."""
        return None

    def whole(self, condition: Condition) -> str:
        """The whole detection, as an operand of AND where the renderer adds other tests."""
        return self.text(condition)

    def grouped(self, outer: type[ConditionItem], inner: object) -> bool:
        """Whether a part stands in parentheses: an OR in anything but an OR, by precedence."""
        return outer is not ConditionOR and is_or(inner)

    # ---- the walk

    def text(self, condition: object) -> str:
        """A part of the condition as text, without parentheses around it."""
        start = len(self._fragments or ())
        text = self._text(condition)
        if self._fragments is not None:
            if not isinstance(condition, ConditionItem):
                del self._fragments[start:]  # the values of a leaf are no leaves of their own
            if len(self._fragments) == start:  # a leaf, or a list written in one
                self.record(condition_tests(condition), text)
        return text

    def _text(self, condition: object) -> str:
        # Tests first: what joins them is of an abstract class, which a pattern is slow on.
        if isinstance(condition, TESTS) and not isinstance(condition.value, SigmaExpansion):
            return self.test(self.leaf(condition))
        match condition:
            case ConditionAND():
                operands = [self.operand(ConditionAND, part) for part in condition.args]
                return joined(operands, self.and_token)
            case ConditionOR():
                return self.alternatives(condition.args)
            case ConditionNOT():
                return self.negation(condition.args[0])
            case ConditionFieldEqualsValueExpression(value=SigmaExpansion()):
                return self.expansion(separate(condition))
        assert isinstance(condition, ConditionValueExpression)
        return Enclosed("(", self.alternatives(separate(condition)), ")")

    def operand(self, outer: type[ConditionItem], part: object) -> str:
        """A part of an AND, OR or NOT."""
        return self.group(part) if self.grouped(outer, part) else self.text(part)

    def group(self, part: object) -> str:
        """A part in parentheses."""
        return Enclosed("(", self.text(part), ")")

    def negation(self, part: object) -> str:
        """The negation of a part."""
        self._negations += 1
        try:
            return formatted(self.not_form, self.negated(part))
        finally:
            self._negations -= 1

    def negated(self, part: object) -> str:
        """What stands inside of ``not_form``."""
        return self.text(part)

    def expansion(self, parts: Sequence[Test]) -> str:
        """The values that one value of the rule stands for (``windash``, ``base64offset``)."""
        return self.alternatives(parts)

    def listed(self, part: object) -> str | None:
        """An OR as one list of values, where it is one."""
        if isinstance(part, ConditionOR):
            return self.list_of(part.args)
        return self.list_of(separate(part)) if isinstance(part, Test) and is_or(part) else None

    def list_of(self, parts: Sequence[object]) -> str | None:
        """Alternatives as one list of values; None where they are none."""
        leaves = self._same_field(parts)
        return self.any_of(leaves) if leaves else None

    def alternatives(self, parts: Sequence[object]) -> str:
        """The parts of an OR."""
        if (listed := self.list_of(parts)) is not None:
            return listed
        return self.either([self.operand(ConditionOR, part) for part in parts])

    def either(self, operands: Sequence[str]) -> str:
        """The written parts of an OR, in groups where they are too many."""
        if not self.widest or len(operands) <= self.widest:
            return joined(operands, self.or_token)
        starts = range(0, len(operands), self.widest)
        groups = (operands[start : start + self.widest] for start in starts)
        return joined(
            [Enclosed("(", joined(group, self.or_token), ")") for group in groups], self.or_token
        )

    def _same_field(self, parts: Sequence[object]) -> list[Leaf]:
        """The leaves of parts that all test one field; [] for others."""
        tests = [
            part
            for part in parts
            if isinstance(part, ConditionFieldEqualsValueExpression)
            and not isinstance(part.value, SigmaExpansion)
        ]
        if len(tests) < len(parts) or len({test.field for test in tests}) != 1:
            return []
        return [self.leaf(test) for test in tests]

    def leaf(self, test: Test) -> Leaf:
        """The test that a part of the condition makes, on its column's type.

        Raises:
            Refusal: with the code of the target's capability table, or as ``typed``.
        """
        if isinstance(test, ConditionValueExpression):
            leaf = read_keyword(test.value)
        else:
            leaf = read(self.column(test.field), test.value)
        self._require(leaf)
        return self.typed(leaf)

    def test(self, leaf: Leaf) -> str:
        """One test, written from the table.

        Raises:
            Refusal: TRI306 for an ``Op`` that the table does not name.
        """
        writer = self.tests.get(leaf.op)
        if writer is None:
            raise unnamed(self.target, detection_feature(leaf.op))
        if not isinstance(writer, str):
            return writer(self, leaf)
        if leaf.op is Op.NEVER:
            return writer
        return writer.format(field=self.reference(leaf.column), value=self.written(leaf))

    def below_not(self) -> bool:
        """Whether what is being written stands below a negation, where null is not false."""
        return self._negations > 0

    def record(self, leaves: Sequence[object], text: str) -> None:
        """Take down a piece that ``text`` does not write as a whole."""
        if self._fragments is not None:
            implied = [test for leaf in leaves for test in self._said_by.get(id(leaf), ())]
            self._fragments.append(Fragment((*leaves, *implied), text))

    def _require(self, leaf: Leaf) -> None:
        feature = detection_feature(leaf.op)
        if feature not in self.features:
            cell = capability(self.target, feature)
            if cell.level is Fidelity.REFUSED:
                raise cell.refusal()
            self.features[feature] = None


def is_or(part: object) -> bool:
    """Whether a part is an OR; a test with several expanded values is one, too."""
    if isinstance(part, TESTS):
        return isinstance(part.value, SigmaExpansion)
    return isinstance(part, ConditionOR)


def flat(part: object, origin: object = None) -> Iterator[tuple[object, object]]:
    """The parts of an OR, those of an OR within it included, other conditions as they are; each
    with the part of the rule's tree that it comes from (a value of a list comes from its test)."""
    if isinstance(part, ConditionFieldEqualsValueExpression):
        if isinstance(part.value, SigmaExpansion):
            for each in separate(part):
                yield from flat(each, origin or part)
        else:
            yield part, origin or part
    elif isinstance(part, ConditionOR):
        for inner in part.args:
            yield from flat(inner)
    else:
        yield part, origin or part
