"""Each cell of each capability table, held to what it says."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.support.features import feature_rules
from tests.support.generate import NOW, SECOND, Limits, make_timeline, plan_documents
from tests.support.run_kql import kql_alerts, run_kql
from tests.support.targets import SHIPPED
from trident.base.diagnostics import codes
from trident.mapping.profiles import default_profile, load_profiles
from trident.meaning.evaluate import evaluate
from trident.result.capabilities import CELLS, FEATURES, capabilities, capability, features
from trident.result.translation import Fidelity
from trident.target import registry
from trident.translate.translate import translate

PAIRS = [
    pytest.param(target, feature, id=f"{target}-{feature}")
    for target in registry.names()
    for feature in FEATURES
]


@pytest.mark.parametrize("target", SHIPPED)
def test_table_is_complete(target: str) -> None:
    table = capabilities(target)
    assert set(CELLS) == set(table)
    for cell in table.values():
        if cell.level is Fidelity.REFUSED:
            assert cell.code in codes() and cell.reason, cell
        else:
            assert cell.proof is not None, cell
        assert all(note in codes() and "text" in codes()[note] for note in cell.notes), cell


@pytest.mark.parametrize("feature", FEATURES)
def test_the_rules_have_the_feature(feature: str) -> None:
    for documents in feature_rules(feature):
        assert feature in set(features(plan_documents(documents)))


@pytest.mark.parametrize(("target", "feature"), PAIRS)
def test_cell(target: str, feature: str) -> None:
    """A refused cell refuses with its code; any other gives a query for some rule with it."""
    cell = capability(target, feature)
    profile = load_profiles(target)[default_profile(target)]
    translations = [
        translate(plan_documents(documents), profile) for documents in feature_rules(feature)
    ]
    if cell.level is Fidelity.REFUSED:
        for translation in translations:
            assert translation.query is None and translation.error is not None
        refusals = {t.error.code for t in translations if t.error}
        table_codes = {capability(target, each).code for each in CELLS}
        assert refusals <= table_codes
        assert cell.code in refusals
    elif target in SHIPPED:
        assert any(translation.query for translation in translations), translations
    else:  # the rule may need something else that the target does not name, or map
        assert all(translation.query or translation.error for translation in translations)


@pytest.mark.parametrize("feature", FEATURES)
def test_exact_kql_cell_gives_the_alerts(kql_engine: Any, feature: str) -> None:
    for documents in feature_rules(feature):
        plan = plan_documents(documents)
        if feature == "detection":
            continue
        for number in range(6):
            events = make_timeline(Random(f"{feature}-{number}"), [60 * SECOND], Limits())
            translation, rows = run_kql(kql_engine, plan, events, NOW)
            want = {(alert.group, alert.time) for alert in evaluate(plan, events, NOW)}
            assert kql_alerts(translation, plan, rows) == want
