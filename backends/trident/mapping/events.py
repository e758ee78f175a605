"""Which fields an event can have: of Windows' logs, by EventID (the folder ``events``).

A field that is not listed may be new; so only a name that other events are known to have, or that
is a letter off one that these have, is said not to be there. What is not known is possible.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from trident.base.data import read_data, shipped
from trident.mapping.profiles import in_system_section
from trident.mapping.slips import slip
from trident.rule.plan import LogSource

EVENT_ID = "EventID"
_PRODUCT = "windows"
_FOLDER = "events"


@dataclass(frozen=True, slots=True, eq=False)
class EventFields:
    """The fields of a channel's events by EventID, names without blanks; where they are from.
    ``any`` are those that any event may have; ``user_data`` are the events that have UserData in
    the place of EventData."""

    channel: str
    source: str
    confidence: str
    any: frozenset[str]
    events: Mapping[int, frozenset[str]]
    user_data: frozenset[int] = frozenset()

    @property
    def alone(self) -> None:
        """The EventIDs that any event of the channel has: none is known."""

    def kind(self, name: str, text: str) -> int | None:
        """The EventID that a test of a field for a text asks for; None for any other test."""
        is_number = name == EVENT_ID and text.isascii() and text.isdigit()
        return int(text) if is_number else None

    def called(self, events: Collection[int]) -> str:
        """What the events are called."""
        return f"event with {EVENT_ID} {' or '.join(map(str, sorted(events)))}"

    def lacks(self, name: str, events: Collection[int]) -> bool:
        """Whether it is certain that no event with one of the EventIDs has the field."""
        bare = _bare(name)
        if bare in self.any or bare in _beside() or in_system_section(name):
            return False
        if any(bare in self.events.get(event, (bare,)) for event in events):
            return False
        return bare in _names() or any(slip(bare, other) for other in self.names(events))

    def names(self, events: Collection[int]) -> list[str]:
        """The fields that the events have, each once, in order."""
        return sorted(set().union(*(self.events.get(event, ()) for event in events)))


def event_fields(logsource: LogSource) -> EventFields | None:
    """What is known of the events of a log source; None for nothing."""
    service = logsource.service
    if logsource.category:
        service = None if service else _categories().get(logsource.category)
    if logsource.product != _PRODUCT or service not in _channels():
        return None
    return _read(service)


def channels() -> list[EventFields]:
    """Every channel of which something is known."""
    return list(map(_read, sorted(_channels())))


@cache
def _channels() -> frozenset[str]:
    folder = resources.files(__package__) / _FOLDER
    return frozenset(file.name.removesuffix(".yml") for file in folder.iterdir())


@cache
def _categories() -> Mapping[str, str]:
    data = shipped(__package__, "event_categories.yml")
    return {category: service for service, names in data.items() for category in names}


@cache
def _beside() -> frozenset[str]:
    return frozenset(shipped(__package__, "beside_data.yml"))


@cache
def _read(service: str) -> EventFields:
    data = read_data(resources.files(__package__) / _FOLDER / f"{service}.yml")
    events = {event: frozenset(names.split()) for event, names in data["events"].items()}
    everywhere = frozenset(data.get("any", "").split())
    user_data = frozenset(data.get("user_data", ()))
    return EventFields(
        data["channel"], data["source"], data["confidence"], everywhere, events, user_data
    )


@cache
def _names() -> frozenset[str]:
    """Every name that some event has."""
    return frozenset().union(*(names for each in channels() for names in each.events.values()))


def _bare(name: str) -> str:
    """A name as the data have it: the taxonomy writes ThreatName for ``Threat Name``."""
    return name.replace(" ", "").replace("_", "")
