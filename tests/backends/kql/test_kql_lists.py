"""Lists and guards in KQL: values of one column stand together, and nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.generate import plan_documents
from tests.support.selection import Bench, lab_events, lab_profile, missing_engine
from trident.rule.plan import Search
from trident.translate.translate import translate

FIELDS = {"f": ("f", "string"), "g": ("g", "string"), "n": ("n", "long")}
NETWORKS = 'parse_ipv4(f) between (167772160 .. 184549375) or ipv6_is_in_range(f, "::1/128")'
CASES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"a": {"n": [1, 2, "3"]}}, "a", "n in (1, 2, 3)"),
    ({"a": {"n": [1, 2]}}, "not a", "not(isnotnull(n) and n in (1, 2))"),
    ({"a": {"n": 0}}, "not a", "not(isnotnull(n) and n == 0)"),
    ({"a": {"n": 0}}, "a", "n == 0"),
    ({"a": {"f": ["x", "y"]}, "b": {"n": 1}}, "a and b", 'f in~ ("x", "y") and n == 1'),
    ({"a": {"f": ["x", "y"]}}, "not a", 'not(f in~ ("x", "y"))'),
    (
        {"a": {"f": "x"}, "b": {"g": "z"}, "c": {"f": ["y", "w"]}},
        "a or b or c",
        'f in~ ("x", "y", "w") or g =~ "z"',
    ),
    ({"a": {"f": "x*y"}}, "not a", r'not(f matches regex @"(?is)\Ax.*y\z")'),
    ({"a": {"f|fieldref": "g"}}, "not a", "not(isnotempty(g) and f =~ g)"),
    ({"a": {"f|cidr": ["10.0.0.0/8", "::1/128"]}}, "not a", f"not(coalesce({NETWORKS}, false))"),
    ({"a": {"f|cidr": ["10.0.0.0/8", "::1/128"]}}, "a", NETWORKS),
)
RECORDS: tuple[dict[str, Any], ...] = (
    *({}, {"f": "X"}, {"f": "y", "g": "Y", "n": 1}, {"f": "xaY", "n": 0}, {"g": "z", "n": 3}),
    *({"f": "w", "g": ""}, {"n": 2}, {"f": "", "g": ""}),
)


def test_each_is_written_once_and_means_the_rule() -> None:
    if package := missing_engine("kql"):
        pytest.skip(f"{package} is not installed")
    profile = lab_profile("kql", FIELDS)
    with Bench("kql") as bench:
        for detection, condition, written in CASES:
            rule = {
                "title": "t",
                "logsource": {"category": "lab"},
                "detection": {**detection, "condition": condition},
            }
            plan = plan_documents((rule,))
            assert isinstance(plan, Search)
            query = translate(plan, profile).query
            assert query is not None
            assert f"| where {written}\n" in query.text, query.text
            if "ipv6" not in written:  # a function that the engine does not have
                assert bench.check(plan, profile, lab_events(RECORDS)) == ""
