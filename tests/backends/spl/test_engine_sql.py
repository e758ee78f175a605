"""Emitted SPL on the interpreter against the definition in DuckDB SQL: two formulations that
share neither code nor author's reading with the reference evaluator.

``python -m tests.backends.spl.test_engine_sql 5000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.backends.meaning.sql import sql_alerts
from tests.support.features import feature_rules
from tests.support.generate import (
    NOW,
    SECOND,
    Limits,
    make_case,
    make_timeline,
    plan_documents,
)
from trident.app.verify.runners.spl import SplRunner
from trident.mapping.profiles import load_profiles
from trident.translate.translate import translate

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PROFILE = load_profiles("spl")["microsoft_addon"]
IDIOMS = (
    "event_count.gte",
    "event_count.lt",
    "value_count.gte",
    "value_count.eq",
    "value_count.several_fields",
    "value_sum.gt",
    "value_avg.lte",
    "value_percentile.gte",
    "value_median.neq",
    "temporal.all",
    "temporal.condition",
    "temporal.not",
    "temporal_ordered",
    "temporal_ordered.chain",
    "temporal_ordered.or",
    "temporal_ordered.not",
    "alias",
    "several_rules",
    "chained",
    "lookback",
    "baseline.exceeds.percentile",
    "baseline.stdevs",
    "baseline.by",
    "baseline.unseen_several",
    "baseline.unseen_empty",
)
"""One feature for each idiom of docs/spl-idioms.md."""


@pytest.fixture(scope="module")
def connection() -> Iterator[DuckDBPyConnection]:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(config={"threads": 1}) as connected:
        yield connected


@pytest.mark.parametrize("feature", IDIOMS)
def test_idiom(connection: DuckDBPyConnection, feature: str) -> None:
    runner = SplRunner()
    for documents in feature_rules(feature):
        plan = plan_documents(documents)
        translation = translate(plan, PROFILE)
        for number in range(8):
            random = Random(f"{feature}-sql-{number}")
            events = make_timeline(random, [60 * SECOND], Limits())
            found = runner.alerts(plan, translation, PROFILE, events, NOW)
            assert found == sql_alerts(connection, documents, events, NOW), translation.query


if __name__ == "__main__":
    import duckdb

    count, seed = int(sys.argv[1]), sys.argv[2]
    interpreter = SplRunner()
    with duckdb.connect(config={"threads": 1}) as database:
        for index in range(count):
            case = make_case(Random(f"{seed}-{index}"))
            query = translate(case.plan, PROFILE)
            alerts = interpreter.alerts(case.plan, query, PROFILE, case.events, NOW)
            assert alerts == sql_alerts(database, case.documents, case.events, NOW), index
    print(f"{count} runs without a difference")
