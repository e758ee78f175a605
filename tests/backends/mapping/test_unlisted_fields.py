"""Fields that a log source does not list: never taken for a property of the event's data when they
are a column of the table or stand in an event's System section."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.generate import plan_documents
from tests.support.selection import Bench
from tests.support.targets import SHIPPED
from trident.base.data import shipped
from trident.mapping.profiles import Profile, Source, default_profile, load_profile, load_profiles
from trident.mapping.unmapped import no_column
from trident.meaning.events import SECOND, Event
from trident.rule.plan import Search

SYSTEM = tuple(shipped("trident.mapping", "system_section.yml"))


PROFILES = [profile for target in SHIPPED for profile in load_profiles(target).values()]
of_each_profile = pytest.mark.parametrize(
    "profile", PROFILES, ids=lambda profile: f"{profile.target}-{profile.name}"
)


def takes_any(profile: Profile) -> Iterator[Source]:
    """Each log source of a profile that takes names that it does not list."""
    return (source for source in profile.sources if "" in source.prefixes)


@of_each_profile
def test_a_column_is_never_taken_for_a_property(profile: Profile) -> None:
    for source in takes_any(profile):
        for name in source.table.of_events:
            column = source.column(name)
            assert column is None or not column.container or name in source.fields, name
        known = {*source.table.columns, *source.fields, *source.refused}
        for name in {*source.table.of_events, *source.fields}:
            for other in {name.lower(), name.upper(), name.swapcase()} - known:
                assert source.column(other) is None, (str(source.logsource), other)


@of_each_profile
def test_what_the_siem_adds_is_no_field_of_an_event(profile: Profile) -> None:
    for source in takes_any(profile):
        for name in source.table.added - set(source.fields):
            column = source.column(name)
            assert column is None or column.container, name


@of_each_profile
def test_the_system_section_is_not_among_the_data(profile: Profile) -> None:
    for source in takes_any(profile):
        if source.logsource.product != "windows":
            continue
        for name in set(SYSTEM) - set(source.fields):
            column = source.column(name)
            assert column is None or column == source.table.column(name, column.notes), name
            if column is None:
                message = str(no_column(source.logsource, name, profile, source, {}))
                assert "System section" in message or source.refused.get(name, "-") in message


LOGSOURCE = {"product": "windows", "service": "security"}
VALUES = {
    "Channel": ("Security", "System"),
    "Level": (0, 4),
    "Task": (12544, 12545),
    "Opcode": (0, 1),
    "Version": (2, 1),
    "EventRecordID": (77, 78),
}
"""A field of the System section, the value that a rule asks for, and another."""


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("target", SHIPPED)
def test_the_system_section_finds_its_events(
    benches: Callable[[str], Bench], target: str, name: str
) -> None:
    right, wrong = VALUES[name]
    detection = {"events": {"EventID": 4625, name: right}, "condition": "events"}
    plan = plan_documents(({"title": "a", "logsource": LOGSOURCE, "detection": detection},))
    assert isinstance(plan, Search)
    profile = load_profile(target, default_profile(target))
    # The profiles whose data are told apart by channel hold no event of another.
    values = (right,) if name == "Channel" else (right, wrong, None)
    events = [
        Event((at + 1) * SECOND, plan.logsource, {"EventID": 4625, name: value})
        for at, value in enumerate(values)
    ]
    refused = benches(target).check(plan, profile, events)
    assert refused in ("", "TRI202")
    assert not refused or target in ("eql", "esql")
