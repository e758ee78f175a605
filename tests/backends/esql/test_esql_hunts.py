"""The hunts' ES|QL: alerts, evidence columns, and what Elastic asks of a detection rule's query."""

from __future__ import annotations

import esql
import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.support.generate import NOW
from tests.support.hunts import JPEG, STEGANOGRAPHY, hunt, jpeg_events, steganography_events
from tests.support.run_esql import check, esql_profile, micros, run_esql, stored
from trident.engines.esql.engine import parse
from trident.meaning.evaluate import evaluate
from trident.result.translation import Fidelity, Proof
from trident.translate.translate import translate

COLUMNS = {
    STEGANOGRAPHY: [
        "@timestamp",
        "StegProcessTimestamp",
        "DestinationHostname",
        "host.name",
        "User",
        "FileName",
    ],
    JPEG: [
        "@timestamp",
        "filename",
        "url.original",
        "source.bytes",
        "user_agent.original",
        "source.user.name",
        "destination.domain",
        "http.request.referrer",
        "_id",
        "_version",
        "_index",
    ],
}


@pytest.mark.parametrize(
    ("name", "events"),
    [
        pytest.param(STEGANOGRAPHY, steganography_events(), id="steganography"),
        pytest.param(JPEG, jpeg_events(), id="jpeg"),
        pytest.param(JPEG, jpeg_events(history=False), id="jpeg-without-history"),
    ],
)
def test_alerts_equal_the_evaluator(model: EsqlModel, name: str, events: list) -> None:
    fired = check(model, hunt(name), events, NOW)
    assert fired or name == JPEG


@pytest.mark.parametrize("name", [STEGANOGRAPHY, JPEG])
def test_passes_as_a_detection_rule(name: str) -> None:
    """On the profile's own stack."""
    profile = esql_profile("9.3")
    translation = translate(hunt(name), profile)
    assert (translation.fidelity, translation.proof) == (Fidelity.EXACT, Proof.PARSED)
    assert translation.query is not None
    columns = {n: k for source in profile.sources for n, k in source.table.columns.items()}
    assert parse(translation.query.text, columns, "9.3") is None
    with esql.ParserConfig(min_stack_version="9.3"):
        tree = esql.parse_query(translation.query.text)
        esql.validate_detection_rule_query(tree)
    assert esql.get_keep_columns(tree) == COLUMNS[name]


def test_evidence_is_the_latest_match_of_each_stage(model: EsqlModel) -> None:
    """Of several at one time the definition leaves the choice to field values."""
    plan, events = hunt(STEGANOGRAPHY), stored(steganography_events(), model.profile)
    _, rows = run_esql(model, plan, events, NOW)
    shown = {(row["host.name"], micros(row["@timestamp"])): row for row in rows}
    alerts = evaluate(plan, events, NOW)
    assert len(rows) == len(alerts) == len(shown)
    for alert in alerts:
        row = shown[alert.group[0], alert.time]
        first, last = alert.evidence
        assert micros(row["StegProcessTimestamp"]) == first.time
        tied = [
            e for e in events if e.time == first.time and e.fields.get("Computer") == alert.group[0]
        ]
        names = {e.fields.get("FileName") or None for e in tied}
        assert row["FileName"] in names
        hosts = {
            e.fields.get("DestinationHostname")
            for e in events
            if e.time == last.time and e.fields.get("Computer") == alert.group[0]
        }
        assert row["DestinationHostname"] in hosts


def test_text_after_the_last_separator(model: EsqlModel) -> None:
    _, rows = run_esql(model, hunt(JPEG), stored(jpeg_events(), model.profile), NOW)
    assert rows
    for row in rows:
        uri = row["url.original"]
        assert row["filename"] == (None if uri is None else uri.rpartition("/")[2])
