"""The evaluator against the definition in SQL: on the hand-computed cases, which that has to
fulfil as well, and on random rules and timelines.

``python -m tests.backends.meaning.test_sql 20000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.backends.meaning.cases import Case, cases
from tests.backends.meaning.sql import sql_alerts
from tests.support.generate import (
    AGGREGATES,
    BASES,
    NOW,
    OPERATORS,
    TEMPORAL,
    Limits,
    make_case,
    make_timeline,
)
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.rule.plan import Baseline, Correlation

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@pytest.fixture(scope="module")
def connection() -> Iterator[DuckDBPyConnection]:
    """An empty database in memory, on one thread: the tables are tiny."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(config={"threads": 1}) as connected:
        yield connected


def agree(
    connection: DuckDBPyConnection, seed: str, count: int, limits: Limits | None = None
) -> Counter[str]:
    """Compare ``count`` random cases; how many of them fired, by type and by part."""
    fired: Counter[str] = Counter()
    for number in range(count):
        random = Random(f"{seed}-{number}")
        case = make_case(random, limits)
        assert isinstance(case.plan, Correlation)
        events = case.events
        if case.plan.baseline is not None:
            events = crowded(random, case.plan.baseline)
        alerts = {(alert.group, alert.time) for alert in evaluate(case.plan, events, NOW)}
        found = sql_alerts(connection, case.documents, events, NOW)
        assert found == alerts, f"{seed}-{number}\n{case.documents[5:]}\n{events}"
        if alerts:
            fired.update(parts(case.documents))
    return fired


def crowded(random: Random, baseline: Baseline) -> tuple[Event, ...]:
    """A timeline that fills both windows of a baseline, stands at their edges, and has some
    current values that stick out."""
    oldest, newest, now = (NOW - age * SECOND for age in (baseline.oldest, baseline.newest, 0))
    events = []
    for event in (e for _ in range(4) for e in make_timeline(random, [60 * SECOND], Limits())):
        edge = random.choice((oldest, newest, now)) + random.choice((-1, 0, 1))
        time = random.choice((edge, *(random.randrange(oldest, now, SECOND) for _ in range(3))))
        high = time > newest and random.random() < 0.2
        fields = {**event.fields, "ProcessId": 13} if high else event.fields
        events.append(replace(event, time=time, fields=fields))
    return tuple(events)


def parts(documents: tuple[dict[str, Any], ...]) -> Iterator[str]:
    """What a generated rule is made of."""
    *inner, rule = documents[len(BASES) :]
    condition = rule["correlation"].get("condition")
    yield rule["correlation"]["type"]
    yield from ["chained"] if inner else []
    yield from ["aliases"] if "aliases" in rule["correlation"] else []
    yield from ["condition string"] if isinstance(condition, str) else []
    yield from (op for op in OPERATORS if isinstance(condition, dict) and op in condition)
    extension = rule.get("trident", {})
    yield from extension
    baseline = extension.get("baseline", {})
    yield from baseline
    exceeds = baseline.get("exceeds", {})
    yield from exceeds
    yield exceeds.get("statistic", "")


def test_random_rules_on_random_timelines(connection: DuckDBPyConnection) -> None:
    fired = agree(connection, "suite", 300)
    wanted = {*AGGREGATES, *TEMPORAL, *OPERATORS, "chained", "aliases", "condition string"}
    assert {part for part in wanted | {"lookback"} if not fired[part]} == set()


def test_random_baselines(connection: DuckDBPyConnection) -> None:
    limits = Limits(AGGREGATES, features=frozenset({"baseline", "alias"}))
    fired = agree(connection, "suite", 300, limits)
    wanted = {"exceeds", "percentile", "avg", "max", "min", "factor", "stdevs", "by"}
    wanted |= {"unseen", "unseen_empty"}
    assert {part for part in wanted if not fired[part]} == set()


def test_random_names_of_the_matches_behind_an_alert(connection: DuckDBPyConnection) -> None:
    limits = Limits(features=frozenset({"chain", "carried", "alias", "condition", "range"}))
    fired = agree(connection, "behind", 300, limits)
    assert all(fired[part] for part in ("event_count", "value_count", *TEMPORAL))
    assert fired["chained"] > 50


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_hand_computed(connection: DuckDBPyConnection, case: Case) -> None:
    found = sql_alerts(connection, case.documents, case.events, NOW)
    assert sorted(found, key=lambda alert: (alert[1], alert[0])) == case.alerts


if __name__ == "__main__":
    import duckdb

    with duckdb.connect() as session:
        print(agree(session, sys.argv[2], int(sys.argv[1])))
