"""Which sequences together say a correlation: its trigger as one or more orders of steps.

A sequence is ordered, so a rule that asks for matches in any order becomes one sequence per
order; the first is the query, the others go with it as further queries.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product

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
            return _limited(
                Variant(tuple((branch,) for branch in order))
                for order in permutations(everything, wanted)
            )
        case Together(expression):
            return _limited(
                Variant(order) for needed in _needs(expression) for order in permutations(needed)
            )


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
        [
            tuple(branch for branch in step if branch in group)
            for group in kept
            if group.intersection(step)
        ]
        for step in variant.steps
    ]
    return _limited(Variant(steps, variant.runs, variant.absent) for steps in product(*parts))


def _limited(variants: Iterator[Variant]) -> tuple[Variant, ...]:
    kept = tuple(dict.fromkeys(variants))
    if len(kept) > MAX_QUERIES:
        raise Refusal(
            "TRI358",
            f"the rule needs {len(kept)} sequences, one per order of its rules; "
            f"Trident writes {MAX_QUERIES} at most",
        )
    return kept


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
    alternatives = list(_alternatives(expression, shared=True))
    if any(set(one) & set(two) for steps in alternatives for one, two in combinations(steps, 2)):
        alternatives = list(_alternatives(expression, shared=False))
    alternatives = list(dict.fromkeys(tuple(sorted(set(steps))) for steps in alternatives))
    return [
        steps
        for steps in alternatives
        if not any(other != steps and _implied(other, steps) for other in alternatives)
    ]


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
