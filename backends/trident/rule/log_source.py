"""The log source that a detection requires, for a rule whose own names a product alone.

``Channel: System`` in the selection says more than ``product: windows`` does. Which values decide
is data (log_sources.yml); that the detection requires one of them is decided by what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionOR
from sigma.types import SigmaExpansion, SigmaString

from trident.base.data import shipped
from trident.rule.plan import LogSource
from trident.rule.tree import Condition, separate


def decided(source: LogSource, condition: Condition) -> tuple[LogSource, str]:
    """The log source of every event that a detection finds, and the field that decides it; the
    rule's own and "" where it says more than a product, or no field decides."""
    if source.category or source.service:
        return source, ""
    for field, services in _services().get(source.product or "", {}).items():
        values = required(condition, field)
        named = {services.get(value) for value in values or ()}
        if len(named) == 1 and None not in named:
            return replace(source, service=named.pop()), field
    return source, ""


def required(condition: object, field: str) -> frozenset[str] | None:
    """Texts in lower case of which ``field`` has one in every event that a condition finds; None
    where none are known."""
    match condition:
        case ConditionAND():
            known = [values for part in condition.args if (values := required(part, field))]
            return min(known, key=len) if known else None
        case ConditionOR():
            return _either([required(part, field) for part in condition.args])
        case ConditionFieldEqualsValueExpression(value=SigmaExpansion()):
            return _either([required(test, field) for test in separate(condition)])
        case ConditionFieldEqualsValueExpression(value=SigmaString() as value):
            if condition.field == field and not value.contains_special() and any(value.s):
                return frozenset([str(value).lower()])
    return None


def _either(parts: list[frozenset[str] | None]) -> frozenset[str] | None:
    """What one of several conditions requires: nothing where one of them requires nothing."""
    known = [values for values in parts if values is not None]
    return frozenset().union(*known) if len(known) == len(parts) else None


@cache
def _services() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return {
        product: {
            field: {value.lower(): service for value, service in services.items()}
            for field, services in fields.items()
        }
        for product, fields in shipped("trident.rule", "log_sources.yml").items()
    }
