"""The device and the report of a Defender alert are those of one event, and it is one that fires.

``python -m tests.translator.artifacts.sentinel.test_record 2000 1`` runs as many as wanted from a
seed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.generate import NOW, make_case
from tests.support.run_kql import kql_alerts, run_kql, schema_of
from tests.translator.artifacts.sentinel.deployed import deployed, made, only, rule
from trident.app.artifacts import defender
from trident.app.input.config import read_config
from trident.mapping.profiles import load_profiles
from trident.meaning.detection import text
from trident.meaning.evaluate import base_tests, evaluate
from trident.meaning.events import Event
from trident.rule.plan import Correlation, Search
from trident.translate.translate import translate

DEFENDER = load_profiles("kql")["defender"]


def told_apart(random: Random, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events with a report of their own each, on devices that have nothing to do with it."""
    reports = random.sample(range(1000), len(events))
    return tuple(
        replace(
            event,
            fields={**event.fields, "ReportId": report, "DeviceId": random.choice("abc")},
        )
        for event, report in zip(events, reports, strict=True)
    )


def firing(plan: Correlation, events: tuple[Event, ...]) -> Iterator[tuple[Any, ...]]:
    """Time, group, device and report of each event that an alert can be at."""
    tests = base_tests(plan)
    for branch in (plan.branches[index] for index in plan.firing_branches):
        assert isinstance(branch.matches, Search)
        for event in filter(tests[branch.matches], events):
            group = tuple(text(event.fields.get(key)) for key in branch.keys)
            yield event.time, group, event.fields["DeviceId"], event.fields["ReportId"]


def check(engine: Any, seed: str) -> tuple[bool, str]:
    """Whether the case fires, and which trigger it has."""
    random = Random(seed)
    case = make_case(random)
    assert isinstance(case.plan, Correlation)
    events = told_apart(random, case.events)
    plan = replace(case.plan, record=defender.RECORD)
    kind = type(plan.trigger).__name__
    inner = [plan.branches[index].matches for index in plan.firing_branches]
    if any(isinstance(each, Correlation) for each in inner):
        error = translate(plan, DEFENDER).error
        assert error is not None and error.code == "TRI718"
        return False, kind
    translation, rows = run_kql(engine, plan, events, NOW, "defender")
    assert translation.query is not None
    want = {(alert.group, alert.time) for alert in evaluate(plan, events, NOW)}
    assert kql_alerts(translation, plan, rows) == want, seed
    keys = list(translation.query.alert.group.values()) if translation.query.alert else []
    known = set(firing(plan, events))
    for row in rows:
        group = tuple(text(row[key]) for key in keys)
        found = (row["Timestamp"], group, row["DeviceId"], row["ReportId"])
        assert found in known, f"{seed}: {found}"
    return bool(rows), kind


def test_one_event_that_fires(kql_engine: Any) -> None:
    fired = {check(kql_engine, f"record-{number}") for number in range(100)}
    assert {kind for fires, kind in fired if fires} == {
        "Aggregate",
        "Ordered",
        "RuleCount",
        "Together",
    }


def test_a_device_among_the_group_keys(tmp_path: Path) -> None:
    by_device = rule() + (
        "---\ntitle: Count\nid: 4f0a5a4e-6b0e-4f27-9a59-5c1c2b3d4e5f\nname: count\n"
        "correlation:\n  type: event_count\n  rules: [one]\n  group-by: [DeviceId]\n"
        "  timespan: 5m\n  condition: {gte: 3}\n"
    )
    (query,) = [only(tmp_path, by_device, "defender").rule.query]
    assert query is not None
    assert "ReportId = max(ReportId)" in query.text
    assert query.columns["DeviceId"] == "DeviceId"


TABLE = """\
tables:
  kql:
    Door_CL: {columns: {string: [Host_s, What_s%s], long: [ReportId], datetime: [Timestamp]}}
fields:
  kql:
    - logsource: {product: door}
      table: Door_CL
      profiles: [defender]
      fields: {Computer: Host_s, CommandLine: What_s, ReportId: ReportId%s}
"""


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("fields", ["", "fields: [Computer]\n"])
def test_a_table_of_ones_own(tmp_path: Path, fields: str, mapped: bool) -> None:
    """Without a device, no alert: the user hears why and what to map."""
    column, field = (", DeviceId", ", DeviceId: DeviceId") if mapped else ("", "")
    (tmp_path / "trident.yml").write_text(TABLE % (column, field))
    file = tmp_path / "rule.yml"
    file.write_text(
        rule(more=fields).replace(
            "{category: process_creation, product: windows}", "{product: door}"
        )
    )
    profile = read_config(tmp_path / "trident.yml").profile("kql", "defender")
    (deployment,), _ = deployed(file, "defender", profile=profile)
    written = made([deployment])
    assert [each.code for each in written.diagnostics] == ([] if mapped else ["TRI718"])
    assert len(written.artifacts) == mapped


def test_a_web_proxy_has_no_custom_detection(root: Path) -> None:
    found, refused = deployed(root / "rules" / "large_jpeg_from_new_source.yml", "defender")
    assert (found, refused) == ([], [])  # TRI201, said of the query already


def test_a_correlation_over_a_correlation() -> None:
    """Its alert is at an alert of the inner one, which is no event."""
    codes = set()
    for number in range(80):
        case = make_case(Random(f"nested-{number}"))
        assert isinstance(case.plan, Correlation)
        plan = replace(case.plan, record=defender.RECORD)
        translation = translate(plan, DEFENDER)
        if translation.error:
            codes.add(translation.error.code)
    assert codes == {"TRI718"}


if __name__ == "__main__":
    from trident.engines.kusto.engine import KqlEngine

    count, start = int(sys.argv[1]), sys.argv[2]
    with KqlEngine(schema_of(DEFENDER)) as own:
        total = sum(check(own, f"{start}-{number}")[0] for number in range(count))
    print(f"{count} timelines without a difference, {total} with alerts")
