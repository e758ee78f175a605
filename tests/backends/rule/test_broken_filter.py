"""A rule whose file's filter is broken is not translated without it."""

from __future__ import annotations

from tests.support.generate import base_rule
from trident.base.diagnostics import Span
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset


def test_rules_of_the_file_are_broken_too() -> None:
    broken = {
        "title": "f",
        "logsource": {"category": "process_creation"},
        "filter": {"rules": "any"},
    }
    count = {
        "type": "event_count",
        "rules": ["alpha"],
        "timespan": "1m",
        "condition": {"gte": 2},
    }
    ruleset = Ruleset.from_documents(
        [
            Document(base_rule("alpha"), Span("one.yml", 1)),
            Document(broken, Span("one.yml", 9)),
            Document({"title": "c", "name": "c", "correlation": count}, Span("two.yml", 1)),
            Document(base_rule("gamma"), Span("two.yml", 9)),
        ]
    )
    found = [(each.code, str(each.span)) for each in ruleset.diagnostics]
    assert found == [("TRI101", "one.yml:9"), ("TRI108", "one.yml:1")]
    planned = plan_all(ruleset)
    assert [each.identity.slug for each in planned] == ["c", "gamma"]
    assert planned[0].plan is None and planned[0].diagnostics[0].code == "TRI108"
    assert planned[1].plan is not None
