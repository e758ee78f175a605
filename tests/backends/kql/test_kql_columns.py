"""Result columns keep the names that the rule gives them."""

from __future__ import annotations

import pytest

from tests.support.generate import base_rule
from trident.base.diagnostics import Span
from trident.mapping.profiles import load_profiles
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset
from trident.translate.translate import translate

CORRELATIONS = {
    "aggregate": {"type": "event_count", "rules": ["alpha"], "condition": {"gte": 3}},
    "every match": {"type": "event_count", "rules": ["alpha"], "condition": {"gte": 1}},
    "temporal": {"type": "temporal", "rules": ["alpha", "beta"]},
    "pairs": {"type": "temporal_ordered", "rules": ["alpha", "beta"]},
    "chains": {"type": "temporal_ordered", "rules": ["alpha", "beta", "either"]},
}


@pytest.mark.parametrize("kind", CORRELATIONS)
def test_a_named_column(kind: str) -> None:
    correlation = {"timespan": "5m", "group-by": ["Computer"], **CORRELATIONS[kind]}
    document = {
        "title": "Named",
        "name": "named",
        "correlation": correlation,
        "trident": {"columns": {"program": {"field": "Image", "after_last": "\\"}}},
    }
    documents = [*map(base_rule, ("alpha", "beta", "either")), document]
    ruleset = Ruleset.from_documents(
        Document(each, Span("rule.yml", number)) for number, each in enumerate(documents, 1)
    )
    plan = plan_all(ruleset)[-1].plan
    assert plan is not None
    query = translate(plan, load_profiles("kql")["sentinel"]).query
    assert query is not None
    assert query.columns["program"] == "program"
    assert "program = tostring(split(FolderPath, " in query.text.splitlines()[-1]
