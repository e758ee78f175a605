"""Correlations whose search takes a way of its own, with alerts counted by hand (idioms.yml)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.backends.spl.run import profile, run_spl, spl_alerts, wanted_alerts
from tests.support.generate import BASES, FILE, NETWORK, NOW, PROCESS, base_rule, plan_documents
from trident.mapping.profiles import Column, with_settings
from trident.meaning.events import SECOND, Event
from trident.rule.plan import Correlation, LogSource
from trident.translate.translate import translate

CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("idioms.yml").read_text("utf-8")
)
SOURCES = {"process": PROCESS, "file": FILE, "network": NETWORK, "proxy": LogSource("proxy")}
DOWNLOAD = {
    "title": "download",
    "name": "download",
    "logsource": {"category": "proxy"},
    "detection": {"any": {"c-uri|exists": True}, "condition": "any"},
}


def documents(rules: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    found = []
    for number, rule in enumerate(rules):
        own = {key: rule[key] for key in ("trident", "fields") if key in rule}
        name = rule.get("name", f"rule{number}")
        correlation = {k: v for k, v in rule.items() if k not in ("name", "trident", "fields")}
        found.append({"title": name, "name": name, "correlation": correlation, **own})
    return (*(base_rule(name) for name in BASES), DOWNLOAD, *found)


def plan_of(rules: list[dict[str, Any]]) -> Correlation:
    plan = plan_documents(documents(rules))
    assert isinstance(plan, Correlation)
    return plan


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_idiom(case: dict[str, Any]) -> None:
    plan = plan_of(case["rules"])
    events = [
        Event(NOW - round(age * SECOND), SOURCES[source], fields)
        for age, source, fields in case["events"]
    ]
    by_hand = {(tuple(group), NOW - round(age * SECOND)) for *group, age in case["alerts"]}
    assert wanted_alerts(plan, events, NOW) == by_hand
    for seed in range(4):
        translation, rows = run_spl(plan, events, NOW, seed)
        assert spl_alerts(translation, plan, rows) == by_hand
    assert translation.query is not None
    for part in case.get("holds", ()):
        assert part in translation.query.text
    for part in case.get("lacks", ()):
        assert part not in translation.query.text


OUTPUTS = [
    (
        "a shown name that is also a raw field's is read under another and renamed",
        {"type": "event_count", "rules": ["download"], "condition": {"gte": 1}, "timespan": "1m"},
        {"fields": ["c-uri", "src_ip"], "trident": {"columns": {"request": {"field": "cs-host"}}}},
        {"_time": 0, "request": "h", "c-uri": "http://x/y", "src_ip": "192.0.2.1"},
    ),
    (
        "one field twice, and a text after the last separator",
        {"type": "event_count", "rules": ["download"], "condition": {"gte": 1}, "timespan": "1m"},
        {
            "fields": ["c-uri"],
            "trident": {
                "columns": {
                    "again": {"field": "c-uri"},
                    "name": {"field": "c-uri", "after_last": "/"},
                }
            },
        },
        {"_time": 0, "again": "http://x/y", "name": "y", "c-uri": "http://x/y"},
    ),
    (
        "a group key stands before the fields unless they name it",
        {
            "type": "value_sum",
            "rules": ["download"],
            "condition": {"field": "sc-bytes", "gt": 1},
            "group-by": ["cs-username", "cs-host"],
            "timespan": "1m",
        },
        {"fields": ["c-uri", "cs-host"]},
        {
            "_time": 0,
            "cs-username": "ann",
            "c-uri": "http://x/y",
            "cs-host": "h",
            "value_sum": 7,
        },
    ),
]


@pytest.mark.parametrize(
    ("correlation", "more", "row"), [case[1:] for case in OUTPUTS], ids=[c[0] for c in OUTPUTS]
)
def test_result_columns(
    correlation: dict[str, Any], more: dict[str, Any], row: dict[str, Any]
) -> None:
    plan = plan_of([{**correlation, **more}])
    fields = {
        "c-uri": "http://x/y",
        "cs-host": "h",
        "cs-username": "ann",
        "sc-bytes": 7,
        "src_ip": "192.0.2.1",
    }
    _, rows = run_spl(plan, [Event(NOW, SOURCES["proxy"], fields)], NOW)
    assert rows == [{**row, "_time": NOW / SECOND}]
    assert list(rows[0]) == list(row)


COUNT = {"type": "event_count", "condition": {"gte": 1}, "timespan": "1m"}


def test_tables_without_selectors_are_refused_together() -> None:
    """Two macros whose tables have no selector: one search cannot tell their events apart."""
    bound = profile()
    files = next(source for source in bound.sources if source.table.name == "DeviceFileEvents")
    bare = replace(files, table=replace(files.table, settings={"macro": "other"}))
    sources = tuple(bare if source is files else source for source in bound.sources)
    changed = replace(bound, sources=sources)
    both = plan_of([{"type": "temporal", "rules": ["gamma", "download"], "timespan": "1m"}])
    error = translate(both, changed).error
    assert error is not None and error.code == "TRI330"
    query = translate(plan_of([{**COUNT, "rules": ["gamma"]}]), changed).query
    assert query is not None and query.text.startswith("`trident_other`")


@pytest.mark.parametrize("name", ["a`b", "", "x | delete", 1])
def test_macro_name_that_is_none(name: object) -> None:
    changed = with_settings(profile(), {"macros": {"cef": name}})
    error = translate(plan_of([{**COUNT, "rules": ["download"]}]), changed).error
    assert error is not None and error.code == "TRI331"


def test_own_macro_name() -> None:
    changed = with_settings(profile(), {"macros": {"cef": "our-proxy"}})
    query = translate(plan_of([{**COUNT, "rules": ["download"]}]), changed).query
    assert query is not None and query.text.startswith("`our-proxy`")


@pytest.mark.parametrize("name", ['a"b', "a'b", "a`b", "a*b", "a\nb", "a,b", "a|b", "a[b"])
def test_field_names_that_quotes_cannot_hold(name: str) -> None:
    """They stay in their quotes or are refused; ``*`` is a wildcard even in quotes."""
    bound = profile()
    proxy = next(source for source in bound.sources if source.table.name == "CEF")
    changed = replace(
        bound,
        sources=(
            replace(
                proxy,
                table=replace(proxy.table, columns={**proxy.table.columns, name: "string"}),
                fields={**proxy.fields, "c-uri": Column(name)},
            ),
        ),
    )
    error = translate(plan_of([{**COUNT, "rules": ["download"]}]), changed).error
    assert error is not None and error.code == "TRI304"


@pytest.mark.parametrize("name", ["_time", "_raw"])
def test_splunk_s_own_fields_are_no_result_columns(name: str) -> None:
    bound = profile()
    proxy = next(source for source in bound.sources if source.table.name == "CEF")
    changed = replace(
        bound, sources=(replace(proxy, fields={**proxy.fields, name: Column("request")}),)
    )
    plan = plan_of([{**COUNT, "rules": ["download"], "fields": [name]}])
    error = translate(plan, changed).error
    assert error is not None and error.code == "TRI304"
