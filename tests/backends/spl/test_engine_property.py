"""Random rules on random timelines: the emitted SPL, run by the interpreter that was written from
Splunk's documentation without a look at the renderer, against the reference evaluator.

``python -m tests.backends.spl.test_engine_property 20000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from random import Random

import pytest

from tests.backends.spl.dense import baseline_case
from tests.support.generate import NOW, make_case
from trident.app.verify.runners.spl import SplRunner
from trident.mapping.profiles import load_profiles
from trident.meaning.evaluate import evaluate
from trident.translate.translate import translate

PROFILE = load_profiles("spl")["microsoft_addon"]
MAKERS = (make_case, make_case, make_case, baseline_case)


def check(runner: SplRunner, seed: str, number: int) -> bool:
    """Whether the case fires; its alerts must be the evaluator's."""
    case = MAKERS[number % len(MAKERS)](Random(f"{seed}-{number}"))
    translation = translate(case.plan, PROFILE)
    assert translation.query is not None, translation.error
    found = runner.alerts(case.plan, translation, PROFILE, case.events, NOW)
    want = {(alert.group, alert.time) for alert in evaluate(case.plan, case.events, NOW)}
    assert found == want, f"{seed}-{number}\n{translation.query.text}\n{case.events}"
    return bool(want)


@pytest.mark.parametrize("block", range(4))
def test_alerts_equal_the_evaluator(block: int) -> None:
    runner = SplRunner()
    fired = [check(runner, f"engine-{block}", number) for number in range(40)]
    assert any(fired)


if __name__ == "__main__":
    count, start = int(sys.argv[1]), sys.argv[2]
    interpreter = SplRunner()
    fired = sum(check(interpreter, start, number) for number in range(count))
    print(f"{count} runs without a difference, {fired} with alerts")
