"""The hunts' KQL: bound by Microsoft's parser, run beside the repaired reference queries and the
reference evaluator on the same events."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.generate import NOW
from tests.support.hunts import JPEG, STEGANOGRAPHY, hunt, jpeg_events, steganography_events
from tests.support.run_kql import kql_alerts, schema_of
from trident.app.verify.native import native_rows
from trident.mapping.profiles import load_profiles
from trident.meaning.evaluate import evaluate
from trident.meaning.events import Event
from trident.result.translation import Fidelity, Proof
from trident.translate.translate import translate

REFERENCE = Path(__file__).parents[2] / "rules" / "reference"
CASES = [
    pytest.param(STEGANOGRAPHY, steganography_events(), "steganography", id="steganography"),
    pytest.param(JPEG, jpeg_events(), "large_jpeg", id="jpeg"),
    pytest.param(JPEG, jpeg_events(history=False), "large_jpeg", id="jpeg-without-history"),
]
COLUMNS = {
    "steganography": (
        "StegProcessTimestamp",
        "Timestamp",
        "RemoteUrl",
        "DeviceName",
        "InitiatingProcessAccountName",
        "FileName",
    ),
    "large_jpeg": (
        "TimeGenerated",
        "filename",
        "RequestURL",
        "ReceivedBytes",
        "RequestClientApplication",
        "SourceUserName",
        "DestinationHostName",
        "RequestContext",
    ),
}


def load(engine: Callable[..., Any], profile_name: str, events: list[Event]) -> Any:
    """An engine with the events as the profile stores them, ``Timestamp`` beside TimeGenerated:
    the tables of Sentinel have both, and the reference reads the former."""
    profile = load_profiles("kql")[profile_name]
    schema = {name: dict(columns) for name, columns in schema_of(profile).items()}
    rows = native_rows(events, profile)
    for table, columns in schema.items():
        if table.startswith("Device"):
            columns["Timestamp"] = "datetime"
            columns.setdefault("InitiatingProcessParentFileName", "string")
            columns.setdefault("InitiatingProcessFileName", "string")
            for row in rows.get(table, ()):
                row["Timestamp"] = row[profile.time]
    runner = engine(schema)
    runner.load(rows)
    return runner


def shown(rows: list[dict[str, Any]], columns: tuple[str, ...], time: str) -> list[list[Any]]:
    named = [time if column == "Timestamp" else column for column in columns]
    return sorted(([row[name] for name in named] for row in rows), key=repr)


def test_the_events_are_enough() -> None:
    assert len(steganography_events()) >= 150
    assert len(jpeg_events()) >= 150


@pytest.mark.parametrize(("name", "events", "reference"), CASES)
def test_rows_equal_the_repaired_reference(
    kql_engine: Any, name: str, events: list[Event], reference: str
) -> None:
    for profile in load_profiles("kql").values():
        if name == JPEG and profile.name == "defender":
            continue
        runner = load(kql_engine, profile.name, events)
        query = translate(hunt(name), profile).query
        assert query is not None
        columns = COLUMNS[reference]
        ours = shown(runner.run(query.text, NOW), columns, profile.time)
        repaired = (REFERENCE / f"{reference}.repaired.kql").read_text("utf-8")
        assert ours == shown(runner.run(repaired, NOW), columns, "Timestamp")


@pytest.mark.parametrize(("name", "events", "reference"), CASES)
def test_alerts_equal_the_evaluator(
    kql_engine: Any, name: str, events: list[Event], reference: str
) -> None:
    plan = hunt(name)
    want = {(alert.group, alert.time) for alert in evaluate(plan, events, NOW)}
    for profile in load_profiles("kql").values():
        translation = translate(plan, profile)
        if translation.query is None:
            continue
        rows = load(kql_engine, profile.name, events).run(translation.query.text, NOW)
        assert kql_alerts(translation, plan, rows) == want


@pytest.mark.parametrize("name", [STEGANOGRAPHY, JPEG])
@pytest.mark.parametrize("profile", ["sentinel", "defender"])
def test_binds_against_the_published_schema(
    kql_binder: Any, shared: Path, name: str, profile: str
) -> None:
    schema = json.loads((shared / "data" / "kql_tables.json").read_text("utf-8"))[profile]
    translation = translate(hunt(name), load_profiles("kql")[profile])
    if name == JPEG and profile == "defender":
        assert translation.fidelity is Fidelity.REFUSED
        assert translation.error is not None and translation.error.code == "TRI201"
        return
    assert (translation.fidelity, translation.proof) == (Fidelity.EXACT, Proof.EXECUTED)
    assert translation.query is not None
    bound = kql_binder(translation.query.text, schema)
    assert bound.errors == ()
    time = load_profiles("kql")[profile].time
    reference = COLUMNS["steganography" if name == STEGANOGRAPHY else "large_jpeg"]
    assert set(bound.columns) == {time if c == "Timestamp" else c for c in reference}
