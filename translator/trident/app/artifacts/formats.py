"""Artifacts as one text, for tools that take a file and not a folder (sigma-cli's formats)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from trident.app.artifacts import analytics, splunk
from trident.app.artifacts.deployment import Deployment, Made, Writer
from trident.app.artifacts.elastic import rules as elastic


@dataclass(frozen=True, slots=True)
class Format:
    """The artifacts of one writer whose path matches, one after the other.

    ``between`` stands between two of them.
    """

    title: str
    writer: Writer
    path: str
    between: str = ""

    def text(self, deployments: Sequence[Deployment]) -> tuple[str, Made]:
        """The text that ``trident build`` writes for the same rules, and what was found."""
        made = self.writer(deployments)
        texts = [each.text for each in made.artifacts if fnmatch(each.path, self.path)]
        return self.between.join(texts), made


FORMATS: Mapping[str, Mapping[str, Format]] = {
    "sentinel": {
        "sentinel_rule": Format(
            "Microsoft Sentinel's scheduled analytics rules, YAML",
            analytics.analytics_rules,
            "analytics/*.yaml",
            "---\n",
        )
    },
    "splunk": {
        "savedsearches": Format(
            "Splunk's savedsearches.conf", splunk.app, "app/*/default/savedsearches.conf"
        )
    },
    "elastic": {
        "siem_rule_ndjson": Format(
            "Elastic Security's detection rules, NDJSON to import",
            elastic.detection_rules,
            "rules*.ndjson",
        )
    },
}
"""By what profiles.yml calls a profile's artifacts, then by the format's name."""
