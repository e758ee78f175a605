"""The part of a detection that a profile's records can answer, where the user accepts a part.

A test of what the records do not hold is taken as false or as true, whichever makes the detection
find less (``sound``) or more (``wide``) than the rule does; docs/semantics.md, Fidelity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import SigmaExpansion

from trident.base.diagnostics import Refusal
from trident.meaning.detection import shown
from trident.rule.tree import Condition, Test, condition_tests, separate, with_parts

Reason = Callable[[Test], Refusal | None]
"""Why the records cannot answer a test; None where they can."""

_SHOWN = 10
"""How many values of one field a note names."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A test that is left out, and why."""

    test: Test
    refusal: Refusal

    @property
    def field(self) -> str:
        """The test's field; "" for a keyword."""
        return getattr(self.test, "field", "")


def answerable(
    condition: Condition, reason: Reason, *, shrink: bool
) -> tuple[Condition, tuple[Dropped, ...]]:
    """The condition without the tests that the records cannot answer, and those tests.

    It holds for no further event with ``shrink``, else for every event that it held for.

    Raises:
        Refusal: that of the first such test when nothing is left to test.
    """
    dropped: list[Dropped] = []
    part = _part(condition, reason, shrink, dropped)
    if isinstance(part, bool):
        raise dropped[0].refusal
    return part, tuple(dropped)


def names(dropped: Iterable[Dropped]) -> Iterator[str]:
    """The tests that are left out, a field and a reason at a time."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in dropped:
        reason = each.refusal.diagnostic.message
        groups.setdefault((each.field, reason), []).append(shown(each.test.value))
    for (field, reason), values in groups.items():
        more = len(values) - _SHOWN
        listed = ", ".join(values[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        yield f"{field or 'keyword'} = {listed} ({reason})"


def _part(
    condition: object, reason: Reason, shrink: bool, dropped: list[Dropped]
) -> Condition | bool:
    """What is left of a part; a truth value when nothing is."""
    if isinstance(condition, ConditionFieldEqualsValueExpression | ConditionValueExpression):
        return _test(condition, reason, shrink, dropped)
    assert isinstance(condition, ConditionAND | ConditionOR | ConditionNOT)
    if isinstance(condition, ConditionNOT):
        inner = _part(condition.args[0], reason, not shrink, dropped)
        return (not inner) if isinstance(inner, bool) else with_parts(condition, [inner])
    parts = [_part(each, reason, shrink, dropped) for each in condition.args]
    kept = [part for part in parts if not isinstance(part, bool)]
    # True decides an OR and False an AND; the other of the two changes nothing.
    decides = isinstance(condition, ConditionOR)
    if any(part is decides for part in parts):
        why = dropped[-1].refusal
        dropped.extend(Dropped(test, why) for part in kept for test in condition_tests(part))
        return decides
    if not kept:
        return not decides
    return kept[0] if len(kept) == 1 else with_parts(condition, kept)


def _test(test: Test, reason: Reason, shrink: bool, dropped: list[Dropped]) -> Condition | bool:
    if isinstance(test.value, SigmaExpansion):
        tests = separate(test)
        if any(map(reason, tests)):
            return _part(ConditionOR([*tests]), reason, shrink, dropped)
        return test
    refusal = reason(test)
    if refusal is None:
        return test
    dropped.append(Dropped(test, refusal))
    return not shrink
