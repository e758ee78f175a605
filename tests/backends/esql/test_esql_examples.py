"""The shipped hunts and examples in ES|QL: on the events written beside them, run in the model."""

from __future__ import annotations

import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.support.ruletests import RULES, Case, cases
from tests.support.run_esql import check
from trident.translate.translate import translate

CASES = [pytest.param(case, id=str(case)) for rule in RULES for case in cases(rule)]


@pytest.mark.parametrize("case", CASES)
def test_alerts_equal_the_evaluator(model: EsqlModel, case: Case) -> None:
    translation = translate(case.plan, model.profile)
    assert translation.query is not None, translation.error
    fired = check(model, case.plan, case.test.events, case.test.now)
    assert fired is bool(case.test.expected)
