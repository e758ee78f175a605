"""Detections on single records, as detections.yml says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.rule import SigmaRule

from tests.support.generate import PYSIGMA, plan_documents
from trident.base.diagnostics import Refusal
from trident.meaning.detection import compile_detection
from trident.rule.plan import Search

TABLE = yaml.safe_load(Path(__file__).with_name("detections.yml").read_text("utf-8"))


def rule(detection: dict[str, Any]) -> dict[str, Any]:
    return {"title": "rule", "logsource": {"category": "test"}, "detection": detection}


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["why"])
def test_records(case: dict[str, Any]) -> None:
    detection = case.get("detection") or {"selection": case["item"], "condition": "selection"}
    if case.get("since", 0) > PYSIGMA:
        with pytest.raises(AssertionError, match="TRI101"):
            plan_documents((rule(detection),))
        return
    plan = plan_documents((rule(detection),), case.get("placeholders"))
    assert isinstance(plan, Search)
    test = compile_detection(plan.condition)
    for wanted, records in ((True, case["matches"]), (False, case["misses"])):
        for record in records:
            fields = record if isinstance(record, dict) else {"f": record}
            assert test(fields) is wanted, fields


@pytest.mark.parametrize(
    ("detection", "code"),
    [
        ({"s": [True], "condition": "s"}, "TRI302"),
        ({"s": {"|cidr": "10.0.0.0/8"}, "condition": "s"}, "TRI302"),
    ],
)
def test_no_meaning(detection: dict[str, Any], code: str) -> None:
    sigma = SigmaRule.from_dict(rule(detection))
    with pytest.raises(Refusal) as refused:
        compile_detection(sigma.detection.parsed_condition[0].parsed)
    assert refused.value.diagnostic.code == code
