"""Exported logs in native field names, read back through each profile's mapping data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support.generate import NOW
from tests.support.hunts import JPEG, STEGANOGRAPHY, hunt, jpeg_events, steganography_events
from trident.app.commands.cli import main
from trident.app.verify.exported import Reading, read_exported
from trident.app.verify.native import native_rows
from trident.base.diagnostics import TridentError
from trident.mapping.profiles import load_profiles
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND

PROFILES = {"sentinel": "kql", "microsoft_addon": "spl", "integrations": "eql"}


def exported(events: Any, profile: Any) -> list[dict[str, Any]]:
    """What the SIEM would export of events: one record each, its table's marks included."""
    tables = {source.table.name: source.table for source in profile.sources}
    records = []
    for name, rows in native_rows(events, profile).items():
        settings = tables[name].settings
        marks = {**settings.get("selector", {}), **settings.get("select", {})} or {"Type": name}
        for row in rows:
            time = row[profile.time] / SECOND if profile.target == "spl" else None
            stamp = time if time is not None else _iso(row[profile.time])
            records.append({**marks, **row, profile.time: stamp})
    return records


def _iso(micros: int) -> str:
    from trident.meaning.events import to_datetime

    return to_datetime(micros).isoformat()


@pytest.mark.parametrize("name", [STEGANOGRAPHY, JPEG])
@pytest.mark.parametrize("profile_name", PROFILES)
def test_the_alerts_are_those_of_the_events(tmp_path: Path, name: str, profile_name: str) -> None:
    profile = load_profiles(PROFILES[profile_name])[profile_name]
    plan = hunt(name)
    events = steganography_events() if name == STEGANOGRAPHY else jpeg_events()
    file = tmp_path / "export.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in exported(events, profile)))
    read = list(read_exported(file, Reading.of(plan, profile)))
    want = {(alert.group, alert.time) for alert in evaluate(plan, events, NOW)}
    assert {(alert.group, alert.time) for alert in evaluate(plan, read, NOW)} == want


@pytest.mark.parametrize(
    ("content", "suffix", "says"),
    [
        ("{broken\n", ".jsonl", ":1: TRI031"),
        ("[1]\n", ".jsonl", "no JSON object"),
        ('{"Type": "CommonSecurityLog"}\n', ".jsonl", "no TimeGenerated"),
        (
            '{"Type": "CommonSecurityLog", "TimeGenerated": "2026-01-15T12:00:00"}\n',
            ".jsonl",
            "zone",
        ),
        ("Type,TimeGenerated\nCommonSecurityLog,yesterday\n", ".csv", ":2: TRI031"),
    ],
)
def test_bad_records_are_named(
    tmp_path: Path, root: Path, content: str, suffix: str, says: str
) -> None:
    file = tmp_path / f"export{suffix}"
    file.write_text(content)
    rule = str(root / "rules" / f"{JPEG}.yml")
    result = CliRunner().invoke(
        main, ["verify", rule, "--events", str(file), "--source", "sentinel"]
    )
    assert result.exit_code == 2 and says in result.stderr, result.stderr


@pytest.mark.parametrize(
    ("pattern", "rule", "source"),
    [
        ("CommonSecurityLog_*.csv", JPEG, "sentinel"),
        ("*.ndjson", STEGANOGRAPHY, "microsoft_addon"),
    ],
)
def test_the_samples_are_read(
    shared: Path, root: Path, pattern: str, rule: str, source: str
) -> None:
    files = sorted((shared / "data" / "samples").glob(pattern))
    assert files
    for file in files:
        profile = load_profiles(PROFILES[source])[source]
        events = list(read_exported(file, Reading.of(hunt(rule), profile)))
        lines = len(file.read_text("utf-8").splitlines())
        assert len(events) == (lines - 1 if file.suffix == ".csv" else lines)
        assert all(event.fields for event in events)


def test_a_profile_without_the_log_source_is_refused() -> None:
    with pytest.raises(TridentError) as refused:
        Reading.of(hunt(JPEG), load_profiles("kql")["defender"])
    assert refused.value.diagnostic.code == "TRI201"
