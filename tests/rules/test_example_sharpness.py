"""The rule tests are sharp: a rule with one thing wrong in it fails the test beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.mutants import mutants
from tests.support.ruletests import RULES, cases, plans
from trident.meaning.evaluate import evaluate


@pytest.mark.parametrize("rule", RULES, ids=[path.stem for path in RULES])
def test_every_mutant_is_noticed(rule: Path) -> None:
    unnoticed = []
    for name, plan in plans(rule).items():
        tests = [case.test for case in cases(rule) if case.test.rule == name]
        for label, mutant in mutants(plan):
            if all(
                {(alert.group, alert.time) for alert in evaluate(mutant, test.events, test.now)}
                == set(test.expected)
                for test in tests
            ):
                unnoticed.append(label)
    assert not unnoticed
