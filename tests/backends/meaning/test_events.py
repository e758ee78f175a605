"""The JSON form of events (docs/semantics.md, Events)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trident.base.diagnostics import TridentError
from trident.meaning.events import read_events
from trident.rule.plan import LogSource

GOOD: dict[str, Any] = {
    "time": "1970-01-01T00:00:01.5Z",
    "logsource": {"category": "proxy"},
    "fields": {"c-uri": "/x", "sc-bytes": 5, "seen": True, "cs-host": None},
}


def test_a_record() -> None:
    (event,) = read_events(["", json.dumps(GOOD), "  \n"])
    assert event.time == 1_500_000
    assert event.logsource == LogSource("proxy")
    assert event.fields == GOOD["fields"]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01 00:00:00.000001+00:00", 1),
        ("1970-01-01T00:00:00.0000019Z", 1),  # below a microsecond is cut off
        ("1969-12-31T23:59:59.999999Z", -1),
    ],
)
def test_times_are_exact_to_the_microsecond(text: str, micros: int) -> None:
    (event,) = read_events([json.dumps({**GOOD, "time": text})])
    assert event.time == micros


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Expecting property name"),
        ("[1]", "unknown key"),
        ("5", "not iterable"),
        (json.dumps({**GOOD, "host": "x"}), "unknown key 'host'"),
        (json.dumps({key: GOOD[key] for key in ("time", "fields")}), "no 'logsource'"),
        (json.dumps({**GOOD, "time": "2026-01-15T12:00:00"}), "has no zone"),
        (json.dumps({**GOOD, "time": "yesterday"}), "Invalid isoformat"),
        (json.dumps({**GOOD, "time": 5}), "must be str"),
        (json.dumps({**GOOD, "logsource": {"table": "x"}}), "table"),
        (json.dumps({**GOOD, "logsource": "proxy"}), "mapping"),
        (json.dumps({**GOOD, "fields": ["x"]}), "items"),
        (json.dumps({**GOOD, "fields": {"hosts": ["x"]}}), "field 'hosts' is no string"),
    ],
)
def test_a_bad_record_is_reported_at_its_line(line: str, message: str) -> None:
    with pytest.raises(TridentError, match=message) as found:
        list(read_events([json.dumps(GOOD), "", line], "events.jsonl"))
    assert found.value.diagnostic.code == "TRI031"
    assert str(found.value.diagnostic.span) == "events.jsonl:3"
