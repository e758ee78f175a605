"""Random baseline hunts with enough history that limits and ranks matter, and exact edges."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.support.generate import NOW, PROCESS, Case, base_rule, plan_documents
from trident.meaning.events import SECOND, Event, Value

OLDEST, NEWEST = 240 * SECOND, 120 * SECOND
TYPES: tuple[dict[str, Any], ...] = (
    {"type": "event_count", "condition": {"gte": 1}},
    {"type": "event_count", "condition": {"gte": 2}},
    {"type": "value_count", "condition": {"field": "User", "gte": 2}},
    {"type": "value_sum", "condition": {"field": "ProcessId", "gt": 12}},
)


def baseline_case(random: Random) -> Case:
    """One baseline hunt over one rule, about forty events in its history and ten current ones."""
    exceeds: dict[str, Any] = {"field": "ProcessId"}
    statistic = random.choice(("percentile", "avg", "max", "min"))
    if statistic == "percentile":
        exceeds["percentile"] = random.choice((1, 10, 33, 50, 90, 95, 99, 100))
    else:
        exceeds["statistic"] = statistic
    if random.random() < 0.3:
        exceeds["factor"] = random.choice((0.5, 1.15, 2, 0, 0.1))
    elif statistic == "avg" and random.random() < 0.3:
        exceeds["stdevs"] = random.choice((0, 1, 2))
    if random.random() < 0.4:
        exceeds["by"] = random.choice((["User"], ["User", "Computer"]))
    baseline: dict[str, Any] = {"window": "4m..2m"}
    parts = random.choice(("exceeds", "exceeds", "unseen", "both"))
    if parts != "unseen":
        baseline["exceeds"] = exceeds
    if parts != "exceeds":
        baseline["unseen"] = random.choice((["FileName"], ["FileName", "User"]))
        baseline["unseen_empty"] = random.random() < 0.5
    correlation = {"rules": ["either"], "timespan": "10s", **random.choice(TYPES)}
    if random.random() < 0.5:
        correlation["group-by"] = ["Computer"]
    document = {"title": "dense", "name": "dense", "correlation": correlation}
    documents = (base_rule("either"), {**document, "trident": {"baseline": baseline}})
    events = [_event(random, _history_age(random)) for _ in range(random.choice((0, 1, 2, 40)))]
    events += [_event(random, _current_age(random)) for _ in range(10)]
    return Case(documents, plan_documents(documents), tuple(events))


def _history_age(random: Random) -> int:
    edges = (OLDEST, OLDEST + 1, OLDEST - 1, NEWEST, NEWEST + 1, NEWEST - 1)
    inside = random.randint(NEWEST, OLDEST)
    return random.choice((*edges, inside, inside, inside, inside))


def _current_age(random: Random) -> int:
    return random.choice((0, 1, -1, NEWEST - 1, NEWEST, 10 * SECOND, 20 * SECOND, 20 * SECOND + 1))


def _event(random: Random, age: int) -> Event:
    fields: dict[str, Value] = {
        "CommandLine": random.choice(("alpha", "beta", "alpha", "other")),
        "Computer": random.choice(("ws1", "ws2", "", None)),
        "User": random.choice(("ann", "bob", "", None)),
        "FileName": random.choice(("a", "b", "c", "A", "", None)),
        "ProcessId": random.choice((*range(1, 12), None)),
    }
    present = {name: value for name, value in fields.items() if value is not None}
    return Event(NOW - age, PROCESS, present)
