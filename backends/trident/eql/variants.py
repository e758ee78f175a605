"""Which sequences together say a correlation: its trigger as one or more orders of steps.

A sequence is ordered, so a rule that asks for matches in any order becomes one sequence per
order; the first is the query, the others go with it as further queries.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from trident.base.diagnostics import Refusal
from trident.rule.plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    Has,
    Not,
    Operator,
    Ordered,
    RuleCount,
    Together,
    Trigger,
)

MAX_QUERIES = 6
"""Three rules in any order; more would be no help to anyone."""

MAX_ALTERNATIVES = 250
"""Sets of rules that a condition may be read as before those that others imply are left out: each
is compared with each."""

_MANY, _MANY_STEPS = 1_000_000, 10
"""From where on nothing is counted to the end: sequences, and steps, whose orders are more."""

MAX_RUNS = 100
"""Elastic's limit of ``with runs`` ("EQL syntax reference", with runs statement)."""

Step = tuple[int, ...]
"""The branches of which any fills the step."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One sequence: its steps in order, the last repeated ``runs`` times; ``absent`` branches
    end it."""

    steps: tuple[Step, ...]
    runs: int = 1
    absent: Step = ()

    @property
    def single(self) -> bool:
        """Whether one event is enough."""
        return len(self.steps) == 1 and self.runs == 1


def variants(trigger: Trigger, branches: int) -> tuple[Variant, ...]:
    """The sequences of a trigger over that many branches.

    Raises:
        Refusal: TRI350, TRI351, TRI352 or TRI358 where sequences cannot say it.
    """
    everything = tuple(range(branches))
    match trigger:
        case Ordered(stages, absent):
            return (Variant(stages, absent=absent),)
        case Aggregate(_, comparisons):
            return (Variant((everything,), runs=run_length(comparisons)),)
        case RuleCount(comparisons):
            wanted = _least(comparisons)
            if wanted == 1:
                return (Variant((everything,)),)
            # A sequence has one order, so each order is a query of its own.
            _check_count([math.perm(branches, wanted)])
            return tuple(
                Variant(tuple((branch,) for branch in order))
                for order in permutations(everything, wanted)
            )
        case Together(expression):
            needs = _needs(expression)
            _check_count(math.factorial(min(len(needed), _MANY_STEPS)) for needed in needs)
            return tuple(Variant(order) for needed in needs for order in permutations(needed))


def run_length(comparisons: Sequence[Comparison]) -> int:
    """How many events a count asks for.

    Raises:
        Refusal: TRI351 for a count that is not "at least", TRI358 for more than a step has.
    """
    runs = _least(comparisons)
    if runs > MAX_RUNS:
        raise Refusal("TRI358", f"with runs repeats a step {MAX_RUNS} times at most, not {runs}")
    return runs


def split(variant: Variant, together: Sequence[Step]) -> tuple[Variant, ...]:
    """The variant with each step cut into parts; ``together`` says which branches may stay in
    one step."""
    kept = [set(group) for group in together]
    parts = [
        dict.fromkeys(
            tuple(branch for branch in step if branch in group)
            for group in kept
            if group.intersection(step)
        )
        for step in variant.steps
    ]
    _check_count([math.prod(map(len, parts))])
    return tuple(Variant(steps, variant.runs, variant.absent) for steps in product(*parts))


def _check_count(sequences: Iterable[int]) -> None:
    """Refuse more sequences than are written, before any is made."""
    number = sum(sequences)
    if number > MAX_QUERIES:
        raise Refusal(
            "TRI358",
            f"the rule needs {_shown(number)} sequences, one per order of its rules; "
            f"Trident writes {MAX_QUERIES} at most",
        )


def _shown(number: int) -> str:
    """A count, as far as it was counted."""
    return f"{number}" if number < _MANY else f"{_MANY} or more"


def _least(comparisons: Sequence[Comparison]) -> int:
    """The whole number that a count must reach to pass all; at least 1, the match itself."""
    least = [1]
    for each in comparisons:
        if each.op not in (Operator.GT, Operator.GTE):
            raise Refusal("TRI351", f"a sequence says at least N, not {each.op} N")
        above = each.op is Operator.GT
        least.append(math.floor(each.number) + 1 if above else math.ceil(each.number))
    return max(least)


def _needs(expression: Expression) -> list[tuple[Step, ...]]:
    """The smallest sets of steps that make a condition true, each step any of its branches.

    Alternatives share a step where they can, so that ``a and (b or c)`` needs two orders and not
    four. Steps of one set must not overlap: one match of b is enough for
    ``(a or b) and (b or c)``.
    """
    alternatives = _checked_alternatives(expression, shared=True)
    if any(_overlap(steps) for steps in alternatives):
        alternatives = _checked_alternatives(expression, shared=False)
    alternatives = list(dict.fromkeys(tuple(sorted(set(steps))) for steps in alternatives))
    return [
        steps
        for steps in alternatives
        if not any(other != steps and _implied(other, steps) for other in alternatives)
    ]


def _overlap(steps: Sequence[Step]) -> bool:
    """Whether a branch stands in two of the steps."""
    return len({branch for step in steps for branch in step}) < sum(map(len, steps))


def _checked_alternatives(expression: Expression, shared: bool) -> list[tuple[Step, ...]]:
    number = _count(expression, shared)
    if number > MAX_ALTERNATIVES:
        raise Refusal(
            "TRI358",
            f"the condition has {_shown(number)} alternatives; Trident looks through "
            f"{MAX_ALTERNATIVES} at most",
        )
    return list(_alternatives(expression, shared))


def _count(expression: Expression, shared: bool) -> int:
    """How many alternatives a condition has at most, ``_MANY`` for that many or more."""
    match expression:
        case AllOf(parts):
            number = 1
            for part in parts:
                number = min(number * _count(part, shared), _MANY)
            return number
        case AnyOf(parts):
            merged = sum(isinstance(part, Has) for part in parts) - 1 if shared else 0
            return min(sum(_count(part, shared) for part in parts) - max(merged, 0), _MANY)
        case _:
            return 1


def _implied(needed: tuple[Step, ...], filled: tuple[Step, ...]) -> bool:
    """Whether every step of ``needed`` is filled when those of ``filled`` are."""
    return all(any(set(have) <= set(want) for have in filled) for want in needed)


def _alternatives(expression: Expression, shared: bool) -> Iterator[tuple[Step, ...]]:
    match expression:
        case Has(branch):
            yield ((branch,),)
        case AllOf(parts):
            for chosen in product(*(list(_alternatives(part, shared)) for part in parts)):
                yield tuple(dict.fromkeys(step for steps in chosen for step in steps))
        case AnyOf(parts):
            alternatives = [steps for part in parts for steps in _alternatives(part, shared)]
            single = [steps[0] for steps in alternatives if len(steps) == 1] if shared else []
            if single:
                yield (tuple(sorted({branch for step in single for branch in step})),)
            yield from (steps for steps in alternatives if len(steps) > 1 or not shared)
        case Not():
            raise Refusal("TRI352", "a sequence cannot say that a rule has no match in a window")
