"""The two hunts' searches on the model: alerts, rows and evidence against the evaluator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.spl.run import profile, run_spl, spl_alerts, wanted_alerts
from tests.support.generate import NOW
from tests.support.hunts import JPEG, STEGANOGRAPHY, hunt, jpeg_events, steganography_events
from trident.meaning.evaluate import evaluate, history
from trident.meaning.events import SECOND, Event
from trident.result.translation import Fidelity, Proof
from trident.translate.translate import translate

CASES = [
    pytest.param(STEGANOGRAPHY, steganography_events(), id="steganography"),
    pytest.param(JPEG, jpeg_events(), id="jpeg"),
    pytest.param(JPEG, jpeg_events(history=False), id="jpeg-without-history"),
]


@pytest.mark.parametrize(("name", "events"), CASES)
def test_alerts_equal_the_evaluator(name: str, events: list[Event]) -> None:
    for seed in range(3):
        translation, rows = run_spl(hunt(name), events, NOW, seed)
        assert (translation.fidelity, translation.proof) == (Fidelity.EXACT, Proof.EXECUTED)
        found = spl_alerts(translation, hunt(name), rows)
        assert found == wanted_alerts(hunt(name), events, NOW)


def test_one_row_per_alert_with_the_latest_stage() -> None:
    plan, events = hunt(STEGANOGRAPHY), steganography_events()
    _, rows = run_spl(plan, events, NOW)
    found = {(row["Computer"], row["_time"]): row for row in rows}
    alerts = evaluate(plan, events, NOW)
    assert len(rows) == len(found) == len(alerts)
    for alert in alerts:
        row = found[alert.group[0], alert.time / SECOND]
        tool, mail = alert.evidence
        assert row["StegProcessTimestamp"] == tool.time / SECOND
        assert row["DestinationHostname"] == mail.fields["DestinationHostname"]
        assert row["FileName"] == tool.fields.get("FileName", "")
        assert row["User"] == mail.fields["User"]
        assert next(iter(row)) == "_time"


def test_one_row_per_passing_download() -> None:
    plan, events = hunt(JPEG), jpeg_events()
    translation, rows = run_spl(plan, events, NOW)
    assert translation.query is not None
    shown = list(translation.query.columns)
    assert shown == ["filename", *plan.outputs]
    twice = [row for row in rows if row["cs-host"] == "twice.example"]
    assert len(twice) == 2
    limit = history(plan, events, NOW).limits[()].value
    assert all(row["baseline_limit"] == limit for row in rows)
    assert all(row["filename"] == row["c-uri"].rsplit("/", 1)[-1] for row in rows)
    assert {alert.time for alert in evaluate(plan, events, NOW)} == {
        round(row["_time"] * SECOND) for row in rows
    }


FORBIDDEN = ("join", "append", "[", "transaction", "map ", "inputlookup", "sort _", "time_window")


@pytest.mark.parametrize("name", [STEGANOGRAPHY, JPEG])
def test_one_pass(name: str) -> None:
    """No second search, and nothing that stops at ten thousand rows."""
    query: Any = translate(hunt(name), profile()).query
    commands = [line for line in query.text.split("\n") if line.startswith("| ")]
    for line in commands:
        outside = line.split('"')[::2]
        assert not any(word in part for word in FORBIDDEN for part in outside), line
    assert all(line.startswith("| sort 0 ") for line in commands if line.startswith("| sort"))
