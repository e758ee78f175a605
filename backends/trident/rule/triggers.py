"""The condition of a correlation document as the plan's trigger."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition

from trident.base.diagnostics import TridentError
from trident.rule.conditions import expression, stages
from trident.rule.plan import Aggregate, Operator, Ordered, RuleCount, Statistic, Together, Trigger
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
    op, wanted = _comparison(document, len(references))
    if kind == "temporal_ordered":
        if op not in (Operator.GTE, Operator.EQ) or wanted != len(references):
            raise _meaningless(
                document, "an ordered correlation needs all its rules; leave the condition out"
            )
        return Ordered(tuple((index,) for index in range(len(references))))
    if kind == "temporal":
        _check_possible(document, op, wanted, least=1, most=len(references))
        return RuleCount(op, int(wanted))
    statistic = Statistic(kind)
    if statistic in (Statistic.COUNT, Statistic.DISTINCT):
        # A window holds the match that it ends with, but maybe not one value of a field.
        _check_possible(document, op, wanted, least=1 if statistic is Statistic.COUNT else 0)
    return Aggregate(statistic, op, wanted, fields, _percentile(document, statistic))


def _from_text(
    kind: str, condition: SigmaExtendedCorrelationCondition, index: Mapping[str, int]
) -> Trigger:
    if kind == "temporal_ordered":
        return stages(condition.parsed, index)
    together = Together(expression(condition.parsed, index))
    if not together.positive:
        raise ValueError("the condition has no rule without not")
    return together


def _comparison(document: Document, everything: int) -> tuple[Operator, int | float]:
    """The operator and its number, read raw: pySigma 1.5.1 cuts fractions off."""
    condition = document.data["correlation"].get("condition")
    if condition is None:
        return Operator.GTE, everything
    op = next(op for op in Operator if op in condition)
    wanted = condition[op]
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        try:
            wanted = float(str(wanted))
        except ValueError:
            wanted = math.nan
    if isinstance(wanted, float):
        if not math.isfinite(wanted):
            raise _meaningless(document, f"{condition[op]!r} is no number", op)
        if wanted.is_integer():
            wanted = int(wanted)
    if abs(wanted) >= 2**63:
        raise _meaningless(document, f"{condition[op]!r} is beyond what a SIEM can count to", op)
    return op, wanted


def _check_possible(
    document: Document, op: Operator, wanted: int | float, *, least: int, most: float = math.inf
) -> None:
    """Reject a comparison that no count from ``least`` to ``most`` can fulfil."""
    if isinstance(wanted, float):
        raise _impossible(document, f"a count is a whole number, not {wanted}", op)
    if wanted < 0:
        raise _impossible(document, "a count is never negative", op)
    never = {
        Operator.LT: wanted <= least,
        Operator.LTE: wanted < least,
        Operator.GT: wanted >= most,
        Operator.GTE: wanted > most,
        Operator.EQ: not least <= wanted <= most,
        Operator.NEQ: least == wanted == most,
    }
    if never[op]:
        raise _impossible(
            document, f"{op} {wanted} never holds for a window with a match in it", op
        )


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


def _impossible(document: Document, message: str, op: Operator) -> TridentError:
    return TridentError("TRI112", message, span=document.at(*CONDITION, op))
