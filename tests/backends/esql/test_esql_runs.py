"""Runs of an ES|QL rule as Kibana starts them: each late by up to the overlap, looking that much
further back. Together they find every alert of the definition, each run exactly those that it looks
at; Kibana keeps those of two runs apart (docs/artifacts-elastic.md, Alerts that two runs find).

``python -m tests.backends.esql.test_esql_runs 500 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.runs.timetable import AlertId, Timetable, timetable
from tests.support.run_esql import MILLISECOND, esql_alerts, esql_profile, run_esql, stored
from trident.app.artifacts.schedule import overlapping
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.rule.plan import Correlation, Plan

OVERLAP = 7
"""Seconds; the schedules of the timetable are as small."""


def late(table: Timetable, random: Random) -> tuple[Timetable, int]:
    """The timetable as Kibana keeps it: its runs with what they read, and the longest gap between
    two that loses nothing."""
    run, reading = overlapping(table.plan, table.run, OVERLAP)
    overlap = reading.frequency - run.frequency
    start, end = table.times[0], table.times[-1]
    times = [start]
    while times[-1] < end:
        times.append(times[-1] + (run.frequency + random.randint(0, overlap)) * SECOND)
    return replace(table, run=reading, times=tuple(times)), reading.frequency


def check(model: EsqlModel, seed: str) -> bool:
    """Whether some alert fires; each run must give those of its interval and the overlap."""
    table = timetable(seed, tick=MILLISECOND)
    table = replace(
        table, arrivals=tuple((at, *stored([event], model.profile)) for at, event in table.arrivals)
    )
    table, longest = late(table, Random(seed))
    gaps = {after - now for now, after in zip(table.times, table.times[1:], strict=False)}
    assert max(gaps, default=0) <= longest * SECOND

    def query(plan: Plan, events: Sequence[Event], now: int) -> set[AlertId]:
        translation, rows = run_esql(model, plan, events, now)
        return esql_alerts(translation, plan, rows)

    found = table.alerts(query)
    assert found == table.wanted(), f"seed {seed}: {table.run}"
    if not (isinstance(table.plan, Correlation) and table.plan.baseline):
        assert set(found) == everything(table), f"seed {seed}: {table.run}"
    return bool(found)


def everything(table: Timetable) -> set[AlertId]:
    """The definition's alerts from what the first run looks at until the last run, at one go. A
    baseline has no such thing: its history is that of each run."""
    plan = replace(table.plan, lookback=None) if isinstance(table.plan, Correlation) else table.plan
    end = table.times[-1] - table.run.delay * SECOND
    start = table.times[0] - (table.run.delay + table.run.frequency) * SECOND
    alerts = evaluate(plan, [event for _, event in table.arrivals], end)
    return {(alert.group, alert.time) for alert in alerts if start < alert.time <= end}


@pytest.mark.parametrize("block", range(2))
def test_late_runs_lose_nothing(model: EsqlModel, block: int) -> None:
    fired = [check(model, f"late-{block}-{number}") for number in range(4)]
    assert any(fired)


if __name__ == "__main__":
    count, start = int(sys.argv[1]), sys.argv[2]
    opened = EsqlModel(esql_profile())
    total = sum(check(opened, f"{start}-{number}") for number in range(count))
    print(f"{count} timelines without a difference, {total} with alerts")
