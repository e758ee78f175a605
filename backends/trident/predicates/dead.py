"""Parts of a detection that no event can satisfy: by their tests, or by what events hold.

A detection is read as clauses (``clauses.py``). A literal is out when a whole clause excludes it;
a clause whose literals are all out makes what it belongs to dead. Every step is certain by the
reference meaning, so what is called dead is dead; what takes more than such steps to show stays
open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from trident.mapping.known import Kinds, Known
from trident.predicates.clauses import (
    Clause,
    Literal,
    Part,
    common,
    flatten,
    kinds_left,
    whole_text,
)
from trident.predicates.values import Missing, Reading, exclude, include, within

_REMOVES_NOTHING = ": a filter that removes nothing"
_SHOWN = 3
"""How many tests a reason lists of each clause."""

_PAIRS = 200_000
"""Pairs of literals that are compared for one conjunction; one with more stays open."""


class Kind(StrEnum):
    """Why a part is dead."""

    EXCLUDED = "excluded"
    FILTERED = "filtered"
    ABSENT = "absent"
    UNHELD = "unheld"


@dataclass(frozen=True, slots=True)
class Dead:
    """A part that no event satisfies: why, in words, and the field that the reason is about.

    ``lacking`` is the field or value that the events never have, where that is why, and ``instead``
    are those that they have. ``whole``: no event satisfies the detection because of it.
    """

    kind: Kind
    field: str
    reason: str
    lacking: str = ""
    instead: tuple[str, ...] = ()
    whole: bool = False


def dead_parts(condition: object, known: Known | None = None) -> list[Dead]:
    """Every part of the condition that no event can satisfy, each reason once."""
    search = _Search(known)
    fatal = search.whole(condition)
    parts = [replace(each, whole=each in fatal) for each in search.parts]
    return list(dict.fromkeys(parts))


def why_none(condition: object, known: Known | None = None) -> str:
    """Why no event satisfies the condition as a whole; "" where one may."""
    search = _Search(known, filters=False)
    return next((each.reason for each in search.whole(condition)), "")


def implies(narrow: object, wide: object) -> bool:
    """Whether it is certain that each event that satisfies ``narrow`` satisfies ``wide``, and
    nothing shows that none does."""
    search = _Search(None, filters=False)
    clauses = flatten((narrow, True)).all
    if search.dead((narrow, True), (), None):
        return False
    return bool(search.dead((wide, False), tuple(clauses), None))


def required_kinds(condition: object, known: Known) -> Kinds | None:
    """The kinds of events that a condition leaves of those known; None where any may be."""
    return common(known.kinds, kinds_left(flatten((condition, True)), known.left_by))


def absent(name: str, kinds: Kinds | None, known: Known | None) -> Dead | None:
    """Why no event of ``kinds`` has the field; None where one may."""
    reason = known.why_not(name, kinds) if known and kinds else ""
    if not known or not kinds or not reason:
        return None
    return Dead(Kind.ABSENT, name, reason, name, tuple(known.names(kinds)))


class _Search:
    """One walk; ``parts`` collects what was dead, with ``filters`` in what they remove, too."""

    def __init__(self, known: Known | None, *, filters: bool = True) -> None:
        self._known = known
        self._filters = filters
        self._pairs = _PAIRS
        self.parts: list[Dead] = []

    def whole(self, condition: object) -> list[Dead]:
        """Why no event satisfies a condition; nothing where one may."""
        return self.dead((condition, True), (), self._known.kinds if self._known else None)

    def dead(self, part: Part, context: tuple[Clause, ...], outer: Kinds | None) -> list[Dead]:
        """Why no event that satisfies the context satisfies the part; nothing where one may.

        ``outer`` are the kinds of events that the context leaves.
        """
        flat = flatten(part)
        kinds = common(outer, kinds_left(flat, self._known.left_by)) if self._known else None
        fatal: list[Dead] = []
        stated = [*context, *self._there(flat.clauses, kinds, fatal)]
        known = (*stated, *flat.excluded)
        if not fatal and (reason := self._conflict(known)):
            self.parts.append(reason)
            return [reason]
        for condition in flat.negated if self._filters else ():
            before = len(self.parts)
            self.dead((condition, True), tuple(stated), kinds)
            self.parts[before:] = map(_in_filter, self.parts[before:])
        for choice in flat.choices:
            fatal += self._choice(choice, known, kinds)
        return fatal

    def _choice(
        self, choice: list[Part], context: tuple[Clause, ...], kinds: Kinds | None
    ) -> list[Dead]:
        """Why none of the parts can hold; that one test of a filter always does is no finding."""
        before = len(self.parts)
        reasons = [self.dead(branch, context, kinds) for branch in choice]
        if not all(holds for _, holds in choice):
            del self.parts[before:]
        if not all(reasons):
            return []
        fatal = [each for branch in reasons for each in branch]
        self.parts += fatal
        return fatal

    def _there(
        self, clauses: Iterable[Clause], kinds: Kinds | None, fatal: list[Dead]
    ) -> Iterator[Clause]:
        """The clauses without tests of what cannot be there; one that has no other is ``fatal``."""
        if self._known is None:
            yield from clauses
            return
        for clause in clauses:
            absent = {each: why for each in clause if (why := self._absent(each, kinds))}
            self.parts += absent.values()
            if len(absent) == len(clause):
                fatal += absent.values()
            else:
                yield tuple(each for each in clause if each not in absent)

    def _absent(self, literal: Literal, kinds: Kinds | None) -> Dead | None:
        """Why a field that a test needs, or its value there, cannot be there."""
        if not literal.positive or isinstance(literal.reading, Missing):
            return None
        for name in filter(None, (literal.field, literal.other)):
            if why := absent(name, kinds, self._known):
                return why
        whole = whole_text(literal)
        if self._known is None or literal.field is None or whole is None:
            return None
        reason = self._known.never(literal.field, whole)
        if not reason:
            return None
        return Dead(Kind.UNHELD, literal.field, reason, whole, self._known.values)

    def _conflict(self, clauses: Sequence[Clause]) -> Dead | None:
        """A clause of which nothing is left, if there is one, with what took its literals."""
        clauses = list(dict.fromkeys(clauses))
        left = list(clauses)
        takers: dict[int, list[int]] = {}
        waiting = True
        while waiting and self._pairs > 0:
            waiting = False
            by_field = _by_field(left)
            if len(by_field) == len(left) and None not in by_field:
                return None  # each is about a field of its own
            for index, clause in enumerate(left):
                if self._pairs <= 0:  # nothing is certain of a condition this large
                    return None
                if None not in by_field and by_field.get(clause[0].field) == [index]:
                    continue  # nothing else is about its field
                stays = []
                for literal in clause:
                    taker = self._taker(literal, index, left, by_field)
                    if taker is None:
                        stays.append(literal)
                    else:
                        takers.setdefault(index, []).append(taker)
                if not stays:
                    others = [clauses[each] for each in dict.fromkeys(takers[index])]
                    return _reason(clauses[index], others)
                if len(stays) < len(clause):
                    left[index], waiting = tuple(stays), True
        return None

    def _taker(
        self, literal: Literal, own: int, clauses: Sequence[Clause], by_field: _Index
    ) -> int | None:
        """The clause that leaves no room for a literal: all of its own exclude it."""
        indices = by_field.get(literal.field, ())
        if literal.positive and literal.field is not None:
            indices = (*indices, *by_field.get(None, ()))
        for index in indices:
            if index == own:
                continue
            for other in clauses[index]:
                self._pairs -= 1
                if not (literal.positive or other.positive) or not _exclude(literal, other):
                    break
            else:
                return index
        return None


_Index = Mapping[str | None, Sequence[int]]
"""The clauses that test one field only, by that field."""


def _by_field(clauses: Iterable[Clause]) -> _Index:
    index: dict[str | None, list[int]] = {}
    for number, clause in enumerate(clauses):
        name = clause[0].field
        if all(literal.field == name for literal in clause):
            index.setdefault(name, []).append(number)
    return index


def _exclude(one: Literal, other: Literal) -> bool:
    """Whether no event satisfies both, of which one holds or both do, for certain."""
    if one.positive and other.positive:
        same = one.field is not None and one.field == other.field
        return same and exclude(one.reading, other.reading)
    holds, negated = (one, other) if one.positive else (other, one)
    if negated.field is None:  # a keyword stands in no field
        return include(within(negated.reading), _text_of(holds))
    return holds.field == negated.field and include(negated.reading, holds.reading)


def _text_of(literal: Literal) -> Reading:
    return within(literal.reading) if literal.field is None else literal.reading


def _reason(clause: Clause, takers: Sequence[Clause]) -> Dead:
    literals = [*clause, *(each for taker in takers for each in taker)]
    filters = any(literal.negated for literal in literals)
    name = next((each.field for each in literals if each.field), "")
    listed = [_choice(each) for each in (clause, *takers)]
    if filters:
        return Dead(Kind.FILTERED, name, f"nothing is left of {' and '.join(listed)}")
    return Dead(Kind.EXCLUDED, name, f"no one value passes {' and '.join(listed)}")


def _in_filter(part: Dead) -> Dead:
    return replace(part, reason=part.reason.removesuffix(_REMOVES_NOTHING) + _REMOVES_NOTHING)


def _choice(clause: Iterable[Literal]) -> str:
    texts = [str(each) for each in clause]
    more = ", ..." if len(texts) > _SHOWN else ""
    listed = " or ".join(texts[:_SHOWN]) + more
    return f"({listed})" if len(texts) > 1 else listed
