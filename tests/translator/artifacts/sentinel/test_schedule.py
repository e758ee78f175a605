"""Runs within Sentinel's and Defender's limits: query, frequency and period go together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translator.artifacts.sentinel.deployed import artifact, counted, deployed, made, only
from trident.app.artifacts.schedule import iso_duration, period
from trident.base.diagnostics import Severity
from trident.rule import raw
from trident.rule.plan import Run, scheduled
from trident.translate.translate import translate

DAY, HOUR, MINUTE = 86400, 3600, 60

BASELINE = """\
trident:
  baseline: {{window: {window}, exceeds: {{field: ProcessId, statistic: max}}}}
"""

SENTINEL = [
    # timespan, asked frequency and delay -> the run's, notes
    ("as asked", "5m", (HOUR, 300), (HOUR, 300), 0),
    ("too often", "5m", (60, 300), (300, 300), 1),
    ("seconds", "5m", (630, 300), (600, 300), 1),
    ("Sentinel's own delay", "5m", (HOUR, 0), (HOUR, 300), 1),
    ("a longer delay", "5m", (HOUR, 1200), (HOUR, 1200), 0),
    ("two days of data", "47h", (1800, 300), (1800, 300), 0),
    ("over two days of data", "48h", (1800, 300), (HOUR, 300), 1),
    ("too seldom", "1d", (14 * DAY, 300), (13 * DAY - 300, 300), 1),
    ("far too seldom", "5m", (60 * DAY, 300), (14 * DAY - 600, 300), 1),
]


@pytest.mark.parametrize(
    ("timespan", "asked", "run", "notes"), [c[1:] for c in SENTINEL], ids=[c[0] for c in SENTINEL]
)
def test_sentinel(
    tmp_path: Path, timespan: str, asked: tuple[int, int], run: tuple[int, int], notes: int
) -> None:
    deployment = only(tmp_path, counted(timespan), run=Run(*asked))
    assert deployment.run == Run(*run)
    assert [note.code for note in deployment.notes] == ["TRI710"] * notes
    rule = artifact(made([deployment]), "analytics/count.yaml")
    template = artifact(made([deployment]), "analytics/count.json")["resources"][0]["properties"]
    assert rule["queryFrequency"] == raw.timespan(run[0])
    assert template["queryFrequency"] == iso_duration(run[0])
    assert template["queryPeriod"] == iso_duration(-(-deployment.period // 60) * 60)
    assert rule["query"].strip() == template["query"]


def test_the_query_is_that_of_the_run(tmp_path: Path) -> None:
    deployment = only(tmp_path, counted("2d"), run=Run(1800, 0))
    assert deployment.run == Run(HOUR, 300)
    plan = scheduled(deployment.plan, deployment.run)
    same = translate(plan, deployment.profile).query
    assert same is not None and deployment.rule.query is not None
    assert "ago(1h + 5m)" in deployment.rule.query.text
    assert deployment.period == period(deployment.plan, deployment.run) == HOUR + 300 + 2 * DAY


DEFENDER = [
    ("as asked", "5m", None, HOUR, HOUR),
    ("more often than asked", "5m", None, 2 * HOUR, HOUR),
    ("no oftener than hourly", "5m", None, 600, HOUR),
    ("daily", "5m", None, DAY, DAY),
    ("weekly is daily", "5m", None, 7 * DAY, DAY),
    ("four hours every hour", "175m", None, HOUR, HOUR),
    ("a minute more", "176m", None, HOUR, 3 * HOUR),
    ("twelve hours every three", "535m", None, HOUR, 3 * HOUR),
    ("more than twelve", "9h", None, HOUR, 12 * HOUR),
    ("48 hours every twelve", "2155m", None, HOUR, 12 * HOUR),
    ("more than 48", "36h", None, HOUR, DAY),
    ("30 days every day", "41755m", None, HOUR, DAY),
    ("more than 30 days", "29d", None, HOUR, None),
    ("a baseline of a week", "1d", "7d..1d", HOUR, DAY),
    ("a baseline that alerts on twelve hours only", "12h", "7d..12h", HOUR, None),
    ("a baseline of two days", "12h", "47h..12h", HOUR, 12 * HOUR),
]


@pytest.mark.parametrize(
    ("timespan", "window", "asked", "every"),
    [c[1:] for c in DEFENDER],
    ids=[c[0] for c in DEFENDER],
)
def test_defender(
    tmp_path: Path, timespan: str, window: str | None, asked: int, every: int | None
) -> None:
    file = tmp_path / "rule.yml"
    file.write_text(counted(timespan, BASELINE.format(window=window) if window else ""))
    found, refused = deployed(file, "defender", Run(asked, 300))
    if every is None:
        assert [error.diagnostic.code for error in refused] == ["TRI717"]
        return
    (deployment,) = found
    assert deployment.run == Run(every, 300)
    assert bool(deployment.notes) is (every != asked)
    detection = artifact(made([deployment]), ".json")
    assert detection["schedule"] == {"frequency": iso_duration(every)}
    assert f"ago({raw.timespan(every)} + 5m)" in detection["queryCondition"]["queryText"]


def test_a_lookback_is_noted(root: Path) -> None:
    (deployment,), _ = deployed(root / "rules" / "steganography_then_webmail.yml")
    written = made([deployment])
    (text,) = (
        a.text
        for a in written.artifacts
        if a.path.startswith("analytics/") and a.notes and a.path.endswith("yaml")
    )
    assert text.startswith(
        "# TRI711: the hunt looks back 30d at once; the scheduled rule reads 95m"
    )
    rule = artifact(written, "analytics/steganography_then_webmail.yaml")
    assert (rule["queryFrequency"], rule["queryPeriod"]) == ("1h", "95m")


@pytest.mark.parametrize(
    ("seconds", "text", "iso"),
    [
        (300, "5m", "PT5M"),
        (3600, "1h", "PT1H"),
        (5700, "95m", "PT1H35M"),
        (86400, "1d", "P1D"),
        (605100, "10085m", "P7DT5M"),
        (90, "90s", "PT1M30S"),
    ],
)
def test_durations(seconds: int, text: str, iso: str) -> None:
    assert (raw.timespan(seconds), iso_duration(seconds)) == (text, iso)


def test_a_correlation_over_a_baseline_has_no_schedule(tmp_path: Path) -> None:
    """Its hunt has no artifact, the other rules have theirs."""
    over = (
        "---\ntitle: Over\nid: 7f0a5a4e-6b0e-4f27-9a59-5c1c2b3d4e5f\nname: over\ncorrelation:\n"
        "  type: event_count\n  rules: [count]\n  group-by: [Computer]\n  timespan: 1d\n"
        "  condition: {gte: 2}\n"
    )
    file = tmp_path / "rule.yml"
    file.write_text(counted("1h", BASELINE.format(window="7d..1d")) + over)
    found, refused = deployed(file)
    assert found == []
    assert [error.diagnostic.code for error in refused] == ["TRI701"]
    assert refused[0].diagnostic.severity is Severity.REFUSED
