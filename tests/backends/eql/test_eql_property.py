"""Random rules on random tie-free timelines: the emitted EQL against the reference evaluator.

``python -m tests.backends.eql.test_eql_property 20000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random

import pytest

from tests.support.generate import NOW, Limits, make_case
from tests.support.run_eql import (
    ambiguous,
    difference,
    eql_alerts,
    eql_profile,
    eql_types,
    expected,
)
from trident.engines.eql.engine import EqlEngine
from trident.rule.plan import Aggregate
from trident.translate.translate import translate

CARRIED = Limits(
    types=("event_count", "temporal", "temporal_ordered"),
    tick=1_000,  # Elasticsearch's clock has milliseconds
    ties=False,
    features=frozenset({"alias", "baseline", "condition", "lookback"}),
)


def check(engine: EqlEngine, seed: str) -> str:
    """What became of the case; a query must parse and keep what its level promises."""
    case = make_case(Random(seed), CARRIED)
    translation = translate(case.plan, eql_profile())
    if translation.query is None:
        assert translation.error is not None
        return f"refused {translation.error.code}"
    if not translation.query.parameters:
        error = engine.parse(translation.query.text, eql_types(eql_profile()))
        assert error is None, f"seed {seed}\n{translation.query.text}\n{error}"
    # An event that is a match of two rules ties with itself (TRI451); a count takes it.
    if not isinstance(getattr(case.plan, "trigger", None), Aggregate) and ambiguous(
        case.plan, case.events
    ):
        return "ambiguous"
    want = expected(case.plan, case.events, NOW)
    found = eql_alerts(engine, translation, case.plan, case.events, NOW)
    wrong = difference(case.plan, translation.fidelity, found, want)
    assert wrong == {}, f"seed {seed}\n{translation.query.text}\n{case.events}\n{wrong}"
    return f"{translation.fidelity} {'with' if want else 'without'} alerts"


@pytest.mark.parametrize("block", range(8))
def test_alerts_keep_the_level(eql_engine: EqlEngine, block: int) -> None:
    results = Counter(check(eql_engine, f"suite-{block}-{number}") for number in range(100))
    assert results["covering with alerts"] > 1, results


if __name__ == "__main__":
    count, start = int(sys.argv[1]), sys.argv[2]
    with EqlEngine() as running:
        totals = Counter(check(running, f"{start}-{number}") for number in range(count))
    for result, times in sorted(totals.items()):
        print(f"{times:7} {result}")
