"""Which artifacts each profile's rules become, and what its SIEM wants in every result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trident.app.artifacts import analytics, defender, sentinel, splunk
from trident.app.artifacts.deployment import Terms, Writer
from trident.app.artifacts.elastic import rules as elastic
from trident.app.artifacts.elastic.exceptions import exception_lists


@dataclass(frozen=True, slots=True)
class Kind:
    """The writers of a target or of one of its profiles, and what the SIEM asks of rules."""

    writers: Sequence[Writer]
    terms: Terms = field(default_factory=Terms)


ELASTIC = Kind((elastic.detection_rules, exception_lists), Terms(overlap=elastic.OVERLAP))

KINDS: Mapping[str, Kind] = {
    "kql/sentinel": Kind(
        (sentinel.hunting_queries, analytics.analytics_rules), Terms(adjust=analytics.adjusted)
    ),
    "kql/defender": Kind(
        (defender.custom_detections,), Terms(record=defender.RECORD, adjust=defender.adjusted)
    ),
    "eql": ELASTIC,
    "esql": ELASTIC,
    "spl": Kind((splunk.app, splunk.contentctl), Terms(adjust=splunk.fit)),
}
"""By ``target/profile``, or by ``target`` for all profiles of it."""


def kind_of(target: str, profile: str) -> Kind:
    """The artifacts of a profile; none for one that no SIEM imports."""
    return KINDS.get(f"{target}/{profile}", KINDS.get(target, Kind(())))
