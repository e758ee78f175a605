"""Each ``Op`` on every target: written, run and right, or refused as its cell says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.generate import plan_documents
from tests.support.selection import LAB, Bench, lab_events, lab_profile
from tests.support.targets import SHIPPED
from trident.predicates.leaf import Op, read, read_keyword
from trident.result.capabilities import CELLS, DETECTIONS, capability, detection_feature
from trident.result.translation import Fidelity, Proof
from trident.rule.plan import Search
from trident.rule.tree import condition_tests
from trident.translate.translate import translate

ADDRESS = {"eql": "ip", "esql": "ip"}
"""The type of the address column: Elastic's ranges are tests of addresses, not of texts."""

FIELDS = {
    "Name": ("name", "string"),
    "Other": ("other", "string"),
    "Size": ("size", "long"),
    "Address": ("address", "string"),
    "Time": ("time_text", "string"),
}
RULES: Mapping[Op, dict[str, Any] | list[Any]] = {
    Op.EQUALS: {"Name": "Alpha"},
    Op.EQUALS_CASED: {"Name|cased": "Alpha"},
    Op.STARTSWITH: {"Name|startswith": "Al"},
    Op.STARTSWITH_CASED: {"Name|startswith|cased": "Al"},
    Op.ENDSWITH: {"Name|endswith": "Ha"},
    Op.ENDSWITH_CASED: {"Name|endswith|cased": "ha"},
    Op.CONTAINS: {"Name|contains": "LPH"},
    Op.CONTAINS_CASED: {"Name|contains|cased": "lph"},
    Op.LIKE: {"Name": "a*H?"},
    Op.LIKE_CASED: {"Name|cased": "A*h?"},
    Op.REGEX: {"Name|re|i": "^AL[a-z]+$"},
    Op.REGEX_CASED: {"Name|re": "^Al[a-z]+$"},
    Op.NUMBER: {"Size": 7},
    Op.BOOLEAN: {"Name": True},
    Op.LT: {"Size|lt": 7},
    Op.LTE: {"Size|lte": 7},
    Op.GT: {"Size|gt": 7},
    Op.GTE: {"Size|gte": 7},
    Op.CIDR: {"Address|cidr": "10.1.0.0/16"},
    Op.TIME_PART: {"Time|hour": 7},
    Op.FIELD: {"Name|fieldref": "Other"},
    Op.FIELD_STARTSWITH: {"Name|fieldref|startswith": "Other"},
    Op.FIELD_ENDSWITH: {"Name|fieldref|endswith": "Other"},
    Op.FIELD_CONTAINS: {"Name|fieldref|contains": "Other"},
    Op.MISSING: {"Name": None},
    Op.PRESENT: {"Name|exists": True},
    Op.KEYWORD: ["lph"],
    Op.KEYWORD_CASED: {"|cased": ["lph"]},
    Op.KEYWORD_REGEX: {"|re": ["Al[a-z]h"]},
}
"""A detection whose one test is the ``Op``."""

RECORDS = [
    {"Name": name, "Other": other, "Size": size, "Address": address, "Time": time}
    for name, other, size, address, time in (
        ("Alpha", "al", 7, "10.1.2.3", "2026-11-01T07:00:00Z"),
        ("alpha", "ALPHA", 8, "10.2.0.1", "2026-11-01T08:59:59Z"),
        ("xalphax", "LPH", 6, "none", "never"),
        ("true", "ue", -7, "10.1.255.255", None),
        (None, "", None, None, "2026-11-01T07:59:59Z"),
        ("Alpha ha", None, 70, "::1", ""),
    )
]


def planned(op: Op, condition: str = "s") -> Search:
    document = {
        "title": op,
        "name": op.value,
        "logsource": {"category": LAB.category},
        "detection": {"s": RULES[op], "condition": condition},
    }
    plan = plan_documents((document,))
    assert isinstance(plan, Search)
    return plan


def test_every_op_has_a_rule_and_a_meaning() -> None:
    ops = set(Op) - {Op.NEVER}
    assert set(RULES) == ops
    assert set(DETECTIONS) == {detection_feature(op) for op in ops}
    assert set(DETECTIONS) < set(CELLS)


@pytest.mark.parametrize("op", RULES)
def test_the_rule_has_the_op(op: Op) -> None:
    (test,) = condition_tests(planned(op).condition)
    profile = lab_profile("kql", FIELDS)
    field = getattr(test, "field", None)
    leaf = read(profile.sources[0].fields[field], test.value) if field else read_keyword(test.value)
    assert leaf.op is op


@pytest.mark.parametrize("condition", ["s", "not s"])
@pytest.mark.parametrize("op", RULES)
@pytest.mark.parametrize("target", SHIPPED)
def test_cell(benches: Callable[[str], Bench], target: str, op: Op, condition: str) -> None:
    cell = capability(target, detection_feature(op))
    kind = ADDRESS.get(target, "string")
    profile = lab_profile(target, {**FIELDS, "Address": ("address", kind)})
    plan = planned(op, condition)
    translation = translate(plan, profile)
    if cell.level is Fidelity.REFUSED:
        error = translation.error
        assert error is not None and (error.code, error.message) == (cell.code, cell.reason)
        return
    assert translation.error is None, translation.error
    order = tuple(Proof)
    assert cell.proof is not None and translation.proof is not None
    assert order.index(translation.proof) >= order.index(cell.proof)
    bench = benches(target)
    records = [
        {**each, "Address": None} if kind == "ip" and each["Address"] == "none" else each
        for each in RECORDS
    ]
    events = bench.seen(lab_events(records), profile)
    assert bench.check(plan, profile, events) == ""
