"""Sigma values against typed fields: what each type is asked, run on the engine where it asks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.generate import FILE, NETWORK, NOW, PROCESS, plan_documents
from tests.support.run_eql import eql_profile, eql_types, selected
from tests.support.values import search
from trident.engines.eql.engine import EqlEngine
from trident.meaning.detection import compile_detection
from trident.meaning.events import SECOND, Event, Value
from trident.rule.plan import Search
from trident.translate.translate import translate

PORT, ADDRESS, TEXT = "destination.port", "destination.ip", "process.executable"
PORT_FIELD, ADDRESS_FIELD, TEXT_FIELD = "DestinationPort", "DestinationIp", "Image"
DASHED = '", "'.join(f"{dash}a" for dash in "\u2013\u2014\u2015")
FAILS = ("TRI305", "TRI356")

CASES: list[tuple[dict[str, Any], str]] = [
    ({PORT_FIELD: 443}, f"{PORT} == 443"),
    ({PORT_FIELD: "443"}, f"{PORT} == 443"),
    ({PORT_FIELD: [80, 443]}, f"{PORT} in (80, 443)"),
    ({PORT_FIELD: ["80", 443]}, f"{PORT} in (80, 443)"),
    ({PORT_FIELD: "0443"}, "false"),
    ({PORT_FIELD: "https"}, "false"),
    ({PORT_FIELD: 1.5}, "false"),
    ({PORT_FIELD: 2**70}, "false"),
    ({PORT_FIELD: "*"}, f"{PORT} != null"),
    ({PORT_FIELD: None}, f"{PORT} == null"),
    ({PORT_FIELD: ""}, f"{PORT} == null"),
    ({f"{PORT_FIELD}|exists": True}, f"{PORT} != null"),
    ({f"{PORT_FIELD}|gt": 1024}, f"{PORT} > 1024"),
    ({f"{PORT_FIELD}|lte": 1024}, f"{PORT} <= 1024"),
    ({f"{PORT_FIELD}|neq": 443}, f"not ({PORT} != null and {PORT} == 443)"),
    ({f"{PORT_FIELD}|startswith": "44"}, "TRI356"),
    ({f"{PORT_FIELD}|re": "44"}, "TRI356"),
    ({ADDRESS_FIELD: "10.0.0.1"}, f'{ADDRESS} == "10.0.0.1"'),
    ({ADDRESS_FIELD: ["10.0.0.1", "::1"]}, f'{ADDRESS} in ("10.0.0.1", "::1")'),
    ({ADDRESS_FIELD: "localhost"}, "false"),
    ({ADDRESS_FIELD: 10}, "false"),
    ({f"{ADDRESS_FIELD}|startswith": "10."}, f'cidrMatch({ADDRESS}, "10.0.0.0/8")'),
    ({f"{ADDRESS_FIELD}|startswith": "192.168.1."}, f'cidrMatch({ADDRESS}, "192.168.1.0/24")'),
    ({f"{ADDRESS_FIELD}|startswith": "fe80:"}, f'cidrMatch({ADDRESS}, "fe80::/16")'),
    ({f"{ADDRESS_FIELD}|startswith": "10.1"}, "TRI356"),
    ({f"{ADDRESS_FIELD}|startswith": "300."}, "TRI356"),
    ({f"{ADDRESS_FIELD}|contains": "10"}, "TRI356"),
    ({f"{ADDRESS_FIELD}|re": "^10"}, "TRI356"),
    (
        {f"{ADDRESS_FIELD}|cidr": ["10.0.0.0/8", "fe80::/10"]},
        f'cidrMatch({ADDRESS}, "10.0.0.0/8", "fe80::/10")',
    ),
    ({ADDRESS_FIELD: None}, f"{ADDRESS} == null"),
    ({TEXT_FIELD: 7}, f'{TEXT} == "7"'),
    ({TEXT_FIELD: [7, 8]}, f'{TEXT} in ("7", "8")'),
    ({TEXT_FIELD: True}, f'{TEXT} : "true"'),
    ({TEXT_FIELD: None}, f'({TEXT} == null or {TEXT} == "")'),
    ({TEXT_FIELD: ""}, f'({TEXT} == null or {TEXT} == "")'),
    ({TEXT_FIELD: "*"}, f'({TEXT} != null and {TEXT} != "")'),
    ({f"{TEXT_FIELD}|exists": False}, f'({TEXT} == null or {TEXT} == "")'),
    ({TEXT_FIELD: ["a", "b*", "c?d"]}, f'{TEXT} : ("a", "b*", "c?d")'),
    ({TEXT_FIELD: ["a", None]}, f'({TEXT} : "a" or ({TEXT} == null or {TEXT} == ""))'),
    ({f"{TEXT_FIELD}|contains|all": ["a", "b"]}, f'{TEXT} : "*a*" and {TEXT} : "*b*"'),
    ({f"{TEXT_FIELD}|cased": "Ab"}, f'{TEXT} == "Ab"'),
    ({f"{TEXT_FIELD}|cased": ["Ab", "cD"]}, f'{TEXT} in ("Ab", "cD")'),
    ({f"{TEXT_FIELD}|contains|cased": "Ab"}, f'{TEXT} like "*Ab*"'),
    ({f"{TEXT_FIELD}|contains|cased": ["Ab", "c"]}, f'{TEXT} like ("*Ab*", "*c*")'),
    ({f"{TEXT_FIELD}|windash": "-a"}, f'{TEXT} : ("-a", "/a", "{DASHED}")'),
    ({f"{TEXT_FIELD}|re": "a.*"}, f'{TEXT} regex ".*a[^\\n]*.*"'),
    (
        {f"{TEXT_FIELD}|re": ["ab", "x*"]},
        f'({TEXT} regex """.*ab.*""" or ({TEXT} != "" and {TEXT} regex """.*x*.*"""))',
    ),
    ({f"{TEXT_FIELD}|re|i": ["ab", "cd"]}, f'{TEXT} regex~ (""".*ab.*""", """.*cd.*""")'),
    ({f"{TEXT_FIELD}|re": "^$"}, "false"),
    ({f"{TEXT_FIELD}|re": ".*"}, f'({TEXT} != "" and {TEXT} regex ".*[^\\n]*.*")'),
    ({f"{TEXT_FIELD}|gt": 5}, "TRI356"),
    ({f"{TEXT_FIELD}|cidr": "10.0.0.0/8"}, "TRI356"),
    ({f"{TEXT_FIELD}|fieldref": "CommandLine"}, "TRI305"),
    ({f"{TEXT_FIELD}|hour": 3}, "TRI305"),
]

EVENTS: list[dict[str, Value]] = [
    {},
    {"DestinationPort": 443, "DestinationIp": "10.0.0.1", "Image": "7"},
    {"DestinationPort": 80, "DestinationIp": "192.168.1.9", "Image": "A"},
    {"DestinationPort": 8080, "DestinationIp": "192.168.2.9", "Image": "Ab"},
    {"DestinationPort": 1024, "DestinationIp": "::1", "Image": "xAbx"},
    {"DestinationPort": 1025, "DestinationIp": "fe80::7", "Image": "TRUE"},
    {"DestinationIp": "11.0.0.1", "Image": ""},
    {"DestinationPort": 0, "Image": "a\nb"},
    {"Image": "/a"},
    {"Image": "cxd"},
    {"Image": "bcd ABCD"},
]


def plan_of(selection: Any, condition: str = "selection") -> Search:
    plan = plan_documents(
        (
            {
                "title": "t",
                "logsource": {"category": "network_connection", "product": "windows"},
                "detection": {"selection": selection, "condition": condition},
            },
        )
    )
    assert isinstance(plan, Search)
    return plan


@pytest.mark.parametrize(("selection", "written"), CASES, ids=[str(case) for case, _ in CASES])
@pytest.mark.parametrize("condition", ["selection", "not selection"])
def test_typed(
    eql_engine: EqlEngine, selection: dict[str, Any], written: str, condition: str
) -> None:
    plan = plan_of(selection, condition)
    profile = eql_profile()
    translation = translate(plan, profile)
    if written in FAILS:
        assert translation.error is not None and translation.error.code == written
        return
    assert translation.query is not None, translation.error
    text = translation.query.text
    if condition == "selection":
        assert " ".join(text.split()).endswith(written), text
    assert eql_engine.parse(text, eql_types(profile)) is None
    events = [Event(NOW - number * SECOND, NETWORK, fields) for number, fields in enumerate(EVENTS)]
    test = compile_detection(plan.condition)
    wanted = {event.time for event in events if test(event.fields)}
    assert selected(eql_engine, plan, events, text) == wanted


def test_keywords_are_refused() -> None:
    error = translate(plan_of(["foo", "bar"]), eql_profile()).error
    assert error is not None and error.code == "TRI302"


@pytest.mark.parametrize(
    ("condition", "written"),
    [
        ("a and b", f'{TEXT} : "a"\n'),
        ("a or b", f'({TEXT} : "a" or {PORT} == 1)'),
        ("a or c", f'{TEXT} : ("a", "c")'),
        ("(a or c) and b", f'{TEXT} : ("a", "c") and {PORT} == 1'),
        ("b and not a", f'{PORT} == 1 and not ({TEXT} != null and {TEXT} : "a")'),
        ("not (a or c)", f'not ({TEXT} != null and {TEXT} : ("a", "c"))'),
        (
            "not (a and b)",
            f'not ({TEXT} != null and {TEXT} : "a" and {PORT} != null and {PORT} == 1)',
        ),
        ("b or (a and not c)", f'{TEXT} : "a" and not {TEXT} : "c"'),
    ],
)
def test_conditions(eql_engine: EqlEngine, condition: str, written: str) -> None:
    plan = plan_documents(
        (
            {
                "title": "t",
                "logsource": {"category": "network_connection", "product": "windows"},
                "detection": {
                    "a": {"Image": "a"},
                    "b": {"DestinationPort": 1},
                    "c": {"Image": "c"},
                    "condition": condition,
                },
            },
        )
    )
    profile = eql_profile()
    query = translate(plan, profile).query
    assert query is not None
    assert written.strip() in " ".join(query.text.split()).replace("( ", "(")
    values: list[Value] = ["a", "A", "b", "c", "", None]
    ports: list[Value] = [1, 2, None]
    fields = [{"Image": image, "DestinationPort": port} for image in values for port in ports]
    events = [
        Event(NOW - n * SECOND, NETWORK, {k: v for k, v in f.items() if v is not None})
        for n, f in enumerate(fields)
    ]
    assert isinstance(plan, Search)
    test = compile_detection(plan.condition)
    wanted = {event.time for event in events if test(event.fields)}
    assert selected(eql_engine, plan, events, query.text) == wanted


def test_a_rule_reads_the_records_of_its_log_source(eql_engine: EqlEngine) -> None:
    """process.command_line stands on three kinds of records: on two it is the initiating one's."""
    plan = search("steg", "contains")
    query = translate(plan, eql_profile()).query
    assert query is not None
    events = [
        Event(NOW - number * SECOND, source, {"CommandLine": "steg a.png"})
        for number, source in enumerate((PROCESS, FILE, NETWORK))
    ]
    assert selected(eql_engine, plan, events, query.text) == {NOW}
