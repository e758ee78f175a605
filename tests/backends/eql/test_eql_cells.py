"""Each cell of the EQL capability table that is not refused, run against the evaluator."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.features import feature_rules
from tests.support.generate import NOW, Limits, make_timeline, plan_documents
from tests.support.run_eql import (
    ambiguous,
    difference,
    eql_alerts,
    eql_profile,
    expected,
)
from trident.app.verify.elastic import documents, requests
from trident.app.verify.native import native_rows
from trident.engines.eql.engine import EqlEngine
from trident.meaning.detection import compile_detection
from trident.meaning.events import SECOND
from trident.result.capabilities import FEATURES, capabilities
from trident.result.translation import Fidelity, Proof
from trident.rule.plan import Search
from trident.translate.translate import translate

CARRIED = [
    feature for feature in FEATURES if capabilities("eql")[feature].level is not Fidelity.REFUSED
]


def test_every_cell_is_executed() -> None:
    table = capabilities("eql")
    assert {table[feature].proof for feature in CARRIED} == {Proof.EXECUTED}


@pytest.mark.parametrize("feature", [f for f in CARRIED if f != "detection"])
def test_cell(eql_engine: EqlEngine, feature: str) -> None:
    """On tie-free timelines at milliseconds the alerts keep what the level promises."""
    ran = fired = 0
    limits = Limits(tick=1_000, ties=False)
    for rules in feature_rules(feature):
        plan = plan_documents(rules)
        translation = translate(plan, eql_profile())
        if translation.query is None:
            continue  # a rule of several features, another of which is refused
        for number in range(400 if "baseline" in feature else 60):
            random = Random(f"{feature}-{number}")
            events = make_timeline(random, [60 * SECOND], limits)
            if ambiguous(plan, events):
                continue
            want = expected(plan, events, NOW)
            found = eql_alerts(eql_engine, translation, plan, events, NOW)
            assert difference(plan, translation.fidelity, found, want) == {}, translation.query
            ran += 1
            fired += bool(want)
    assert ran >= 30 and fired


def test_detection_cell(eql_engine: EqlEngine) -> None:
    """Events selected by a single rule's search request."""
    profile = eql_profile()
    for *_, rule in feature_rules("detection"):
        plan = plan_documents((rule,))
        assert isinstance(plan, Search)
        translation = translate(plan, profile)
        assert translation.level == "exact (executed)"
        ((request, alert),) = requests(translation)
        assert alert is None
        test = compile_detection(plan.condition)
        for number in range(60):
            events = make_timeline(Random(number), [60 * SECOND], Limits(tick=1_000))
            indexed = documents(native_rows(events, profile), profile)
            found = eql_engine.search(request, indexed, NOW)
            times = sorted(result.documents[0][profile.time] for result in found)
            assert times == sorted(
                event.time
                for event in events
                if plan.logsource.covers(event.logsource) and test(event.fields)
            )
