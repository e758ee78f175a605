"""Random rules on random timelines: the emitted SPL, run on the model, against the evaluator.

``python -m tests.spl.test_property 20000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from random import Random

import pytest

from tests.spl.run import run_spl, spl_alerts, wanted_alerts
from tests.support.generate import NOW, make_case


def check(seed: str) -> bool:
    """Whether the case fires; its alerts must be the evaluator's."""
    case = make_case(Random(seed))
    want = wanted_alerts(case.plan, case.events, NOW)
    translation, rows = run_spl(case.plan, case.events, NOW, seed=len(seed) + len(case.events))
    found = spl_alerts(translation, case.plan, rows)
    assert found == want, f"seed {seed}\n{case.documents[5:]}\n{translation.query}\n{case.events}"
    return bool(want)


@pytest.mark.parametrize("block", range(8))
def test_alerts_equal_the_evaluator(block: int) -> None:
    fired = [check(f"suite-{block}-{number}") for number in range(40)]
    assert any(fired)


if __name__ == "__main__":
    count, seed = int(sys.argv[1]), sys.argv[2]
    fired = sum(check(f"{seed}-{number}") for number in range(count))
    print(f"{count} runs without a difference, {fired} with alerts")
