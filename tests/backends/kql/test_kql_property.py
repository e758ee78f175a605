"""Random rules on random timelines: the emitted KQL against the reference evaluator.

``python -m tests.backends.kql.test_kql_property 20000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from random import Random
from typing import Any

import pytest

from tests.support.generate import NOW, Limits, make_case
from tests.support.run_kql import kql_alerts, run_kql, schema_of
from trident.mapping.profiles import load_profiles
from trident.meaning.evaluate import evaluate

CARRIED = Limits(features=frozenset({"chain", "carried", "alias", "condition", "range"}))


def check(engine: Any, seed: str, binder: Any = None, limits: Limits | None = None) -> bool:
    """Whether the case fires; its alerts must be the evaluator's."""
    case = make_case(Random(seed), limits)
    want = {(alert.group, alert.time) for alert in evaluate(case.plan, case.events, NOW)}
    translation, rows = run_kql(engine, case.plan, case.events, NOW)
    found = kql_alerts(translation, case.plan, rows)
    assert found == want, f"seed {seed}\n{case.documents[5:]}\n{case.events}"
    if binder is not None and translation.query is not None:
        bound = binder(translation.query.text, schema_of(load_profiles("kql")["sentinel"]))
        assert bound.errors == (), f"seed {seed}\n{translation.query.text}"
    return bool(want)


@pytest.mark.parametrize("block", range(8))
def test_alerts_equal_the_evaluator(kql_engine: Any, kql_binder: Any, block: int) -> None:
    fired = [
        check(kql_engine, f"suite-{block}-{number}", kql_binder if number % 4 == 0 else None)
        for number in range(25)
    ]
    assert any(fired)


def test_fields_of_the_matches_behind_an_alert(kql_engine: Any, kql_binder: Any) -> None:
    fired = [
        check(kql_engine, f"behind-{number}", None if number % 4 else kql_binder, CARRIED)
        for number in range(25)
    ]
    assert sum(fired) > 3


if __name__ == "__main__":
    from trident.engines.kusto.engine import KqlEngine, bind_query

    count, seed = int(sys.argv[1]), sys.argv[2]
    with KqlEngine(schema_of(load_profiles("kql")["sentinel"])) as engine:
        total = sum(
            check(engine, f"{seed}-{i}", bind_query, CARRIED if i % 2 else None)
            for i in range(count)
        )
    print(f"{count} runs without a difference, {total} with alerts")
