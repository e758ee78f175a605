"""What a rule test is made of: a pinned clock, scenes of events, and the alerts of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trident.base.diagnostics import Span
from trident.meaning.events import Event

AlertId = tuple[tuple[str, ...], int]
"""An alert's group key and its time in microseconds, as in ``trident.meaning.evaluate.Alert``."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and where it is written; a repeated one stands in one place."""

    event: Event
    span: Span
    why: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """An alert that the rule must give: group key in the order of group-by, time, reason."""

    group: tuple[str, ...]
    time: int
    why: str
    span: Span

    @property
    def identity(self) -> AlertId:
        """What the alert is compared by."""
        return self.group, self.time


@dataclass(frozen=True, slots=True)
class Scene:
    """Events that show one thing, and the alerts that end in them; all scenes share one log."""

    why: str
    events: tuple[Placed, ...]
    alerts: tuple[Expected, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test: the rule's name, the clock's pinned time (microseconds) and the scenes."""

    rule: str
    now: int
    scenes: tuple[Scene, ...]
    span: Span

    @property
    def placed(self) -> Iterator[Placed]:
        """Every event with its place, as written."""
        for scene in self.scenes:
            yield from scene.events

    @property
    def events(self) -> list[Event]:
        """The log that the rule runs on: the events of all scenes in time order."""
        return sorted((placed.event for placed in self.placed), key=lambda event: event.time)

    @property
    def expected(self) -> dict[AlertId, Expected]:
        """The alerts of all scenes by what they are compared by."""
        return {alert.identity: alert for scene in self.scenes for alert in scene.alerts}
