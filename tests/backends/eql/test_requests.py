"""The requests around a query: their bounds in time, and the search body as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.eql.test_sequences import event_of, plan_of
from tests.support.generate import NOW
from tests.support.hunts import STEGANOGRAPHY, hunt
from tests.support.run_eql import difference, eql_alerts, eql_profile, expected
from trident.engines.eql.engine import EqlEngine
from trident.engines.eql.query_dsl import moment, selects
from trident.eql.requests import before_now
from trident.mapping.profiles import with_settings
from trident.meaning.events import SECOND
from trident.translate.translate import translate

LOOKBACK = {"lookback": "10m"}
EDGE = 3_600 - 600
"""The lookback's start in the seconds of ``event_of``."""


def body_of(
    correlation: dict[str, Any],
    trident: dict[str, Any] | None = None,
    name: str = "search-request",
) -> Any:
    more = {"trident": trident} if trident else {}
    query = translate(plan_of(correlation, **more), eql_profile()).query
    assert query is not None
    return next(c.body for c in query.companions if c.name == name)


def test_the_whole_search_request() -> None:
    query = translate(hunt(STEGANOGRAPHY), eql_profile()).query
    assert query is not None
    (request,) = [c.body for c in query.companions if c.kind == "search-request"]
    assert request["method"] == "POST"
    assert request["path"] == "/logs-m365_defender.event-*/_eql/search"
    assert set(request["body"]) == {
        "query",
        "size",
        "timestamp_field",
        "event_category_field",
        "fields",
        "filter",
    }
    assert request["body"]["query"] == query.text
    assert request["body"]["size"] == 10_000
    assert request["body"]["fields"][:2] == ["@timestamp", "host.name"]


def test_an_index_pattern_of_the_site() -> None:
    profile = with_settings(eql_profile(), {"m365_defender_index": "defender-*"})
    query = translate(hunt(STEGANOGRAPHY), profile).query
    assert query is not None
    assert query.companions[0].body["path"] == "/defender-*/_eql/search"


def test_no_lookback_no_filter() -> None:
    request = body_of({"type": "temporal_ordered", "rules": ["alpha", "gamma"]})
    assert "filter" not in request["body"]


@pytest.mark.parametrize(
    ("parts", "written"),
    [((1800,), "now-30m"), ((2_592_000, 1800), "now-30d-30m"), ((60, 0), "now-1m")],
)
def test_date_math(parts: tuple[int, ...], written: str) -> None:
    assert before_now(*parts) == written
    assert moment(written, NOW) == NOW - sum(parts) * SECOND


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([[EDGE - 60, "alpha", "ws1"], [EDGE, "delta", "ws1"]], "ends with the lookback's start"),
        ([[EDGE - 30, "alpha", "ws1"], [EDGE - 0.001, "delta", "ws1"]], "ends before it"),
        ([[3_599, "alpha", "ws1"], [3_600, "delta", "ws1"]], "ends now"),
        ([[3_599, "alpha", "ws1"], [3_600.001, "delta", "ws1"]], "ends after now"),
        ([[EDGE - 61, "alpha", "ws1"], [EDGE - 1, "gamma", "ws1"], [EDGE, "delta", "ws1"]], "or"),
    ],
)
def test_lookback_bounds_the_last_event(
    eql_engine: EqlEngine, rows: list[list[Any]], why: str
) -> None:
    """The last stage reads a data set of its own, so the filter alone is exact."""
    rule = {
        "type": "temporal_ordered",
        "rules": ["alpha", "gamma", "delta"],
        "group-by": ["Computer"],
        "condition": "(alpha or gamma) and delta",
    }
    plan = plan_of(rule, trident=LOOKBACK)
    translation = translate(plan, eql_profile())
    assert "TRI453" not in {note.code for note in translation.notes}
    events = [event_of(row) for row in rows]
    assert eql_alerts(eql_engine, translation, plan, events, NOW) == expected(plan, events, NOW)


def test_lookback_over_one_data_set_reads_too_much_and_says_so(eql_engine: EqlEngine) -> None:
    rule = {"type": "event_count", "rules": ["alpha"], "condition": {"gte": 2}}
    plan = plan_of(rule, trident=LOOKBACK)
    translation = translate(plan, eql_profile())
    assert "TRI453" in {note.code for note in translation.notes}
    rows = [[EDGE - 61, "alpha"], [EDGE - 30, "alpha"], [EDGE, "alpha"], [EDGE + 10, "alpha"]]
    events = [event_of([*row, "ws1"]) for row in rows]
    want = expected(plan, events, NOW)
    assert len(want) == 2
    found = eql_alerts(eql_engine, translation, plan, events, NOW)
    assert difference(plan, translation.fidelity, found, want) == {}


def test_lookback_of_single_events_is_a_plain_range() -> None:
    rule = {"type": "event_count", "rules": ["alpha"], "condition": {"gte": 1}}
    request = body_of(rule, LOOKBACK)
    assert request["body"]["filter"] == {"range": {"@timestamp": {"gte": "now-10m", "lte": "now"}}}


def test_an_excluded_rule_of_the_last_data_set_is_read_before_the_lookback(
    eql_engine: EqlEngine,
) -> None:
    """Otherwise its match before the lookback would not end the sequence."""
    rule = {
        "type": "temporal_ordered",
        "rules": ["gamma", "alpha", "beta"],
        "condition": "gamma and alpha and not beta",
    }
    plan = plan_of(rule, trident=LOOKBACK)
    rows = [[EDGE - 40, "gamma"], [EDGE - 20, "beta"], [EDGE + 1, "alpha"]]
    events = [event_of([*row, "ws1"]) for row in rows]
    translation = translate(plan, eql_profile())
    assert eql_alerts(eql_engine, translation, plan, events, NOW) == set()
    assert expected(plan, events, NOW) == set()


@pytest.mark.parametrize(
    ("age", "current", "history"),
    [(0, True, False), (119.999, True, False), (120, False, True), (240, False, True),
     (240.001, False, False), (-0.001, False, False)],
)  # fmt: skip
def test_baseline_windows(age: float, current: bool, history: bool) -> None:
    rule = {"type": "event_count", "rules": ["alpha"], "condition": {"gte": 1}}
    baseline = {"baseline": {"window": "4m..2m", "unseen": ["User"]}}
    document = {
        "@timestamp": NOW - round(age * SECOND),
        "event.category": ["process"],
        "m365_defender.event.category": "AdvancedHunting-DeviceProcessEvents",
        "process.command_line": "alpha",
    }
    search = body_of(rule, baseline)["body"]["filter"]
    learn = body_of(rule, baseline, "baseline-request")["body"]["query"]
    assert selects(search, document, NOW) is current
    assert selects(learn, document, NOW) is history


BASELINES = [
    ({"percentile": 90}, "${P90}", "P90.values[0].value"),
    ({"statistic": "max"}, "${MAX}", "MAX.value"),
    ({"statistic": "min", "factor": 1.5}, "${MIN} * 1.5", "MIN.value"),
    ({"statistic": "avg"}, "${AVG}", "AVG.value"),
    ({"statistic": "avg", "stdevs": 3}, "${LIMIT}", "LIMIT.std_deviation_bounds.upper_sampling"),
]


@pytest.mark.parametrize(("exceeds", "limit", "path"), BASELINES)
def test_baseline_parameters(exceeds: dict[str, Any], limit: str, path: str) -> None:
    rule = {"type": "event_count", "rules": ["alpha"], "condition": {"gte": 1}}
    extension = {"baseline": {"window": "4m..2m", "exceeds": {"field": "ProcessId", **exceeds}}}
    translation = translate(plan_of(rule, trident=extension), eql_profile())
    query = translation.query
    assert query is not None
    assert query.text.endswith(f"\n    and process.pid > {limit}")
    ((name, parameter),) = query.parameters.items()
    assert parameter.path == f"$.aggregations.{path}"
    (body,) = [c.body["body"] for c in query.companions if c.name == parameter.companion]
    assert list(body["aggs"]) == [name] and body["size"] == 0
    assert "TRI459" in {note.code for note in translation.notes}


@pytest.mark.parametrize(
    ("rules", "baseline", "code"),
    [
        (["alpha"], {"exceeds": {"field": "User", "statistic": "max"}}, "TRI354"),
        (["alpha"], {"unseen": ["ProcessId"]}, "TRI354"),
        (["alpha", "delta"], {"unseen": ["User"]}, "TRI354"),
    ],
    ids=["a limit of texts", "unseen numbers", "two fields"],
)
def test_refused_baselines(rules: list[str], baseline: dict[str, Any], code: str) -> None:
    rule = {"type": "event_count", "rules": rules, "condition": {"gte": 1}}
    plan = plan_of(rule, trident={"baseline": {"window": "4m..2m", **baseline}})
    error = translate(plan, eql_profile()).error
    assert error is not None and error.code == code
