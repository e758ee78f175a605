"""What a result shows beside the alert: fields and times of the matches behind it, typed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.support.generate import BASES, FILE, NETWORK, NOW, PROCESS, base_rule, plan_documents
from tests.support.run_esql import run_esql
from trident.meaning.events import SECOND, Event, Value, to_datetime

NAMES = {
    "alpha": (PROCESS, "CommandLine"),
    "gamma": (FILE, "FileName"),
    "delta": (NETWORK, "DestinationHostname"),
}


def event(rule: str, seconds: int, extra: str = "", **fields: Value) -> Event:
    source, name = NAMES[rule]
    known: dict[str, Value] = {"Computer": "ws1", name: rule + extra, **fields}
    return Event(at(seconds), source, known)


def at(seconds: int) -> int:
    return NOW + (seconds - 600) * SECOND


def clock(seconds: int) -> Any:
    return to_datetime(at(seconds)).replace(tzinfo=None)


def only_row(
    model: EsqlModel,
    events: list[Event],
    columns: dict[str, Any] | None = None,
    fields: tuple[str, ...] = (),
    **correlation: Any,
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "title": "o",
        "name": "o",
        "fields": list(fields),
        "correlation": {"timespan": "1m", "group-by": ["Computer"], **correlation},
    }
    if columns:
        document["trident"] = {"columns": columns}
    plan = plan_documents((*map(base_rule, BASES), document))
    translation, rows = run_esql(model, plan, events, NOW)
    assert translation.query is not None
    assert set(translation.query.columns.values()) <= set(rows[0])
    (row,) = rows
    return row


def test_a_count_shows_the_match_that_fires(model: EsqlModel) -> None:
    events = [
        event("alpha", 0, " first", ProcessId=9),
        event("alpha", 30, " b", ProcessId=1, User="u"),
        event("alpha", 30, " a", ProcessId=2, User=""),
    ]
    row = only_row(
        model,
        events,
        fields=("CommandLine", "User", "ProcessId"),
        type="event_count",
        rules=["alpha"],
        condition={"gte": 2},
    )
    assert row == {
        "@timestamp": clock(30),
        "host.name": "ws1",
        "process.command_line": "alpha b",  # of two at one time each field's greatest
        "user.name": "u",
        "process.pid": 2,
        "Matches": 3,
        "FirstMatch": clock(0),
    }


def test_distinct_values_show_it_too(model: EsqlModel) -> None:
    events = [event("alpha", 0, User="a"), event("alpha", 20, User="b", ProcessId=7)]
    row = only_row(
        model,
        events,
        fields=("ProcessId",),
        type="value_count",
        rules=["alpha"],
        condition={"gte": 2, "field": "User"},
    )
    assert (row["process.pid"], row["Values"], row["FirstMatch"]) == (7, 2, clock(0))


def test_rules_in_any_order_show_the_latest_match_of_each(model: EsqlModel) -> None:
    events = [event("gamma", 0, ".1"), event("gamma", 10, ".2"), event("alpha", 20, User="ann")]
    row = only_row(
        model, events, fields=("FileName", "User"), type="temporal", rules=["alpha", "gamma"]
    )
    assert row == {
        "@timestamp": clock(20),
        "host.name": "ws1",
        "FileName": "gamma.2",
        "User": None,  # the latest rule that has the field is gamma's
        "Rule1Time": clock(20),
        "Rule2Time": clock(10),
    }


def test_a_chain_shows_one_match_of_each_stage(model: EsqlModel) -> None:
    events = [
        event("alpha", 0, " early"),
        event("alpha", 10, " late", ProcessId=4),
        event("gamma", 20, ".png"),
        event("alpha", 25, " after"),
        event("delta", 30),
    ]
    row = only_row(
        model,
        events,
        columns={"Started": {"stage": 1}, "Tool": {"field": "CommandLine", "stage": 1}},
        fields=("DestinationHostname", "FileName"),
        type="temporal_ordered",
        rules=["alpha", "gamma", "delta"],
    )
    assert row == {
        "@timestamp": clock(30),
        "host.name": "ws1",
        "Started": clock(10),
        "Tool": "alpha late",
        "DestinationHostname": "delta",
        "FileName": "gamma.png",
        "Stage2Time": clock(20),
    }


def test_one_stage_shows_the_match_itself(model: EsqlModel) -> None:
    row = only_row(
        model,
        [event("gamma", 5, ".x")],
        columns={"At": {"stage": 1}},
        fields=("User",),
        type="temporal_ordered",
        rules=["alpha", "gamma"],
        condition="alpha or gamma",
    )
    assert (row["@timestamp"], row["At"], row["User"]) == (clock(5), clock(5), None)


@pytest.mark.parametrize(
    ("separator", "text", "rest"),
    [
        ("/", "a/b/c", "c"),
        ("\\", "C:\\x\\y.exe", "y.exe"),
        (".", "a.b", "b"),
        ("|", "a|b|", ""),
        ("::", "a::b:c", "b:c"),
        ("/", "none", "none"),
        ("/", "a\n/b\nc", "b\nc"),
    ],
)
def test_text_after_a_separator(model: EsqlModel, separator: str, text: str, rest: str) -> None:
    row = only_row(
        model,
        [event("alpha", 0, Image=text)],
        columns={"Last": {"field": "Image", "after_last": separator}},
        type="event_count",
        rules=["alpha"],
        condition={"gte": 1},
    )
    assert row["Last"] == rest
