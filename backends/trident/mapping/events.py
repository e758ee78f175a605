"""Which fields an event can have: of Windows' logs, by EventID (the folder ``events``).

A field that is not listed may be new; so only a name that other events are known to have, or that
is a letter off one that these have, is said not to be there. What is not known is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from trident.base.data import read_data, shipped
from trident.base.diagnostics import Refusal
from trident.mapping.profiles import Profile, Source, in_system_section
from trident.mapping.resolver import resolve_source
from trident.mapping.wording import Wording
from trident.rule.plan import LogSource, Search

Lacks = Callable[[str, frozenset[int]], bool]
"""Whether it is certain that no event of these EventIDs has the field."""

_PRODUCT = "windows"
_FOLDER = "events"
_SHORTEST = 6
"""Letters of a name that can be told from another by one of them."""


@dataclass(frozen=True, slots=True, eq=False)
class EventFields:
    """The fields of a channel's events by EventID, names without blanks; where they are from.
    ``any`` are those that any event may have."""

    channel: str
    source: str
    confidence: str
    any: frozenset[str]
    events: Mapping[int, frozenset[str]]

    def lacks(self, name: str, events: Collection[int]) -> bool:
        """Whether it is certain that no event with one of the EventIDs has the field."""
        bare = _bare(name)
        if bare in self.any or bare in _beside() or in_system_section(name):
            return False
        if any(bare in self.events.get(event, (bare,)) for event in events):
            return False
        return bare in _names() or any(_slip(bare, other) for other in self.names(events))

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


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a log source's events as a profile stores them: their EventIDs, None where
    any may be, and which fields those lack."""

    events: frozenset[int] | None
    lacks: Lacks


def known_in(profile: Profile) -> Callable[[Search], Known | None]:
    """What is known of the events of a search, as far as the profile stores them as they are: a
    column of another name may be filled from elsewhere."""

    def of(search: Search) -> Known | None:
        fields = event_fields(search.logsource)
        if fields is None:
            return None
        try:
            source = resolve_source(search.logsource, profile)
        except Refusal:
            return None
        events = None
        if search.logsource.category:
            events = _selected(source, fields)
            if events is None:
                return None
        return Known(
            events, lambda name, events: _as_it_is(source, name) and fields.lacks(name, events)
        )

    return of


def _selected(source: Source, fields: EventFields) -> frozenset[int] | None:
    """The EventIDs that a log source is selected by; None where its table is not the channel's
    own, which keeps what is not listed."""
    if "" not in source.prefixes:
        return None
    for values in source.wording.where.values():
        numbers = [str(value) for value in values]
        if all(number.isdigit() and int(number) in fields.events for number in numbers):
            return frozenset(map(int, numbers))
    return None


def _as_it_is(source: Source, name: str) -> bool:
    """Whether a log source keeps the field under its own name; what a user has mapped is there."""
    column = source.column(name)
    if column is None or not column.sources or column.expression:
        return False
    if _changes(source.wording, name):
        return False
    return _last(column.name) == name


def _changes(wording: Wording, name: str) -> bool:
    """Whether tests of the field become tests of another."""
    hashes = name == "Hashes" and bool(wording.hashes)
    places = wording.either.get(name, ())
    return hashes or name in wording.divert or any(_last(place) != name for place in places)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


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
    return EventFields(data["channel"], data["source"], data["confidence"], everywhere, events)


@cache
def _names() -> frozenset[str]:
    """Every name that some event has."""
    return frozenset().union(*(names for each in channels() for names in each.events.values()))


def _bare(name: str) -> str:
    """A name as the data have it: the taxonomy writes ThreatName for ``Threat Name``."""
    return name.replace(" ", "").replace("_", "")


def _slip(name: str, other: str) -> bool:
    """Whether a name is another one but for case, or for one letter: more, less, another, or two
    swapped."""
    if name.lower() == other.lower():
        return True
    start = _shared(name, other)
    end = _shared(name[start:][::-1], other[start:][::-1])
    ours, theirs = name[start : len(name) - end], other[start : len(other) - end]
    if not (ours + theirs).isalpha() or min(len(name), len(other)) < _SHORTEST:
        return False
    return max(len(ours), len(theirs)) == 1 or (len(ours) == 2 and ours == theirs[::-1])


def _shared(one: str, other: str) -> int:
    """How many letters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
