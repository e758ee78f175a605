"""Correlations over correlations in one pipeline, run in the model against the evaluator."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.backends.esql.test_stack import alerts_beside_matches, correlation
from tests.support.generate import (
    BASES,
    FILE,
    NOW,
    PROCESS,
    SECOND,
    Limits,
    base_rule,
    make_timeline,
    plan_documents,
)
from tests.support.run_esql import MILLISECOND, check
from trident.meaning.events import Event, Value
from trident.rule.plan import LogSource

COUNT: dict[str, Any] = {"type": "event_count", "condition": {"gte": 2}}
UP_TO: dict[str, Any] = {"type": "event_count", "condition": {"lte": 3}}
CASES: dict[str, tuple[dict[str, Any], ...]] = {
    "three deep": (
        correlation("first", rules=["either"], **COUNT),
        correlation("second", rules=["first"], **COUNT),
        correlation(
            "third", rules=["second"], timespan="90s", type="event_count", condition={"lte": 3}
        ),
    ),
    "a count of windows that every match fills": (
        correlation("first", rules=["alpha", "beta"], type="event_count", condition={"gte": 1}),
        correlation("second", rules=["first"], **COUNT),
    ),
    "a single stage over alerts": (
        correlation("first", rules=["alpha", "gamma"], type="temporal"),
        correlation("second", rules=["first"], type="temporal_ordered"),
    ),
    "two kinds of alerts": (
        correlation("first", rules=["alpha"], **COUNT),
        correlation("second", rules=["gamma", "delta"], type="temporal"),
        correlation("third", rules=["first", "second"], type="temporal"),
    ),
    "alerts over matches and alerts": (
        correlation("first", rules=["either"], **COUNT),
        correlation("second", rules=["first", "gamma"], type="temporal"),
        correlation("third", rules=["second"], type="event_count", condition={"neq": 2}),
    ),
    "one group over groups": (
        correlation("first", rules=["either"], **COUNT),
        {
            "title": "second",
            "name": "second",
            "correlation": {
                "type": "value_count",
                "rules": ["first"],
                "timespan": "1m",
                "condition": {"gte": 1, "field": "Computer"},
            },
        },
    ),
    "a lookback over all": (
        correlation("first", rules=["either"], **COUNT),
        {
            **correlation("second", rules=["first", "gamma"], type="temporal"),
            "trident": {"lookback": "2m"},
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_chain(model: EsqlModel, name: str) -> None:
    plan = plan_documents((*map(base_rule, BASES), *CASES[name]))
    for number in range(6):
        random = Random(f"{name}-{number}")
        events = make_timeline(random, [60 * SECOND, 90 * SECOND], Limits(tick=MILLISECOND))
        check(model, plan, events, NOW)


@pytest.mark.parametrize("condition", [None, "gamma and inner", "inner or gamma"])
def test_alerts_then_matches(model: EsqlModel, condition: str | None) -> None:
    """Failures then a success: the third match of alpha within a minute, gamma before and after."""
    plan = alerts_beside_matches(condition)
    for offset in range(-90, 91, 15):
        events = [event(PROCESS, 20 * number, CommandLine="alpha") for number in range(4)]
        events.append(event(FILE, 40 + offset, FileName="gamma"))
        check(model, plan, events, NOW)
    assert check(model, plan, [*events, event(FILE, 41, FileName="gamma")], NOW)


def event(source: LogSource, seconds: int, **fields: Value) -> Event:
    return Event(NOW + (seconds - 600) * SECOND, source, {"Computer": "ws1", **fields})


def test_a_lookback_bounds_matches_beside_alerts(model: EsqlModel) -> None:
    """Where every match fires, one older than the lookback was read for the alerts' sake only."""
    inner = correlation("inner", rules=["alpha"], **COUNT)
    outer = correlation(
        "outer", type="temporal_ordered", rules=["gamma", "inner"], condition="gamma or inner"
    )
    plan = plan_documents((*map(base_rule, BASES), inner, {**outer, "trident": {"lookback": "2m"}}))
    old = event(FILE, 600 - 150, FileName="gamma")
    assert not check(model, plan, [old], NOW)
    assert check(model, plan, [old, event(FILE, 600 - 120, FileName="gamma")], NOW)


def test_many_rules_of_one_table(model: EsqlModel) -> None:
    """Their labels are appended in turn, and none is lost: an event may match all of them."""
    names = [f"r{number}" for number in range(6)]
    bases = [
        {
            "title": name,
            "name": name,
            "logsource": {"category": "process_creation", "product": "windows"},
            "detection": {"s": {"CommandLine|contains": f"v{name}"}, "condition": "s"},
        }
        for name in names
    ]
    plan = plan_documents((*bases, correlation("all", rules=names, type="temporal")))
    for missing in (None, names[0], names[-1]):
        line = " ".join(f"v{name}" for name in names if name != missing)
        alerts = check(model, plan, [event(PROCESS, 590, CommandLine=line)], NOW)
        assert bool(alerts) == (missing is None)
