"""Random rules on random timelines: the emitted SPL, run on the model, against the evaluator.

``python -m tests.backends.spl.test_spl_property 20000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random

import pytest

from tests.backends.spl.dense import baseline_case
from tests.backends.spl.run import Row, run_spl, spl_alerts, wanted_alerts
from tests.support.generate import NOW, Case, make_case
from trident.meaning.detection import text
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND
from trident.rule.plan import Aggregate, Correlation, Ordered


def check(seed: str, make: Callable[[Random], Case] = make_case) -> bool:
    """Whether the case fires; its alerts must be the evaluator's."""
    case = make(Random(seed))
    want = wanted_alerts(case.plan, case.events, NOW)
    translation, rows = run_spl(case.plan, case.events, NOW, seed=len(seed) + len(case.events))
    found = spl_alerts(translation, case.plan, rows)
    assert found == want, f"seed {seed}\n{case.documents}\n{translation.query}\n{case.events}"
    assert_evidence(case, rows)
    return bool(want)


def assert_evidence(case: Case, rows: list[Row]) -> None:
    """The rows of ordered and temporal rules name the times of the evaluator's evidence."""
    plan = case.plan
    if not isinstance(plan, Correlation) or isinstance(plan.trigger, Aggregate):
        return
    assert len(rows) == len(
        spl_rows := {(keys_of(row, plan), micros(row["_time"])) for row in rows}
    )
    alerts = {(alert.group, alert.time): alert for alert in evaluate(plan, case.events, NOW)}
    assert spl_rows == set(alerts)
    for row in rows:
        evidence = alerts[keys_of(row, plan), micros(row["_time"])].evidence
        if isinstance(plan.trigger, Ordered):
            for number, match in enumerate(evidence[:-1], 1):
                assert micros(row[f"stage{number}_time"]) == match.time
        else:
            shown = {
                branch.reference: micros(row[f"{branch.reference}_time"])
                for branch in plan.branches
                if f"{branch.reference}_time" in row
            }
            assert shown == {plan.branches[m.branch].reference: m.time for m in evidence}


def keys_of(row: Row, plan: Correlation) -> tuple[str, ...]:
    return tuple(text(row[name]) for name in plan.group_by)


def micros(seconds: float) -> int:
    return round(seconds * SECOND)


@pytest.mark.parametrize("block", range(8))
def test_alerts_equal_the_evaluator(block: int) -> None:
    fired = [check(f"suite-{block}-{number}") for number in range(40)]
    assert any(fired)


@pytest.mark.parametrize("block", range(4))
def test_dense_baselines_equal_the_evaluator(block: int) -> None:
    fired = [check(f"dense-{block}-{number}", baseline_case) for number in range(40)]
    assert any(fired)


if __name__ == "__main__":
    count, seed = int(sys.argv[1]), sys.argv[2]
    makers = (make_case, make_case, make_case, baseline_case)
    fired = sum(check(f"{seed}-{number}", makers[number % 4]) for number in range(count))
    print(f"{count} runs without a difference, {fired} with alerts")
