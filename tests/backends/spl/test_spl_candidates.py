"""Groups that cannot fire leave before the sort: which rows are left, and that no alert is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.spl.run import profile
from tests.backends.spl.test_spl_idioms import SOURCES, plan_of
from tests.support.generate import NOW
from trident.app.verify.runners.spl import definitions, raw_events
from trident.engines.spl import Config, Limits, SplEngine
from trident.meaning.events import SECOND, Event
from trident.translate.translate import translate

PROCESSES = {"type": "event_count", "rules": ["either"], "group-by": ["Computer"], "timespan": "5s"}
ORDER = {"type": "temporal_ordered", "group-by": ["Computer"], "timespan": "5s"}
TOGETHER = {**ORDER, "type": "temporal"}
USERS = {"type": "value_count", "rules": ["either"], "group-by": ["Computer"], "timespan": "5s"}

# Matches of each computer: a is alpha, b beta, g gamma, d delta; a digit behind it is the user.
COMPUTERS = {"one": "a1", "same": "a1 a1 a1", "two": "a1 b2", "first": "a1 g1", "all": "a1 g1 d1"}
LEFT: list[tuple[dict[str, Any], set[str], str]] = [
    ({**PROCESSES, "condition": {"gte": 2}}, {"same", "two"}, "fewer than the count asks for"),
    ({**PROCESSES, "condition": {"gt": 2}}, {"same"}, "more than two are three"),
    ({**PROCESSES, "condition": {"eq": 3}}, {"same"}, "as many"),
    ({**PROCESSES, "condition": {"gt": 1, "lte": 2}}, {"same", "two"}, "a range's lower end"),
    ({**PROCESSES, "condition": {"lt": 9}}, set(COMPUTERS), "fewer than: every group may fire"),
    ({**PROCESSES, "condition": {"neq": 2}}, set(COMPUTERS), "other than: every group may fire"),
    ({**USERS, "condition": {"field": "User", "gte": 2}}, {"two"}, "one value often is one value"),
    (
        {**USERS, "condition": {"field": ["User", "CommandLine"], "gte": 2}},
        {"same", "two"},
        "of tuples the matches are counted",
    ),
    (
        {**USERS, "type": "value_sum", "condition": {"field": "ProcessId", "gt": 1}},
        set(COMPUTERS),
        "a sum of one match may do",
    ),
    ({**ORDER, "rules": ["alpha", "gamma"]}, {"first", "all"}, "each stage"),
    (
        {
            **ORDER,
            "rules": ["alpha", "gamma", "delta"],
            "condition": "alpha and gamma and not delta",
        },
        {"first", "all"},
        "an absent rule is no stage",
    ),
    ({**TOGETHER, "rules": ["alpha", "gamma", "delta"]}, {"all"}, "all rules"),
    (
        {**TOGETHER, "rules": ["alpha", "gamma", "delta"], "condition": {"gte": 2}},
        {"first", "all"},
        "some of the rules",
    ),
    (
        {
            **TOGETHER,
            "rules": ["alpha", "beta", "gamma", "delta"],
            "condition": "alpha and (beta or gamma) and not delta",
        },
        {"two", "first", "all"},
        "what a condition needs",
    ),
    (
        {**TOGETHER, "rules": ["alpha", "gamma"], "condition": "alpha or gamma"},
        set(COMPUTERS),
        "one of all rules is there in each group",
    ),
]


def timeline() -> list[Event]:
    events, age = [], 0
    for computer, matches in COMPUTERS.items():
        for match in matches.split():
            age += 1
            fields: dict[str, Any] = {"Computer": computer, "User": match[1]}
            name, source = {"g": ("FileName", "file"), "d": ("DestinationHostname", "network")}.get(
                match[0], ("CommandLine", "process")
            )
            fields[name] = {"a": "alpha", "b": "beta", "g": "gamma", "d": "delta"}[match[0]]
            events.append(Event(NOW - age * SECOND, SOURCES[source], fields))
    return events


@pytest.mark.parametrize(("rule", "left"), [row[:2] for row in LEFT], ids=[row[2] for row in LEFT])
def test_groups_that_cannot_fire_leave_before_the_sort(
    rule: dict[str, Any], left: set[str]
) -> None:
    query = translate(plan_of([rule]), profile()).query
    assert query is not None
    before = query.text.partition("\n| sort 0 ")[0]
    rows = run(before, timeline(), Limits())
    columns = {key for row in rows for key in row if key.startswith("Computer")}
    assert {row[column] for row in rows for column in columns} == left


def test_one_group_of_all_rows_is_not_counted() -> None:
    rule = {key: each for key, each in PROCESSES.items() if key != "group-by"}
    query = translate(plan_of([{**rule, "condition": {"gte": 2}}]), profile()).query
    assert query is not None and "eventstats" not in query.text


def test_past_the_limit_of_memory_rows_stay() -> None:
    """eventstats stops adding its fields past limits.conf's memory, and keeps the rows."""
    for rule, _, why in LEFT:
        query = translate(plan_of([rule]), profile()).query
        assert query is not None
        before = query.text.partition("\n| sort 0 ")[0]
        kept = run(before, timeline(), Limits(max_mem_usage_mb=0.00001, maxresultrows=0))
        assert len(kept) == len(run(before.partition("\n| eventstats")[0], timeline(), Limits())), (
            why
        )


def run(text: str, events: Any, limits: Limits) -> list[Any]:
    engine = SplEngine(Config(limits=limits))
    return engine.run(text, raw_events(events, profile()), NOW // SECOND, definitions(profile()))
