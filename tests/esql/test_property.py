"""Random rules on random timelines: the emitted ES|QL, run in the model, against the evaluator.

``python -m tests.esql.test_property 5000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from random import Random

import pytest

from tests.esql.model.engine import EsqlModel
from tests.support.generate import NOW, Limits, make_case
from tests.support.run_esql import MILLISECOND, check, esql_profile


def check_seed(model: EsqlModel, seed: str) -> bool:
    """Whether the case fires; its alerts must be the evaluator's."""
    case = make_case(Random(seed), Limits(tick=MILLISECOND))
    try:
        return check(model, case.plan, case.events, NOW)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}\n{case.documents[5:]}") from error


@pytest.mark.parametrize("block", range(4))
def test_alerts_equal_the_evaluator(model: EsqlModel, block: int) -> None:
    fired = [check_seed(model, f"suite-{block}-{number}") for number in range(12)]
    assert any(fired)


if __name__ == "__main__":
    count, start = int(sys.argv[1]), sys.argv[2]
    opened = EsqlModel(esql_profile())
    total = sum(check_seed(opened, f"{start}-{number}") for number in range(count))
    print(f"{count} runs without a difference, {total} with alerts")
