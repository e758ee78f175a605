"""A count as a stage of a sequence: every alert is the definition's, at random and at the edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.support.generate import BASES, FILE, NOW, PROCESS, base_rule, plan_documents
from tests.support.run_eql import eql_alerts, eql_profile, eql_types, expected
from trident.engines.eql.engine import EqlEngine
from trident.meaning.events import SECOND, Event
from trident.result.translation import ACCEPTED, Fidelity
from trident.rule.plan import Correlation
from trident.translate.translate import translate

SOUND = replace(eql_profile(), accept=(*ACCEPTED, Fidelity.SOUND))


def rule(
    rules: Sequence[str], inner: str, outer: str, count: dict[str, Any], **more: Any
) -> Correlation:
    """A burst of alpha and an order with it in it."""
    burst = {
        "title": "burst",
        "name": "burst",
        "correlation": {
            "type": "event_count",
            "rules": ["alpha"],
            "group-by": ["Computer"],
            "timespan": inner,
            "condition": count,
        },
    }
    order = {
        "title": "order",
        "name": "order",
        "correlation": {
            "type": "temporal_ordered",
            "rules": list(rules),
            "group-by": ["Computer"],
            "timespan": outer,
            **more,
        },
    }
    plan = plan_documents((*map(base_rule, BASES), burst, order))
    assert isinstance(plan, Correlation)
    return plan


def event(second: int, text: str, host: str = "ws1") -> Event:
    source, field = (FILE, "FileName") if text == "gamma" else (PROCESS, "CommandLine")
    return Event(NOW + second * SECOND, source, {field: text, "Computer": host})


def test_the_specifications_example(eql_engine: EqlEngine) -> None:
    plan = rule(["burst", "beta"], "10m", "15m", {"gte": 3})
    assert translate(plan, eql_profile()).error is not None
    translation = translate(plan, SOUND)
    assert translation.level == "sound (executed)" and translation.query is not None
    text = translation.query.text
    assert "with maxspan=10m" in text and text.count("] with runs=3") == 1
    assert [note.code for note in translation.notes].count("TRI446") == 1
    assert eql_engine.parse(text, eql_types(SOUND)) is None
    # Within both windows; with the run in its own and the whole in the other only.
    near = [event(s, "alpha") for s in (0, 300, 599)] + [event(600, "beta")]
    far = [event(s, "alpha") for s in (0, 300, 599)] + [event(601, "beta")]
    assert len(eql_alerts(eql_engine, translation, plan, near, NOW)) == 1
    assert len(expected(plan, near, NOW)) == 1
    assert len(eql_alerts(eql_engine, translation, plan, far, NOW)) == 0
    assert len(expected(plan, far, NOW)) == 1


@pytest.mark.parametrize(
    ("rules", "condition"),
    [
        (["burst", "beta"], None),
        (["beta", "burst"], None),
        (["beta", "burst", "gamma"], None),
        (["burst", "beta", "gamma"], "burst and beta and not gamma"),
    ],
)
def test_no_alert_is_another_one(
    eql_engine: EqlEngine, rules: list[str], condition: str | None
) -> None:
    results: Counter[str] = Counter()
    for number in range(60):
        random = Random(f"{rules}{condition}{number}")
        inner, outer = random.sample([60, 90, 120, 300], 2)
        count = random.choice([{"gte": 2}, {"gt": 1}, {"gte": 3}])
        more = {"condition": condition} if condition else {}
        plan = rule(rules, f"{inner}s", f"{outer}s", count, **more)
        translation = translate(plan, SOUND)
        assert translation.fidelity is Fidelity.SOUND, translation.error
        times = sorted(random.sample(range(0, 600, 5), 24))
        events = [
            event(
                time,
                random.choice(["alpha", "alpha", "alpha", "beta", "gamma"]),
                random.choice(["ws1", "ws2"]),
            )
            for time in times
        ]
        found = eql_alerts(eql_engine, translation, plan, events, NOW + 900 * SECOND)
        want = expected(plan, events, NOW + 900 * SECOND)
        assert found <= want, (number, translation.query, events)
        results["found"] += len(found)
        results["missed"] += len(want - found)
    assert results["found"] > 3 and results["missed"] > 0, results


@pytest.mark.parametrize(
    ("rules", "more"),
    [
        (["alpha", "burst", "beta"], {"condition": "alpha and (burst or beta)"}),
        (["alpha", "beta", "burst"], {"condition": "alpha and beta and not burst"}),
    ],
)
def test_what_no_sequence_says_stays_refused(rules: list[str], more: dict[str, Any]) -> None:
    error = translate(rule(rules, "5m", "5m", {"gte": 2}, **more), SOUND).error
    assert error is not None and error.code == "TRI353"


def test_other_inner_correlations_stay_refused() -> None:
    plan = rule(["burst", "beta"], "5m", "5m", {"gte": 2})
    burst = plan.branches[0].matches
    assert isinstance(burst, Correlation)
    for changed in (
        replace(burst, group_by=(), branches=(replace(burst.branches[0], keys=()),)),
        replace(burst, branches=burst.branches * 2),
    ):
        branches = (replace(plan.branches[0], matches=changed), *plan.branches[1:])
        translation = translate(replace(plan, branches=branches), SOUND)
        assert translation.error is not None and translation.error.code == "TRI353"
