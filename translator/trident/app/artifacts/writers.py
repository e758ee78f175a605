"""Which artifacts each profile's rules become, and what its SIEM wants in every result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trident.app.artifacts import analytics, defender, sentinel, splunk
from trident.app.artifacts.deployment import Terms, Writer
from trident.app.artifacts.elastic import rules as elastic
from trident.app.artifacts.elastic.exceptions import exception_lists
from trident.mapping.profiles import Profile


@dataclass(frozen=True, slots=True)
class Kind:
    """The writers of one SIEM's artifacts, and what it asks of rules."""

    writers: Sequence[Writer]
    terms: Terms = field(default_factory=Terms)


KINDS: Mapping[str, Kind] = {
    "sentinel": Kind(
        (sentinel.hunting_queries, analytics.analytics_rules), Terms(adjust=analytics.adjusted)
    ),
    "defender": Kind(
        (defender.custom_detections,), Terms(record=defender.RECORD, adjust=defender.adjusted)
    ),
    "elastic": Kind((elastic.detection_rules, exception_lists), Terms(overlap=elastic.OVERLAP)),
    "splunk": Kind((splunk.app, splunk.contentctl), Terms(adjust=splunk.fit)),
}
"""By what profiles.yml calls them (``artifacts``)."""


def kind_of(profile: Profile) -> Kind:
    """The artifacts of a profile; none for one that no SIEM imports."""
    return KINDS[profile.artifacts] if profile.artifacts else Kind(())
