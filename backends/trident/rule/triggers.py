"""The condition of a correlation document as the plan's trigger."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition

from trident.base.diagnostics import TridentError
from trident.rule.conditions import expression, stages
from trident.rule.plan import (
    Aggregate,
    Comparison,
    Operator,
    Ordered,
    RuleCount,
    Statistic,
    Together,
    Trigger,
    passing,
)
from trident.rule.raw import check_keys
from trident.rule.rules import Document

CONDITION = ("correlation", "condition")

_BESIDE_THE_OPERATOR: Mapping[str, tuple[str, ...]] = {
    "event_count": (),
    "value_count": ("field",),
    "value_sum": ("field",),
    "value_avg": ("field",),
    "value_percentile": ("field", "percentile"),
    "value_median": ("field",),
    "temporal": (),
    "temporal_ordered": (),
}
"""What a condition may hold beside its operator: pySigma takes all keys for all types."""


def condition_fields(document: Document, kind: str) -> tuple[str, ...]:
    """The fields that the condition of a ``kind`` correlation names, as written.

    Raises:
        TridentError: TRI104 for a key that the type has no use for, TRI106 for a value that is
            no field name.
    """
    condition = document.data["correlation"].get("condition")
    if not isinstance(condition, Mapping):
        return ()
    check_keys(document, CONDITION, condition, (*Operator, *_BESIDE_THE_OPERATOR[kind]))
    if "field" not in condition:
        return ()
    named = condition["field"]
    fields = named if isinstance(named, list) else [named]
    if not fields or not all(isinstance(name, str) and name for name in fields):
        raise _meaningless(document, f"{named!r} is no field name", "field")
    if len(fields) > 1 and kind != "value_count":
        raise _meaningless(document, f"{kind} takes one field", "field")
    return tuple(fields)


def read_trigger(
    document: Document,
    sigma: SigmaCorrelationRule,
    references: tuple[str, ...],
    fields: tuple[str, ...],
) -> Trigger:
    """When the correlation fires; ``references`` are its rules, ``fields`` the condition's.

    Raises:
        TridentError: TRI106 for a meaningless condition, TRI112 for one that never holds.
    """
    kind = sigma.type.name.lower()
    if isinstance(sigma.condition, SigmaExtendedCorrelationCondition):
        index = {reference: position for position, reference in enumerate(references)}
        try:
            return _from_text(kind, sigma.condition, index)
        except ValueError as error:
            raise _meaningless(document, str(error)) from error
    comparisons = _comparisons(document, len(references))
    if kind == "temporal_ordered":
        everything = {Comparison(op, len(references)) for op in (Operator.GTE, Operator.EQ)}
        if not everything.issuperset(comparisons):
            raise _meaningless(
                document, "an ordered correlation needs all its rules; leave the condition out"
            )
        return Ordered(tuple((index,) for index in range(len(references))))
    if kind == "temporal":
        _check_possible(document, comparisons, least=1, most=len(references))
        return RuleCount(comparisons)
    statistic = Statistic(kind)
    if statistic in (Statistic.COUNT, Statistic.DISTINCT):
        # A window holds the match that it ends with, but maybe not one value of a field.
        _check_possible(document, comparisons, least=1 if statistic is Statistic.COUNT else 0)
    else:
        _check_range(document, comparisons)
    return Aggregate(statistic, comparisons, fields, _percentile(document, statistic))


def _from_text(
    kind: str, condition: SigmaExtendedCorrelationCondition, index: Mapping[str, int]
) -> Trigger:
    if kind == "temporal_ordered":
        return stages(condition.parsed, index)
    together = Together(expression(condition.parsed, index))
    if not together.positive:
        raise ValueError("the condition has no rule without not")
    return together


def _comparisons(document: Document, everything: int) -> tuple[Comparison, ...]:
    """The operators with their numbers, read raw: pySigma 1.5.1 cuts fractions off, and no version
    takes a range."""
    condition = document.data["correlation"].get("condition")
    if condition is None:
        return (Comparison(Operator.GTE, everything),)
    written = [Operator(key) for key in condition if key in tuple(Operator)]
    return tuple(Comparison(op, _wanted(document, op, condition[op])) for op in written)


def _wanted(document: Document, op: Operator, wanted: Any) -> int | float:
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        try:
            number = float(str(wanted))
        except ValueError:
            number = math.nan
    else:
        number = wanted
    if isinstance(number, float):
        if not math.isfinite(number):
            raise _meaningless(document, f"{wanted!r} is no number", op)
        if number.is_integer():
            number = int(number)
    if abs(number) >= 2**63:
        raise _meaningless(document, f"{wanted!r} is beyond what a SIEM can count to", op)
    return number


def _check_possible(
    document: Document,
    comparisons: Sequence[Comparison],
    *,
    least: int,
    most: float = math.inf,
) -> None:
    """Reject comparisons that no count from ``least`` to ``most`` can fulfil, one or together."""
    for comparison in comparisons:
        if isinstance(comparison.number, float):
            message = f"a count is a whole number, not {comparison.number}"
            raise _impossible(document, message, comparison.op)
        if comparison.number < 0:
            raise _impossible(document, "a count is never negative", comparison.op)
        if not _some_count([comparison], least, most):
            raise _impossible(
                document,
                f"{comparison} never holds for a window with a match in it",
                comparison.op,
            )
    if not _some_count(comparisons, least, most):
        raise _never_together(document, comparisons)


def _some_count(comparisons: Sequence[Comparison], least: int, most: float) -> bool:
    """Whether a whole number from ``least`` to ``most`` passes all; where one does, so does one
    beside a number that is compared, or an end."""
    near = {int(each.number) + step for each in comparisons for step in (-1, 0, 1)}
    counts = {least, *(count for count in near if least <= count <= most)}
    return any(map(passing(comparisons), counts))


def _check_range(document: Document, comparisons: Sequence[Comparison]) -> None:
    """Reject a range that no number is in: one between two that are compared, or beyond them."""
    edges = sorted({Fraction(str(each.number)) for each in comparisons})
    between = [(low + high) / 2 for low, high in pairwise(edges)]
    numbers = [edges[0] - 1, *edges, *between, edges[-1] + 1]
    if not any(map(passing(comparisons), numbers)):
        raise _never_together(document, comparisons)


def _percentile(document: Document, statistic: Statistic) -> int | None:
    if statistic is Statistic.MEDIAN:
        return 50
    if statistic is not Statistic.PERCENTILE:
        return None
    percentile = document.data["correlation"]["condition"].get("percentile")
    if (
        isinstance(percentile, bool)
        or not isinstance(percentile, int)
        or not 1 <= percentile <= 100
    ):
        raise _meaningless(
            document,
            f"percentile must be a whole number from 1 to 100, not {percentile!r}",
            "percentile",
        )
    return percentile


def _meaningless(document: Document, message: str, *keys: str) -> TridentError:
    return TridentError("TRI106", message, span=document.at(*CONDITION, *keys))


def _never_together(document: Document, comparisons: Sequence[Comparison]) -> TridentError:
    together = " and ".join(map(str, comparisons))
    return _impossible(document, f"{together} never hold together", comparisons[-1].op)


def _impossible(document: Document, message: str, op: Operator) -> TridentError:
    return TridentError("TRI112", message, span=document.at(*CONDITION, op))
