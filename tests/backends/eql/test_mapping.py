"""The mapping data of the EQL target, and the documents made of it."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.support.generate import NETWORK, NOW, PROCESS
from tests.support.run_eql import eql_profile
from trident.app.verify.elastic import documents
from trident.app.verify.native import native_rows
from trident.base.diagnostics import codes
from trident.mapping.profiles import Profile, Table
from trident.meaning.events import Event


def tables(profile: Profile) -> dict[str, Table]:
    return {source.table.name: source.table for source in profile.sources}


def test_no_record_is_in_two_data_sets() -> None:
    """What a count over several rules rests on: a field that has one value tells them apart, or
    an index pattern of their own."""
    for one, two in combinations(tables(eql_profile()).values(), 2):
        arrays = {*one.settings.get("arrays", ()), *two.settings.get("arrays", ())}
        marks = [table.settings["select"] for table in (one, two)]
        telling = [
            name
            for name in {*marks[0]} & {*marks[1]}
            if name not in arrays and marks[0][name] != marks[1][name]
        ]
        assert telling or one.settings["index"] != two.settings["index"], (one.name, two.name)


@pytest.mark.parametrize("table", tables(eql_profile()).values(), ids=lambda table: table.name)
def test_data_sets_are_described_whole(table: Table) -> None:
    assert set(table.settings) <= {"index", "select", "arrays", "lowercase"}
    assert table.settings["index"] in eql_profile().settings
    assert set(table.settings["select"]) <= set(table.columns)
    assert set(table.settings.get("arrays", ())) <= set(table.settings["select"])
    assert set(table.settings.get("lowercase", ())) <= set(table.columns)
    assert set(table.columns.values()) <= {"string", "text", "long", "ip", "bool"}


def test_lower_cased_columns_say_so() -> None:
    for source in eql_profile().sources:
        for name, column in source.fields.items():
            lowered = column.name in source.table.settings.get("lowercase", ())
            assert lowered is bool({"TRI460", "TRI465"} & set(column.notes)), name
            assert all("text" in codes()[note] for note in column.notes)


def test_documents() -> None:
    profile = eql_profile()
    events = [
        Event(NOW, PROCESS, {"Computer": "WS1.Example", "ProcessId": "7", "CommandLine": "A"}),
        Event(NOW, NETWORK, {"Computer": None, "Protocol": "Tcp", "DestinationPort": 443}),
    ]
    assert documents(native_rows(events, profile), profile) == [
        {
            "@timestamp": NOW,
            "host.name": "ws1.example",
            "process.pid": 7,
            "process.command_line": "A",
            "event.category": ["process"],
            "m365_defender.event.category": "AdvancedHunting-DeviceProcessEvents",
        },
        {
            "@timestamp": NOW,
            "network.protocol": "tcp",
            "destination.port": 443,
            "event.category": ["network"],
            "m365_defender.event.category": "AdvancedHunting-DeviceNetworkEvents",
        },
    ]
