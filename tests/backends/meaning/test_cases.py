"""The evaluator on hand-computed cases."""

from __future__ import annotations

import pytest

from tests.backends.meaning.cases import Case, cases, make_case
from tests.support.generate import NOW, plan_documents
from trident.meaning.evaluate import evaluate

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_alerts_are_the_computed_ones(case: Case) -> None:
    alerts = evaluate(plan_documents(case.documents), case.events, NOW)
    assert [(alert.group, alert.time) for alert in alerts] == case.alerts
    if case.evidence is not None:
        found = [[match.time for match in alert.evidence] for alert in alerts]
        assert found == case.evidence
    if case.values is not None:
        assert [alert.value for alert in alerts] == case.values


@pytest.mark.parametrize("kind", ["temporal", "temporal_ordered"])
def test_evidence_of_one_time_is_chosen_by_field_values(kind: str) -> None:
    rule = {"type": kind, "rules": ["a", "b"], "timespan": "10s"}
    events = [[0, "a", {"n": "2"}], [0, "a", {"n": "3"}], [0, "a", {"n": "1"}], [0, "b"]]
    case = make_case({"rule": rule}, {"why": kind, "events": events, "alerts": [0]})
    (alert,) = evaluate(plan_documents(case.documents), case.events, NOW)
    assert [match.fields.get("n") for match in alert.evidence] == ["3", None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_of_events_does_not_matter(case: Case) -> None:
    plan = plan_documents(case.documents)
    backwards = evaluate(plan, reversed(case.events), NOW)
    assert backwards == evaluate(plan, case.events, NOW)
