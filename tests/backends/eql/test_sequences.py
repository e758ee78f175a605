"""Sequences case by case: what the query looks like and what it finds on the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.generate import BASES, NOW, TEXTS, base_rule, plan_documents
from tests.support.run_eql import difference, eql_alerts, eql_profile, expected
from trident.app.verify.elastic import documents, requests
from trident.app.verify.native import native_rows
from trident.engines.eql.engine import EqlEngine, Found
from trident.meaning.events import SECOND, Event
from trident.result.translation import Fidelity, Translation
from trident.rule.plan import Plan
from trident.translate.translate import translate

CASES = yaml.safe_load((Path(__file__).parent / "sequences.yml").read_text("utf-8"))
START = NOW - 3_600 * SECOND


def plan_of(correlation: dict[str, Any], **more: Any) -> Plan:
    bases = [base_rule(name) for name in BASES]
    document = {"title": "c", "name": "c", "correlation": {"timespan": "1m", **correlation}, **more}
    return plan_documents((*bases, document))


def event_of(row: list[Any]) -> Event:
    second, rule, *rest = row
    computer, user = (*rest, None, None)[:2]
    source, _ = BASES[rule]
    name, _ = TEXTS[source]
    fields = {name: rule, "Computer": computer, "User": user}
    return Event(
        START + round(second * SECOND),
        source,
        {key: value for key, value in fields.items() if value is not None},
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_sequence(eql_engine: EqlEngine, case: dict[str, Any]) -> None:
    plan = plan_of(case["correlation"])
    translation = translate(plan, eql_profile())
    assert translation.query is not None, translation.error
    assert len(requests(translation)) == case.get("queries", 1)
    for part in case.get("contains", ()):
        assert part in translation.query.text
    events = [event_of(row) for row in case["events"]]
    found = eql_alerts(eql_engine, translation, plan, events, NOW)
    assert found == {(tuple(key), START + round(second * SECOND)) for *key, second in case["found"]}
    assert difference(plan, translation.fidelity, found, expected(plan, events, NOW)) == {}


def run_in_order(engine: EqlEngine, translation: Translation, events: list[Event]) -> list[Found]:
    """The query's results on the events, those of one time in the order given."""
    profile = eql_profile()
    assert translation.query is not None
    indexed = [d for e in events for d in documents(native_rows([e], profile), profile)]
    return engine.run(translation.query.text, indexed, profile.time)


REFUSED = [
    pytest.param(
        {"type": "event_count", "rules": ["alpha", "beta"], "condition": {"gte": 2}},
        "TRI355",
        id="two rules on one data set",
    ),
    pytest.param(
        {"type": "event_count", "rules": ["alpha"], "condition": {"gte": 101}},
        "TRI358",
        id="more runs than Elasticsearch allows",
    ),
    pytest.param(
        {"type": "temporal", "rules": ["alpha", "beta", "gamma", "delta"]},
        "TRI358",
        id="24 orders",
    ),
    pytest.param(
        {
            "type": "temporal_ordered",
            "rules": ["alpha", "delta"],
            "group-by": ["what"],
            "aliases": {"what": {"alpha": "ProcessId", "delta": "DestinationIp"}},
        },
        "TRI357",
        id="a number and an address as one key",
    ),
    pytest.param(
        {
            "type": "event_count",
            "rules": ["alpha", "gamma"],
            "group-by": ["who"],
            "aliases": {"who": {"alpha": "User", "gamma": "Computer"}},
            "condition": {"gte": 2},
        },
        "TRI357",
        id="one count over keys of two names",
    ),
]


@pytest.mark.parametrize(("correlation", "code"), REFUSED)
def test_refused(correlation: dict[str, Any], code: str) -> None:
    translation = translate(plan_of(correlation), eql_profile())
    assert translation.fidelity is Fidelity.REFUSED
    assert translation.error is not None and translation.error.code == code


@pytest.mark.parametrize(
    ("rows", "found", "wanted"),
    [
        pytest.param([[0, "gamma"], [0, "alpha"]], 0, 1, id="second stage sorted first: missed"),
        pytest.param([[0, "alpha"], [0, "gamma"]], 1, 1, id="first stage sorted first: found"),
    ],
)
def test_ties_as_their_note_says(
    eql_engine: EqlEngine, rows: list[list[Any]], found: int, wanted: int
) -> None:
    plan = plan_of({"type": "temporal_ordered", "rules": ["alpha", "gamma"]})
    translation = translate(plan, eql_profile())
    assert "TRI451" in {note.code for note in translation.notes}
    events = [event_of([*row, "ws1"]) for row in rows]
    assert len(expected(plan, events, NOW)) == wanted
    assert len(run_in_order(eql_engine, translation, events)) == found


def test_one_event_in_two_stages_is_missed_as_the_note_says(eql_engine: EqlEngine) -> None:
    plan = plan_of({"type": "temporal_ordered", "rules": ["alpha", "either"]})
    event = event_of([0, "alpha", "ws1"])
    assert len(expected(plan, [event], NOW)) == 1
    translation = translate(plan, eql_profile())
    assert eql_alerts(eql_engine, translation, plan, [event], NOW) == set()
    assert "TRI451" in {note.code for note in translation.notes}
