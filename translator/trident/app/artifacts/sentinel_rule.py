"""A scheduled analytics rule that Microsoft Sentinel takes: every limit holds once it is made.

Limits and their sources: sentinel_limits.yml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from trident.app.artifacts.limits import check, over, read_limits
from trident.app.artifacts.yaml_text import block
from trident.base.data import shipped
from trident.rule.raw import timespan

SENTINEL = "Sentinel"

FIRST_VERSION = "1.0.0"
"""The version of a rule without a date; one with a date has that: ``2026.11.21``."""


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """An entity of an alert: its type, and the result column of each identifier."""

    type: str
    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        limits = read_limits(sentinel_limits()["entity"])
        mapped = {"fieldMappings": self.columns, "columnName": self.columns.values()}
        check(f"{SENTINEL} (entity {self.type})", limits, mapped)
        required = sentinel_limits()["required"][self.type]
        if not any(set(_all_of(each)) <= set(self.columns) for each in required):
            wanted = ", ".join(" with ".join(_all_of(each)) for each in required)
            why = f"one of {wanted} is needed"
            raise over(SENTINEL, f"entity {self.type}", why, limits["fieldMappings"].source)

    def document(self) -> dict[str, Any]:
        """The mapping as YAML and ARM write it."""
        return {
            "entityType": self.type,
            "fieldMappings": [
                {"identifier": identifier, "columnName": column}
                for identifier, column in self.columns.items()
            ],
        }


@dataclass(frozen=True, slots=True)
class AnalyticsRule:
    """A scheduled analytics rule that Sentinel takes; times in seconds.

    ``techniques`` are ids whose tactics all stand in ``tactics``, Sentinel's names.

    Raises:
        Refusal: TRI716 for a value over one of Sentinel's limits.
    """

    id: UUID
    name: str
    description: str
    severity: str
    connectors: Sequence[Mapping[str, Any]]
    frequency: int
    period: int
    tactics: Sequence[str]
    techniques: Sequence[str]
    query: str
    entities: Sequence[EntityMapping]
    details: Mapping[str, str] = field(default_factory=dict)
    version: str = FIRST_VERSION

    def __post_init__(self) -> None:
        limits = sentinel_limits()
        values = {
            "name": self.name,
            "description": self.description,
            "query": self.query,
            "queryFrequency": self.frequency,
            "queryPeriod": self.period,
            "relevantTechniques": self.techniques,
            "entityMappings": self.entities,
            "customDetails": self.details,
            "version": self.version,
        }
        check(SENTINEL, read_limits(limits["rule"]), values)
        long = limits["long"]
        if self.period < self.frequency:
            why = f"{timespan(self.period)}; queryFrequency is {timespan(self.frequency)}"
            raise over(SENTINEL, "queryPeriod", why, limits["gap"]["source"])
        if self.period >= long["period"] and self.frequency < long["frequency"]:
            why = (
                f"{timespan(self.frequency)}; a period of two days or more needs "
                f"{timespan(long['frequency'])}"
            )
            raise over(SENTINEL, "queryFrequency", why, long["source"])

    def document(self) -> dict[str, Any]:
        """The rule as the Azure-Sentinel repository has it, keys in its order."""
        rule: dict[str, Any] = {
            "id": str(self.id),
            "name": self.name,
            "description": block(self.description),
            "severity": self.severity,
            "requiredDataConnectors": list(self.connectors),
            "queryFrequency": timespan(self.frequency),
            "queryPeriod": timespan(self.period),
            "triggerOperator": "gt",
            "triggerThreshold": 0,
            "tactics": list(self.tactics),
            "relevantTechniques": list(self.techniques),
            "query": block(self.query),
            "entityMappings": [entity.document() for entity in self.entities],
            "customDetails": dict(self.details),
            "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
            "suppressionEnabled": False,
            "suppressionDuration": "5h",
            "version": self.version,
            "kind": "Scheduled",
        }
        return {
            key: value
            for key, value in rule.items()
            if value or key not in ("entityMappings", "customDetails")
        }


@cache
def sentinel_limits() -> Mapping[str, Any]:
    """The limits with their sources: sentinel_limits.yml."""
    limits: Mapping[str, Any] = shipped("trident.app.artifacts", "sentinel_limits.yml")
    return limits


def _all_of(identifiers: str | list[str]) -> list[str]:
    return [identifiers] if isinstance(identifiers, str) else identifiers
