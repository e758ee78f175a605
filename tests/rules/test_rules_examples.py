"""The shipped hunts and examples: what other Sigma tools say of them, and what they find on the
events written beside them, in the reference evaluator and in an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.collection import SigmaCollection

from tests.support.ruletests import RULES, Case, cases, plans
from trident.app.verify.relevance import compare
from trident.mapping.profiles import load_profiles
from trident.meaning.evaluate import evaluate
from trident.result.capabilities import FEATURES, features
from trident.result.translation import Fidelity
from trident.translate.translate import translate

NAMES = [path.stem for path in RULES]
CASES = [pytest.param(case, id=str(case)) for rule in RULES for case in cases(rule)]
SIGMA = shutil.which("sigma", path=str(Path(sys.executable).parent))

WITHOUT_EXAMPLE = re.compile(
    # Comparisons that few hunts make, and a limit that nobody would take from a minimum.
    r"(event_count|value_\w+|temporal)\.(gt|gte|lt|lte|eq|neq)|baseline\.exceeds\.min"
    # pySigma refuses a range, and the shipped rules load in every Sigma tool.
    r"|range"
    # Only KQL reads the matches behind an alert, and the shipped rules are for every target.
    r"|chained\.carried"
)


def documents(rule: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(rule.read_text("utf-8")))


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_plain_pysigma_loads_it(rule: Path) -> None:
    loaded = SigmaCollection.from_dicts(documents(rule))
    assert not loaded.errors
    assert len(loaded.rules) == len(documents(rule))


@pytest.mark.skipif(SIGMA is None, reason="sigma-cli is not installed")
def test_sigma_check_finds_nothing() -> None:
    # The two validators left out download their data.
    options = ["-x", "attacktag", "-x", "d3_fendtag", "--fail-on-error", "--fail-on-issues"]
    assert SIGMA is not None
    ran = subprocess.run(
        [SIGMA, "check", *options, *map(str, RULES)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_documents_are_named_and_described(rule: Path) -> None:
    *base, last = documents(rule)
    assert base and "correlation" in last, "base rules first, the correlation last"
    assert last["name"] == rule.stem
    for document in (*base, last):
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", document["name"])
        assert str(uuid.UUID(document["id"])) == document["id"]
        assert document["title"] and document["description"] and document["level"]
    assert last["falsepositives"] and last["tags"]
    assert all(document["fields"] for document in base if "detection" in document)


def test_names_and_ids_are_unique() -> None:
    everything = [document for rule in RULES for document in documents(rule)]
    for key in ("id", "name", "title"):
        values = [document[key] for document in everything]
        assert len(set(values)) == len(values), key


def test_every_type_and_feature_has_a_hunt() -> None:
    shown = {name for rule in RULES for plan in plans(rule).values() for name in features(plan)}
    assert {name for name in set(FEATURES) - shown if not WITHOUT_EXAMPLE.fullmatch(name)} == set()
    for kind in ("event_count", "value_count", "value_sum", "value_avg"):
        assert any(name.startswith(f"{kind}.") for name in shown), kind
    for kind in ("value_percentile", "value_median"):
        assert any(name.startswith(f"{kind}.") for name in shown), kind


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_emitted_rule_has_events_and_alerts(rule: Path) -> None:
    tested = {case.test.rule for case in cases(rule) if case.test.expected}
    assert tested == set(plans(rule))


@pytest.mark.parametrize("case", CASES)
def test_nothing_in_the_events_is_beside_the_point(case: Case) -> None:
    assert not compare(case.test, case.plan)


@pytest.mark.parametrize("case", CASES)
def test_evaluator_gives_the_expected_alerts(case: Case) -> None:
    found = evaluate(case.plan, case.test.events, case.test.now)
    assert {(alert.group, alert.time) for alert in found} == set(case.test.expected)


@pytest.fixture(scope="module")
def kql() -> Iterator[Any]:
    pytest.importorskip("duckdb_kql")
    if find_spec("kustology") is None:  # importing it here would start .NET without its place
        pytest.skip("kustology is not installed")
    from trident.app.verify.runners.kql import KqlRunner

    runner = KqlRunner()
    yield runner
    runner.close()


@pytest.mark.parametrize("case", CASES)
def test_kql_binds_and_gives_the_expected_alerts(case: Case, kql: Any) -> None:
    profile = load_profiles("kql")["sentinel"]
    translation = translate(case.plan, profile)
    assert translation.fidelity is Fidelity.EXACT, translation.error
    found = kql.alerts(case.plan, translation, profile, case.test.events, case.test.now)
    assert found == set(case.test.expected)
