"""A small part of ``python -m tests.corpus.differential``."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.corpus.differential import chosen, run
from tests.corpus.measure import rules
from tests.support.generate import plan_documents
from tests.support.selection import missing_engine
from tests.support.targets import SHIPPED
from trident.app.verify.samples import branches
from trident.meaning.detection import compile_detection
from trident.rule.plan import Search


@pytest.mark.parametrize("target", SHIPPED)
def test_public_rules_on_their_own_values(shared: Path, target: str) -> None:
    if package := missing_engine(target):
        pytest.skip(f"{package} is not installed")
    plans, _ = rules(shared / "corpus/sigmahq/rules", 13)
    (outcome,) = run(chosen(plans, 40, 7), [target], 7)
    assert outcome.differences == []
    assert outcome.rules >= 15 and outcome.hits > 100


def test_every_branch_has_a_sample() -> None:
    detection = {
        "a": {"f|contains": ["one", "two", "three"], "g": "x"},
        "b": [{"h": "y"}, {"h|endswith": ["z", "w"]}],
        "no": {"g|startswith": "x", "i": ["p", "q"]},
        "condition": "a and b and not no",
    }
    plan = plan_documents(({"title": "t", "logsource": {"category": "x"}, "detection": detection},))
    assert isinstance(plan, Search)
    test = compile_detection(plan.condition)
    found = list(branches(plan, Random(1)))
    hits = [fields for fields in found if test(fields)]
    for word in ("one", "two", "three"):
        assert any(word in str(fields["f"]).lower() for fields in hits)
    assert {str(fields["h"])[-1].lower() for fields in hits} == {"y", "z", "w"}
    excluded = [fields for fields in found if not test(fields)]
    assert {str(fields["i"]).lower() for fields in excluded} == {"p", "q"}
