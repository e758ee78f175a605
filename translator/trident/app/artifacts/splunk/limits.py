"""What Splunk and contentctl accept, as models: what is over a limit is never written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from trident.app.artifacts.splunk.data import table
from trident.base.diagnostics import Severity, TridentError


class Limited:
    """A dataclass whose fields stand in a section of limits.yml.

    Raises:
        TridentError: TRI730 of ``severity`` for the first field over its limit, on creation.
    """

    section: ClassVar[str]
    severity: ClassVar[Severity] = Severity.REFUSED

    def __post_init__(self) -> None:
        limits = table("limits")[self.section]
        for field in fields(self):  # type: ignore[arg-type]
            if field.name in limits:
                self._check(field.name, getattr(self, field.name), limits[field.name])

    def _check(self, name: str, value: Any, limit: Mapping[str, Any]) -> None:
        size, unit = (value, "") if isinstance(value, int) else (len(value), " characters")
        wrong = ""
        if size > limit.get("most", size):
            wrong = f"{size}{unit}, the limit is {limit['most']}"
        elif size < limit.get("least", size):
            wrong = f"{size}{unit}, at least {limit['least']} are needed"
        elif "pattern" in limit and not re.fullmatch(limit["pattern"], value):
            wrong = f"{value!r} is not of the form {limit['pattern']}"
        if wrong:
            raise TridentError(
                "TRI730",
                f"Splunk's {name}: {wrong} ({limit['source']})",
                hint=limit["way_out"],
                severity=self.severity,
            )


@dataclass(frozen=True)
class App(Limited):
    """What names the app and its searches; a mistake in trident.yml is an error."""

    section = "app"
    severity = Severity.ERROR
    id: str
    label: str
    version: str
    author: str = ""


@dataclass(frozen=True)
class SavedSearch(Limited):
    """A stanza of savedsearches.conf; ``settings`` are its other keys, in order."""

    section = "saved_search"
    stanza: str
    cron_schedule: str
    risk_score: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Detection(Limited):
    """A detection of contentctl; ``content`` is its file's other keys, in order."""

    section = "detection"
    name: str
    stanza: str
    id: str
    date: str
    author: str
    description: str
    known_false_positives: str
    risk_score: int
    content: Mapping[str, Any]
