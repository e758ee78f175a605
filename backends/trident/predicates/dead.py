"""Parts of a detection that no event can satisfy: by their tests, or by what events hold.

A detection is read as clauses that hold together, each a choice of literals (a test or its
negation). A literal is out when a whole clause excludes it; a clause whose literals are all out
makes what it belongs to dead. Every step is certain by the reference meaning, so what is called
dead is dead; what takes more than such steps to show stays open.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionValueExpression,
)
from sigma.types import SigmaExpansion, SigmaFieldReference

from trident.mapping.events import Known
from trident.predicates.values import (
    Missing,
    Present,
    Reading,
    Text,
    exclude,
    include,
    reading,
    shown,
    within,
)

NOTHING = Known(None, lambda name, events: False)
"""Where nothing is known of the events."""

_EVENT_ID = "EventID"
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


@dataclass(frozen=True, slots=True)
class Dead:
    """A part that no event satisfies: why, in words, and the field that the reason is about.

    ``events`` are the EventIDs of which none has the field, where that is why. ``whole``: no event
    satisfies the detection because of it.
    """

    kind: Kind
    field: str
    reason: str
    events: frozenset[int] = frozenset()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Literal:
    """A test of a field (of any, for a keyword), or its negation; ``other`` is the field that it
    is compared with. As the rule has it, it is ``test``, or that ``negated``: what is not missing
    is there."""

    field: str | None
    reading: Reading
    positive: bool
    other: str = ""
    test: Any = dataclasses.field(default=None, compare=False)
    negated: bool = dataclasses.field(default=False, compare=False)

    def __str__(self) -> str:
        name = "keyword" if self.field is None else self.field
        return f"{'not ' if self.negated else ''}{name}: {shown(self.test)}"


_Clause = tuple[_Literal, ...]
"""At least one of the literals holds."""

_MISSING, _PRESENT = Missing(), Present()
_TESTS = (ConditionFieldEqualsValueExpression, ConditionValueExpression)

_Part = tuple[Any, bool]
"""A condition, and whether it holds or does not."""

_Events = frozenset[int] | None
"""The EventIDs that are left; None where any may be."""


def dead_parts(condition: object, known: Known = NOTHING) -> list[Dead]:
    """Every part of the condition that no event can satisfy, each reason once."""
    search = _Search(known)
    fatal = search.dead((condition, True), (), known.events)
    parts = [replace(each, whole=each in fatal) for each in search.parts]
    return list(dict.fromkeys(parts))


def why_none(condition: object, known: Known = NOTHING) -> str:
    """Why no event satisfies the condition as a whole; "" where one may."""
    search = _Search(known, filters=False)
    return next((each.reason for each in search.dead((condition, True), (), known.events)), "")


def implies(narrow: object, wide: object) -> bool:
    """Whether it is certain that each event that satisfies ``narrow`` satisfies ``wide``, and
    nothing shows that none does."""
    search = _Search(NOTHING, filters=False)
    clauses = _flat((narrow, True)).all
    if search.dead((narrow, True), (), None):
        return False
    return bool(search.dead((wide, False), tuple(clauses), None))


def required_events(condition: object, known: Known) -> frozenset[int] | None:
    """The EventIDs that a condition leaves of those known; None where any may be."""
    return _common(known.events, _events(_flat((condition, True))))


def absent(name: str, events: _Events, known: Known) -> Dead | None:
    """Why no event of ``events`` has the field; None where one may."""
    if not events or not known.lacks(name, events):
        return None
    numbers = " or ".join(map(str, sorted(events)))
    reason = f"no event with {_EVENT_ID} {numbers} has a field {name}"
    return Dead(Kind.ABSENT, name, reason, events)


@dataclass(slots=True)
class _Flat:
    """A part as what holds together: clauses (``excluded`` those that a negation gave),
    ``choices`` (one of the parts of each holds), and the conditions that it negates."""

    clauses: list[_Clause] = dataclasses.field(default_factory=list)
    excluded: list[_Clause] = dataclasses.field(default_factory=list)
    choices: list[list[_Part]] = dataclasses.field(default_factory=list)
    negated: list[Any] = dataclasses.field(default_factory=list)

    @property
    def all(self) -> list[_Clause]:
        """Every clause."""
        return [*self.clauses, *self.excluded]


class _Search:
    """One walk; ``parts`` collects what was dead, with ``filters`` in what they remove, too."""

    def __init__(self, known: Known, *, filters: bool = True) -> None:
        self._known = known
        self._filters = filters
        self._pairs = _PAIRS
        self.parts: list[Dead] = []

    def dead(self, part: _Part, context: tuple[_Clause, ...], outer: _Events) -> list[Dead]:
        """Why no event that satisfies the context satisfies the part; nothing where one may.

        ``outer`` are the EventIDs that the context leaves.
        """
        flat = _flat(part)
        events = _common(outer, _events(flat))
        fatal: list[Dead] = []
        stated = [*context, *self._there(flat.clauses, events, fatal)]
        known = (*stated, *flat.excluded)
        if not fatal and (reason := self._conflict(known)):
            self.parts.append(reason)
            return [reason]
        for condition in flat.negated if self._filters else ():
            before = len(self.parts)
            self.dead((condition, True), tuple(stated), events)
            self.parts[before:] = map(_in_filter, self.parts[before:])
        for choice in flat.choices:
            fatal += self._choice(choice, known, events)
        return fatal

    def _choice(
        self, choice: list[_Part], context: tuple[_Clause, ...], events: _Events
    ) -> list[Dead]:
        """Why none of the parts can hold; that one test of a filter always does is no finding."""
        before = len(self.parts)
        reasons = [self.dead(branch, context, events) for branch in choice]
        if not all(holds for _, holds in choice):
            del self.parts[before:]
        if not all(reasons):
            return []
        fatal = [each for branch in reasons for each in branch]
        self.parts += fatal
        return fatal

    def _there(
        self, clauses: Iterable[_Clause], events: _Events, fatal: list[Dead]
    ) -> Iterator[_Clause]:
        """The clauses without tests of fields that cannot be there; one that has no other is
        ``fatal``."""
        for clause in clauses:
            absent = {each: why for each in clause if (why := self._absent(each, events))}
            self.parts += absent.values()
            if len(absent) == len(clause):
                fatal += absent.values()
            else:
                yield tuple(each for each in clause if each not in absent)

    def _absent(self, literal: _Literal, events: _Events) -> Dead | None:
        """Why the fields that a test needs cannot be there."""
        if not literal.positive or isinstance(literal.reading, Missing):
            return None
        names = (name for name in (literal.field, literal.other) if name)
        return next((why for name in names if (why := absent(name, events, self._known))), None)

    def _conflict(self, clauses: Sequence[_Clause]) -> Dead | None:
        """A clause of which nothing is left, if there is one, with what took its literals."""
        left = list(clauses)
        takers: dict[int, list[int]] = {}
        waiting = True
        while waiting and self._pairs > 0:
            waiting = False
            by_field = _by_field(left)
            for index, clause in enumerate(left):
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
        self, literal: _Literal, own: int, clauses: Sequence[_Clause], by_field: _Index
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
                if not _exclude(literal, other):
                    break
            else:
                return index
        return None


_Index = Mapping[str | None, Sequence[int]]
"""The clauses that test one field only, by that field."""


def _by_field(clauses: Iterable[_Clause]) -> _Index:
    index: dict[str | None, list[int]] = {}
    for number, clause in enumerate(clauses):
        name = clause[0].field
        if all(literal.field == name for literal in clause):
            index.setdefault(name, []).append(number)
    return index


def _exclude(one: _Literal, other: _Literal) -> bool:
    """Whether no event satisfies both, for certain."""
    if one.positive and other.positive:
        same = one.field is not None and one.field == other.field
        return same and exclude(one.reading, other.reading)
    if one.positive == other.positive:
        return False
    holds, negated = (one, other) if one.positive else (other, one)
    if negated.field is None:  # a keyword stands in no field
        return include(within(negated.reading), _text_of(holds))
    return holds.field == negated.field and include(negated.reading, holds.reading)


def _text_of(literal: _Literal) -> Reading:
    return within(literal.reading) if literal.field is None else literal.reading


def _flat(part: _Part) -> _Flat:
    condition, holds = part
    flat = _Flat()
    # Tests first: what joins them is of an abstract class, which isinstance is slow on.
    if isinstance(condition, _TESTS):
        literals = list(_literals(condition, holds))
        flat.clauses = [tuple(literals)] if holds else [(each,) for each in literals]
        return flat
    if isinstance(condition, ConditionNOT):
        inner = condition.args[0]
        flat = _flat((inner, not holds))
        if holds:
            return _Flat([], [*flat.clauses, *flat.excluded], flat.choices, [inner])
        return flat
    parts = [_flat((each, holds)) for each in condition.args]
    if isinstance(condition, ConditionAND) == holds:
        for each in parts:
            flat.clauses += each.clauses
            flat.excluded += each.excluded
            flat.choices += each.choices
            flat.negated += each.negated
    elif all(len(each.all) == 1 and not each.choices for each in parts):
        flat.clauses = [tuple(literal for each in parts for literal in each.all[0])]
        flat.negated = [negated for each in parts for negated in each.negated]
    else:
        flat.choices = [[(each, holds) for each in condition.args]]
    return flat


def _literals(test: Any, holds: bool) -> Iterator[_Literal]:
    name = test.field if isinstance(test, ConditionFieldEqualsValueExpression) else None
    values = test.value.values if isinstance(test.value, SigmaExpansion) else [test.value]
    for value in values:
        read, positive = reading(value), holds
        if not holds and name is not None and read in (_MISSING, _PRESENT):
            read, positive = _MISSING if read == _PRESENT else _PRESENT, True
        other = value.field if isinstance(value, SigmaFieldReference) else ""
        yield _Literal(name, read, positive, other, value, not holds)


def _events(flat: _Flat) -> _Events:
    """The EventIDs that a part leaves."""
    events: _Events = None
    for clause in flat.clauses:
        numbers = [_number(literal) for literal in clause]
        if None not in numbers:
            events = _common(events, frozenset(each for each in numbers if each is not None))
    for choice in flat.choices:
        branches = [_events(_flat(branch)) for branch in choice]
        if None not in branches:
            events = _common(events, frozenset().union(*(each for each in branches if each)))
    return events


def _number(literal: _Literal) -> int | None:
    """The EventID that a literal asks for; None for any other."""
    if literal.field != _EVENT_ID or not literal.positive or not isinstance(literal.reading, Text):
        return None
    whole = literal.reading.whole
    return int(whole) if whole and whole.isascii() and whole.isdigit() else None


def _common(one: _Events, other: _Events) -> _Events:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _reason(clause: _Clause, takers: Sequence[_Clause]) -> Dead:
    literals = [*clause, *(each for taker in takers for each in taker)]
    filters = any(literal.negated for literal in literals)
    name = next((each.field for each in literals if each.field), "")
    listed = [_choice(each) for each in (clause, *takers)]
    if filters:
        return Dead(Kind.FILTERED, name, f"nothing is left of {' and '.join(listed)}")
    return Dead(Kind.EXCLUDED, name, f"no one value passes {' and '.join(listed)}")


def _in_filter(part: Dead) -> Dead:
    return replace(part, reason=part.reason.removesuffix(_REMOVES_NOTHING) + _REMOVES_NOTHING)


def _choice(clause: Iterable[_Literal]) -> str:
    texts = [str(each) for each in clause]
    more = ", ..." if len(texts) > _SHOWN else ""
    listed = " or ".join(texts[:_SHOWN]) + more
    return f"({listed})" if len(texts) > 1 else listed
