"""What makes two conditions, and so two plans, the same."""

from __future__ import annotations

import pytest
import yaml

from tests.support.generate import base_rule, plan_documents
from trident.rule.plan import Plan


def plan(detection: str, condition: str = "s") -> Plan:
    document = {
        **base_rule("alpha"),
        "detection": {"s": yaml.safe_load(detection), "condition": condition},
    }
    return plan_documents((document,))


SAME = "{CommandLine|contains: [a, b], User: x}"
OTHERS = [
    "{CommandLine|contains: [a, c], User: x}",
    "{CommandLine|contains: [b, a], User: x}",
    "{CommandLine|contains|cased: [a, b], User: x}",
    "{CommandLine|endswith: [a, b], User: x}",
    "{CommandLine|re: [a, b], User: x}",
    "{CommandLine|re|i: [a, b], User: x}",
    "{CommandLine|fieldref: [a, b], User: x}",
    "{CommandLine|contains: [a, b], Computer: x}",
    "{CommandLine|contains|all: [a, b], User: x}",
    "{CommandLine: [1, 2], User: x}",
    "{CommandLine: ['1', '2'], User: x}",
    "{CommandLine|gt: 1, User: x}",
    "{CommandLine|gte: 1, User: x}",
    "{CommandLine|exists: true, User: x}",
    "{CommandLine|exists: false, User: x}",
    "{CommandLine: null, User: x}",
    "{CommandLine|cidr: 10.0.0.0/8, User: x}",
    "{CommandLine|cidr: 10.0.0.0/9, User: x}",
    "[a, b]",
]


def test_the_same_text_is_the_same_plan() -> None:
    assert plan(SAME) == plan(SAME)
    assert hash(plan(SAME)) == hash(plan(SAME))


def test_each_other_detection_is_another_plan() -> None:
    plans = [plan(each) for each in (SAME, *OTHERS)] + [plan(SAME, "not s")]
    for index, one in enumerate(plans):
        assert [other for other in plans if other == one] == [plans[index]]


@pytest.mark.parametrize("other", [None, 1, "x"])
def test_a_plan_is_no_other_thing(other: object) -> None:
    assert plan(SAME) != other
