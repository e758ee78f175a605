"""A detection rule of Elastic Security as Kibana's interface takes it, and its limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Self

from trident.base.data import shipped
from trident.base.diagnostics import Severity, TridentError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a field may hold: a whole text, one of several, or a number between two; of a text or
    a list the number is its length. ``at`` is the field's path, ``source`` who says so.
    """

    at: str
    source: str
    pattern: str | None = None
    values: tuple[str, ...] | None = None
    least: int | None = None
    most: int | None = None
    type: str | None = None

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """A limit as ``elastic.yml`` has it."""
        values = tuple(entry["values"]) if "values" in entry else None
        return cls(**{**entry, "values": values})

    def broken(self, value: Any) -> str | None:
        """What is wrong with a value, None where it is within the limit."""
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return f"{value!r} is not of the form {self.pattern}"
        if self.values is not None and value not in self.values:
            return f"{value!r} is none of {', '.join(self.values)}"
        size, of = (value, "") if isinstance(value, int) else (len(value), _COUNTED[type(value)])
        if self.least is not None and size < self.least:
            return f"{size}{of} where {self.least} is the least"
        if self.most is not None and size > self.most:
            return f"{size}{of} where {self.most} is the most"
        return None


_COUNTED: Mapping[type, str] = {str: " characters", list: " entries"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticRule:
    """One rule; field by field in docs/artifacts-elastic.md. ``from_`` is Elastic's ``from``.

    A field that is None is left out of the rule.
    """

    rule_id: str
    name: str
    description: str
    author: list[str]
    type: str
    language: str
    query: str
    severity: str
    risk_score: int
    interval: str
    from_: str
    to: str
    max_signals: int
    version: int = 1
    index: list[str] | None = None
    tags: list[str] | None = None
    threat: list[Json] | None = None
    references: list[str] | None = None
    false_positives: list[str] | None = None
    note: str | None = None
    setup: str | None = None
    related_integrations: list[Json] | None = None
    required_fields: list[Json] | None = None
    investigation_fields: Json | None = None
    alert_suppression: Json | None = None

    def to_dict(self) -> Json:
        """The rule as JSON.

        Raises:
            TridentError: TRI750, a refusal, for a field over one of Elastic's limits.
        """
        rule = {
            field.name.rstrip("_"): value
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        for limit in limits():
            if limit.type in (None, self.type):
                for value in at(rule, limit.at):
                    if wrong := limit.broken(value):
                        raise TridentError(
                            "TRI750",
                            f"Elastic's {limit.at}: {wrong} ({limit.source})",
                            severity=Severity.REFUSED,
                        )
        return rule


def at(rule: Any, path: str) -> Iterator[Any]:
    """Every value at a path of keys, through lists to each of their entries."""
    level = [rule]
    for key in path.split("."):
        entries = [e for each in level for e in (each if isinstance(each, list) else [each])]
        level = [entry[key] for entry in entries if key in entry]
    yield from level


@cache
def table() -> Mapping[str, Any]:
    """What ``elastic.yml`` says."""
    model: Mapping[str, Any] = shipped("trident.app.artifacts.elastic", "elastic.yml")
    return model


@cache
def limits() -> tuple[Limit, ...]:
    """Elastic's limits."""
    return tuple(map(Limit.read, table()["limits"]))
