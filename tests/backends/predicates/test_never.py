"""Which correlations cannot fire when rules of theirs find nothing: against the evaluator, too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.generate import plan_documents
from tests.support.targets import SHIPPED
from trident.mapping.profiles import default_profile, load_profile
from trident.predicates.never import why_never
from trident.translate.translate import translate

SOURCE = {"product": "windows", "service": "security"}


def base(name: str, *, dead: bool = False) -> dict[str, Any]:
    detection: dict[str, Any] = {"s": {"EventID": 4624, "LogonType": 3}, "condition": "s"}
    if dead:
        detection |= {"f": {"LogonType": "3"}, "condition": "s and not f"}
    return {"title": name, "name": name, "logsource": SOURCE, "detection": detection}


def correlation(kind: str, condition: Any, rules: str = "good dead") -> dict[str, Any]:
    """A correlation of ``rules``; without a condition where that is None."""
    given = {"type": kind, "rules": rules.split(), "timespan": "5m", "group-by": ["Computer"]}
    if condition is not None:
        given["condition"] = condition
    return {"title": "c", "name": "c", "correlation": given}


CASES = [
    ("event_count", {"gte": 2}, "good dead", False),
    ("event_count", {"gte": 2}, "dead", True),
    ("value_count", {"gte": 2, "field": "IpAddress"}, "dead", True),
    ("temporal", None, "good dead", True),
    ("temporal", {"gte": 1}, "good dead", False),
    ("temporal", {"gte": 2}, "good other dead", False),
    ("temporal", {"gte": 3}, "good other dead", True),
    ("temporal_ordered", None, "good dead", True),
    ("temporal_ordered", None, "good other", False),
]
EXTENDED = [
    ("temporal", "good or dead", False),
    ("temporal", "good and dead", True),
    ("temporal", "good and not dead", False),
    ("temporal_ordered", "good and (other or dead)", False),
    ("temporal_ordered", "good and dead", True),
    ("temporal_ordered", "good and not dead and other", False),
]


def plan(kind: str, condition: Any, rules: str) -> Any:
    names = {"good": base("good"), "other": base("other"), "dead": base("dead", dead=True)}
    listed = [document for name, document in names.items() if name in rules.split()]
    return plan_documents((*listed, correlation(kind, condition, rules)))


def test_correlations() -> None:
    for kind, condition, rules, cannot in CASES:
        assert bool(why_never(plan(kind, condition, rules), lambda search: None)) is cannot, kind
    for kind, condition, cannot in EXTENDED:
        rules = [name for name in ("good", "other", "dead") if name in condition]
        reason = why_never(plan(kind, condition, " ".join(rules)), lambda search: None)
        assert bool(reason) is cannot, condition


@pytest.mark.parametrize("target", SHIPPED)
def test_the_query_says_so(target: str) -> None:
    """On every profile that has the rule; a rule that may fire says nothing."""
    profile = load_profile(target, default_profile(target))
    for document, cannot in ((base("x"), False), (base("x", dead=True), True)):
        translation = translate(plan_documents((document,)), profile)
        assert translation.query, translation.error
        texts = [note.text for note in translation.notes if note.code == "TRI481"]
        reason = "nothing is left of LogonType: 3 and not LogonType: 3"
        assert texts == ([f"this query cannot fire: {reason}"] if cannot else [])
