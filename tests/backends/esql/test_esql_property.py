"""Random rules on random timelines: the emitted ES|QL, run in the model, against the evaluator.

``python -m tests.backends.esql.test_esql_property 5000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from random import Random

import pytest

from tests.backends.esql.dense import dense_timeline
from tests.backends.esql.model.engine import EsqlModel
from tests.backends.spl.dense import baseline_case
from tests.support.generate import NOW, Case, Limits, make_case
from tests.support.run_esql import MILLISECOND, check, esql_profile


def sparse(random: Random) -> Case:
    """The generator's own timeline: missing keys, other case, other texts."""
    return make_case(random, Limits(tick=MILLISECOND))


def dense(random: Random) -> Case:
    """A timeline on which the rule is likely to fire."""
    case = sparse(random)
    return replace(case, events=dense_timeline(random, case.documents))


KINDS = (sparse, dense, baseline_case)


def check_seed(model: EsqlModel, seed: str) -> bool:
    """Whether the case fires; its alerts must be the evaluator's."""
    random = Random(seed)
    case = random.choice(KINDS)(random)
    try:
        return check(model, case.plan, case.events, NOW)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}\n{case.documents}") from error


@pytest.mark.parametrize("block", range(5))
def test_alerts_equal_the_evaluator(model: EsqlModel, block: int) -> None:
    fired = [check_seed(model, f"suite-{block}-{number}") for number in range(12)]
    assert any(fired)


if __name__ == "__main__":
    count, start = int(sys.argv[1]), sys.argv[2]
    opened = EsqlModel(esql_profile())
    total = sum(check_seed(opened, f"{start}-{number}") for number in range(count))
    print(f"{count} runs without a difference, {total} with alerts")
