"""Schedules: cron keeps the frequency to the minute, and the query is made for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests.translator.artifacts.splunk.deployed import deployed, one, rule
from trident.app.artifacts.splunk import cron
from trident.base.diagnostics import Severity, TridentError
from trident.rule.plan import Run

IDS = [str(uuid5(NAMESPACE_URL, str(number))) for number in range(200)]


def times(line: str, days: int) -> list[int]:
    """The minutes at which a cron line fires, over some days across a month's and year's end."""
    minutes, hours, day, month, weekdays = (_set(part) for part in line.split())
    assert day is None and month is None
    start = datetime(2025, 12, 20, tzinfo=UTC)
    found = []
    for number in range(days * 1440):
        at = start + timedelta(minutes=number)
        weekday = at.isoweekday() % 7  # cron's Sunday is 0
        fields = ((minutes, at.minute), (hours, at.hour), (weekdays, weekday))
        if all(allowed is None or value in allowed for allowed, value in fields):
            found.append(number)
    return found


def _set(part: str) -> set[int] | None:
    return None if part == "*" else {int(each) for each in part.split(",")}


@pytest.mark.parametrize("frequency", cron.EXACT)
def test_runs_lie_a_frequency_apart(frequency: int) -> None:
    for identifier in IDS[:3]:
        found = times(cron.schedule(frequency, identifier), 30 if frequency > cron.DAY else 15)
        gaps = {after - before for before, after in pairwise(found)}
        assert gaps == {frequency // 60}


def test_rules_are_spread_over_the_hour() -> None:
    minutes = {cron.schedule(cron.HOUR, identifier).split()[0] for identifier in IDS}
    assert len(minutes) > 50


FITTED = [
    (60, 60),
    (90, 60),
    (7 * 60, 6 * 60),
    (45 * 60, 30 * 60),
    (3599, 30 * 60),
    (3600, 3600),
    (5400, 3600),
    (5 * 3600, 4 * 3600),
    (86400, 86400),
    (2 * 86400, 86400),
    (7 * 86400, 7 * 86400),
    (90 * 86400, 7 * 86400),
]


@pytest.mark.parametrize(("wanted", "fitted"), FITTED)
def test_the_nearest_more_often(tmp_path: Path, wanted: int, fitted: int) -> None:
    (tmp_path / "rule.yml").write_text(rule())
    found = one(deployed(tmp_path, run=Run(wanted, 120)))
    assert found.run == Run(fitted, 120)
    assert found.rule.query is not None
    assert f"_time>now()-{fitted + 120}" in found.rule.query.text


def test_less_than_a_minute_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule())
    with pytest.raises(TridentError) as found:
        deployed(tmp_path, run=Run(59, 0))
    assert found.value.diagnostic.code == "TRI733"
    assert found.value.diagnostic.severity is Severity.REFUSED
