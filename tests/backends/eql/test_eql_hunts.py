"""The two hunts in EQL, run on the engine against the reference evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from tests.support.generate import FILE, NETWORK, NOW, PROCESS
from tests.support.hunts import (
    DAY,
    JPEG,
    MINUTE,
    STEGANOGRAPHY,
    hunt,
    jpeg_events,
    steganography_events,
)
from tests.support.run_eql import difference, eql_alerts, eql_profile, eql_types, expected
from trident.app.verify.elastic import documents, fill
from trident.app.verify.native import native_rows
from trident.engines.eql.engine import EqlEngine
from trident.engines.eql.query_dsl import selects
from trident.meaning.evaluate import history
from trident.meaning.events import Event, Value
from trident.result.translation import Fidelity, Proof
from trident.translate.translate import translate

MILLISECOND = 1_000


def on_a_millisecond_clock(events: Sequence[Event]) -> list[Event]:
    """The events with each step of 1 us beside a boundary widened to 1 ms, as Elasticsearch's
    date type resolves it."""
    beside = {0: 0, 1: MILLISECOND - 1, MILLISECOND - 1: 1 - MILLISECOND}
    return [replace(event, time=event.time + beside[event.time % MILLISECOND]) for event in events]


def without_ties(events: Sequence[Event]) -> list[Event]:
    """The events of computers that have no two events at one time."""
    times: dict[Value, list[int]] = {}
    for event in events:
        times.setdefault(event.fields.get("Computer"), []).append(event.time)
    tied = {host for host, found in times.items() if len(set(found)) < len(found)}
    return [event for event in events if event.fields.get("Computer") not in tied]


def lower_case(events: Sequence[Event]) -> list[Event]:
    """The events with the computer's name as the integration stores it (TRI460)."""
    return [
        replace(event, fields={**event.fields, "Computer": host.lower()})
        if isinstance(host := event.fields.get("Computer"), str)
        else event
        for event in events
    ]


def test_the_steganography_query_is_one_sequence() -> None:
    translation = translate(hunt(STEGANOGRAPHY), eql_profile())
    assert (translation.fidelity, translation.proof) == (Fidelity.COVERING, Proof.EXECUTED)
    query = translation.query
    assert query is not None and query.alert is not None
    assert query.text.startswith("sequence by host.name with maxspan=30m\n")
    assert (query.alert.time, query.alert.group) == ("@timestamp", {"Computer": "host.name"})
    terms = "camouflage|crypture|hidensend|openpuff|picsel|slienteye|steg|xiao"
    for field in ("process.command_line", "file.name"):
        pattern = f'"""(.*[^A-Za-z0-9])?({terms})([^A-Za-z0-9].*)?"""'
        assert f"{field} regex~ {pattern}" in query.text
    notes = {note.code for note in translation.notes}
    assert notes == {"TRI450", "TRI451", "TRI452", "TRI457", "TRI460", "TRI463"}


def test_every_boundary_of_the_steganography_hunt(eql_engine: EqlEngine) -> None:
    plan = hunt(STEGANOGRAPHY)
    events = without_ties(lower_case(on_a_millisecond_clock(steganography_events())))
    assert len(events) >= 90
    translation = translate(plan, eql_profile())
    found = eql_alerts(eql_engine, translation, plan, events, NOW)
    want = expected(plan, events, NOW)
    assert len(want) > 30
    assert difference(plan, Fidelity.COVERING, found, want) == {}


@pytest.mark.parametrize(
    ("first", "alerts"),
    [
        pytest.param("tool", 1, id="the tool's record comes first: in order"),
        pytest.param("mail", 0, id="the mail's record comes first: missed, as TRI451 says"),
    ],
)
def test_events_at_one_time(eql_engine: EqlEngine, first: str, alerts: int) -> None:
    plan = hunt(STEGANOGRAPHY)
    time = NOW - DAY
    tool = Event(time, PROCESS, {"CommandLine": "steg x", "Computer": "ws1"})
    mail = Event(time, NETWORK, {"DestinationHostname": "mail.google.com", "Computer": "ws1"})
    query = translate(plan, eql_profile()).query
    assert query is not None and len(expected(plan, [tool, mail], NOW)) == 1
    ordered = [tool, mail] if first == "tool" else [mail, tool]
    profile = eql_profile()
    indexed = [d for e in ordered for d in documents(native_rows([e], profile), profile)]
    assert len(eql_engine.run(query.text, indexed, profile.time)) == alerts


def random_timeline(random: Random) -> list[Event]:
    """Up to 14 tool and mail events of three computers, no two at one time."""
    gaps = (0, MILLISECOND, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE)
    time = NOW - random.choice((30 * DAY + 20 * MINUTE, 30 * DAY, DAY))
    events = []
    for _ in range(random.randint(4, 20)):
        time += random.choice(gaps) + random.choice((-1, 0, 1, 2)) * MILLISECOND
        fields: dict[str, Value] = {"Computer": random.choice(("ws1", "ws1", "ws1", "ws2", ""))}
        source = random.choice((PROCESS, FILE, NETWORK, NETWORK))
        name, texts = {
            PROCESS: ("CommandLine", ("steg a.png", "STEG", "x-xiao", "steghide")),
            FILE: ("FileName", ("my_steg.png", "openpuff", "a steg", "plain.png")),
            NETWORK: (
                "DestinationHostname",
                ("mail.google.com", "MAIL.YAHOO.COM", "x.mail.google.com", "x.org"),
            ),
        }[source]
        fields[name] = random.choice(texts)
        events.append(Event(time, source, fields))
    unique = {event.time: event for event in events}
    return sorted(unique.values(), key=lambda event: event.time)


def test_two_thousand_timelines_are_covered(eql_engine: EqlEngine) -> None:
    plan = hunt(STEGANOGRAPHY)
    translation = translate(plan, eql_profile())
    fired = emitted = 0
    for number in range(2_000):
        events = random_timeline(Random(f"steganography-{number}"))
        want = expected(plan, events, NOW)
        found = eql_alerts(eql_engine, translation, plan, events, NOW)
        assert difference(plan, Fidelity.COVERING, found, want) == {}, f"timeline {number}"
        fired += len(want)
        emitted += len(found)
    assert 1_000 < emitted < fired  # the covering is a real one: some alerts are not emitted


@pytest.mark.parametrize("past", [True, False], ids=["with history", "without history"])
def test_every_boundary_of_the_jpeg_hunt(eql_engine: EqlEngine, past: bool) -> None:
    plan = hunt(JPEG)
    events = on_a_millisecond_clock(jpeg_events(history=past))
    translation = translate(plan, eql_profile())
    assert (translation.fidelity, translation.proof) == (Fidelity.PARAMETERISED, Proof.EXECUTED)
    want = expected(plan, events, NOW)
    assert eql_alerts(eql_engine, translation, plan, events, NOW) == want
    assert bool(want) is past


def test_the_baseline_request_reads_the_history() -> None:
    """Its filter selects the evaluator's history; its aggregations stand at the parameters'
    paths and read the right fields."""
    plan = hunt(JPEG)
    query = translate(plan, eql_profile()).query
    assert query is not None and plan.baseline is not None
    (body,) = [c.body["body"] for c in query.companions if c.name == "baseline-request"]
    events = on_a_millisecond_clock(jpeg_events())
    profile = eql_profile()
    indexed = documents(native_rows(events, profile), profile)
    selected = [document for document in indexed if selects(body["query"], document, NOW)]
    learned = history(plan, events, NOW)
    domains = {document.get("destination.domain", "") for document in selected}
    assert domains == {key[0] for key in learned.seen}
    sizes = sorted(document["source.bytes"] for document in selected if "source.bytes" in document)
    rank = (95 * len(sizes) + 99) // 100
    assert sizes[rank - 1] == learned.limits[()].value
    assert body["aggs"] == {
        "P95": {"percentiles": {"field": "source.bytes", "percents": [95], "keyed": False}},
        "SEEN": {
            "composite": {
                "size": 10_000,
                "sources": [{"value": {"terms": {"field": "destination.domain"}}}],
            }
        },
    }
    assert {name: p.path for name, p in query.parameters.items()} == {
        "P95": "$.aggregations.P95.values[0].value",
        "SEEN": "$.aggregations.SEEN.buckets[*].key.value",
    }


def test_a_parameter_cannot_leave_its_place(eql_engine: EqlEngine) -> None:
    """Host names come from the data: they are literals whatever they hold."""
    query = translate(hunt(JPEG), eql_profile()).query
    assert query is not None
    text = fill(query.text, {"P95": 1.5, "SEEN": ['x") or true or ("', "a\\", "${P95}", "\n"]})
    assert eql_engine.parse(text, eql_types(eql_profile())) is None
    empty = fill(query.text, {"P95": 95_000, "SEEN": []})
    assert 'in ("")' in empty
    assert eql_engine.parse(empty, eql_types(eql_profile())) is None
