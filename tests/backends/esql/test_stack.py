"""Which versions of Elastic a query is written for, and what a version lacks."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.support.features import feature_rules
from tests.support.generate import BASES, base_rule, plan_documents
from trident.base.diagnostics import Refusal
from trident.esql.stack import Stack
from trident.mapping.profiles import load_profiles, with_settings
from trident.result.translation import Translation
from trident.rule.plan import Plan
from trident.translate.translate import translate

PROFILE = load_profiles("esql")["integrations"]


def on(stack: str, plan: Plan) -> Translation:
    return translate(plan, with_settings(PROFILE, {"stack": stack}))


def alerts_beside_matches(condition: str | None = None) -> Plan:
    """Three matches of one rule, then one of another: a chain of alerts and matches."""
    inner = correlation("inner", type="event_count", rules=["alpha"], condition={"gte": 3})
    outer: dict[str, Any] = {"type": "temporal_ordered", "rules": ["inner", "gamma"]}
    if condition:
        outer["condition"] = condition
    return plan_documents((*map(base_rule, BASES), inner, correlation("outer", **outer)))


def correlation(name: str, **given: Any) -> dict[str, Any]:
    return {
        "title": name,
        "name": name,
        "correlation": {"timespan": "1m", "group-by": ["Computer"], **given},
    }


def test_the_data_is_the_eql_targets() -> None:
    lent = load_profiles("eql")
    assert list(load_profiles("esql")) == list(lent)
    for name, profile in load_profiles("esql").items():
        settings = {**lent[name].settings, "stack": "9.4"}
        own = replace(lent[name], target="esql", settings=settings)
        assert [getattr(profile, field.name) for field in fields(profile)] == [
            getattr(own, field.name) for field in fields(own)
        ]


@pytest.mark.parametrize("stack", ["8.18", "9.0", "7.17.3", "latest", ""])
def test_too_old(stack: str) -> None:
    (rule,) = feature_rules("event_count.gte")
    error = on(stack, plan_documents(rule)).error
    assert error is not None and error.code == "TRI370" and stack in error.message


@pytest.mark.parametrize("stack", ["8.19", "8.19.3", "9.1", "9.3", "9.4", "10.0"])
def test_windows_need_no_new_command(stack: str) -> None:
    for feature in ("event_count.gte", "temporal_ordered.not", "value_count.several_fields"):
        (rule,) = feature_rules(feature)
        assert on(stack, plan_documents(rule)).query is not None


def test_a_baseline_needs_inline_stats() -> None:
    for rule in feature_rules("baseline.unseen"):
        error = on("9.2", plan_documents(rule)).error
        assert error is not None and error.code == "TRI370"
        assert "INLINE STATS, which Elastic 9.3 has; the profile's stack is 9.2" in error.message
        query = on("9.3", plan_documents(rule)).query
        assert query is not None and "| INLINE STATS " in query.text


def test_alerts_beside_matches_need_fork() -> None:
    error = on("9.3", alerts_beside_matches()).error
    assert error is not None and error.code == "TRI370"
    assert "FORK, which Elastic 9.4 has; the profile's stack is 9.3" in error.message
    query = on("9.4", alerts_beside_matches()).query
    assert query is not None and query.text.count("| FORK\n") == 1


def test_one_fork_in_another_is_refused() -> None:
    plan = plan_documents(
        (
            *map(base_rule, BASES),
            correlation("first", type="event_count", rules=["alpha"], condition={"gte": 2}),
            correlation("second", type="temporal", rules=["first", "beta"]),
            correlation("third", type="temporal", rules=["second", "gamma"]),
        )
    )
    error = on("9.4", plan).error
    assert error is not None and error.code == "TRI371"


def test_a_fork_has_eight_branches() -> None:
    inner = [
        correlation(f"inner{n}", type="event_count", rules=["alpha"], condition={"gte": 2 + n})
        for n in range(9)
    ]
    names = [document["name"] for document in inner]
    outer = correlation("outer", type="temporal", rules=[*names[:8], "gamma"])
    plan = plan_documents((*map(base_rule, BASES), *inner[:8], outer))
    error = on("9.4", plan).error
    assert error is not None and error.code == "TRI371"
    outer = correlation("outer", type="temporal", rules=names[:8])
    query = on("9.4", plan_documents((*map(base_rule, BASES), *inner[:8], outer))).query
    assert query is not None and query.text.count("    (WHERE ") == 8


@pytest.mark.parametrize(
    ("version", "written"),
    [
        ("9.2", 'MV_CONTAINS(a.b, "x")'),
        ("9.1", 'CONCAT(",", MV_CONCAT(a.b, ","), ",") LIKE "*,x,*"'),
    ],
)
def test_a_field_of_several_values(version: str, written: str) -> None:
    stack = Stack.of(with_settings(PROFILE, {"stack": version}))
    assert stack.contains("a.b", "x") == written


def test_a_version_is_named_in_the_refusal() -> None:
    with pytest.raises(Refusal, match=r"Elastic 9\.4 has; the profile's stack is 9\.3"):
        Stack((9, 3)).require("FORK", "x")
