"""Sigma values against typed fields: what is written for each, and what it selects in the model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.support.generate import FILE, NETWORK, NOW, PROCESS, plan_documents
from tests.support.run_esql import micros, run_esql, stored
from tests.support.values import search
from trident.esql.detections import number_of
from trident.meaning.detection import compile_detection
from trident.meaning.events import SECOND, Event, Value
from trident.rule.plan import Search
from trident.translate.translate import translate

PORT, ADDRESS, TEXT = "destination.port", "destination.ip", "process.executable"
PORT_FIELD, ADDRESS_FIELD, TEXT_FIELD = "DestinationPort", "DestinationIp", "Image"
LOWER = f"TO_LOWER({TEXT})"
COMMAND = "process.command_line"
DASHED = '", "'.join(f"{dash}a" for dash in "\u2013\u2014\u2015")
FAILS = ("TRI305", "TRI356")
BOTH = f'({COMMAND} != "" AND'

CASES: list[tuple[dict[str, Any], str]] = [
    ({PORT_FIELD: 443}, f"{PORT} == 443"),
    ({PORT_FIELD: "443"}, f"{PORT} == 443"),
    ({PORT_FIELD: [80, 443]}, f"{PORT} IN (80, 443)"),
    ({PORT_FIELD: -1}, f"{PORT} == (-1)"),
    ({PORT_FIELD: "0443"}, "false"),
    ({PORT_FIELD: "https"}, "false"),
    ({PORT_FIELD: 1.5}, "false"),
    ({PORT_FIELD: 2**70}, "false"),
    ({PORT_FIELD: "*"}, f"{PORT} IS NOT NULL"),
    ({PORT_FIELD: None}, f"{PORT} IS NULL"),
    ({PORT_FIELD: ""}, f"{PORT} IS NULL"),
    ({f"{PORT_FIELD}|gt": 1024}, f"{PORT} > 1024"),
    ({f"{PORT_FIELD}|lte": 1024}, f"{PORT} <= 1024"),
    ({f"{PORT_FIELD}|neq": 443}, f"NOT ({PORT} IS NOT NULL AND {PORT} == 443)"),
    ({f"{PORT_FIELD}|startswith": "44"}, "TRI356"),
    ({f"{PORT_FIELD}|re": "44"}, "TRI356"),
    ({ADDRESS_FIELD: "10.0.0.1"}, f'{ADDRESS} == TO_IP("10.0.0.1")'),
    ({ADDRESS_FIELD: ["10.0.0.1", "::1"]}, f'{ADDRESS} IN (TO_IP("10.0.0.1"), TO_IP("::1"))'),
    ({ADDRESS_FIELD: "localhost"}, "false"),
    ({f"{ADDRESS_FIELD}|startswith": "10."}, f'CIDR_MATCH({ADDRESS}, "10.0.0.0/8")'),
    ({f"{ADDRESS_FIELD}|contains": "10"}, "TRI356"),
    (
        {f"{ADDRESS_FIELD}|cidr": ["10.0.0.0/8", "fe80::/10"]},
        f'CIDR_MATCH({ADDRESS}, "10.0.0.0/8", "fe80::/10")',
    ),
    ({ADDRESS_FIELD: None}, f"{ADDRESS} IS NULL"),
    ({TEXT_FIELD: 7}, f'{TEXT} == "7"'),
    ({TEXT_FIELD: [7, 8]}, f'{TEXT} IN ("7", "8")'),
    ({TEXT_FIELD: True}, f'{LOWER} == "true"'),
    ({TEXT_FIELD: None}, f'({TEXT} IS NULL OR {TEXT} == "")'),
    ({TEXT_FIELD: ""}, f'({TEXT} IS NULL OR {TEXT} == "")'),
    ({TEXT_FIELD: "*"}, f'{TEXT} != ""'),
    ({f"{TEXT_FIELD}|exists": False}, f'({TEXT} IS NULL OR {TEXT} == "")'),
    ({TEXT_FIELD: "Ab"}, f'{LOWER} == "ab"'),
    ({TEXT_FIELD: "/"}, f'{TEXT} == "/"'),
    ({TEXT_FIELD: ["A", "b"]}, f'{LOWER} IN ("a", "b")'),
    ({TEXT_FIELD: ["a", "b*", "c?d"]}, f'({LOWER} == "a" OR {LOWER} LIKE ("b*", "c?d"))'),
    ({TEXT_FIELD: "a\\\\*"}, f'{LOWER} LIKE """a\\\\*"""'),
    ({TEXT_FIELD: "a\\*"}, f'{LOWER} RLIKE """a\\*"""'),
    ({TEXT_FIELD: ["a", None]}, f'({LOWER} == "a" OR ({TEXT} IS NULL OR {TEXT} == ""))'),
    (
        {f"{TEXT_FIELD}|contains|all": ["a", "b"]},
        f'{LOWER} LIKE "*a*" AND {LOWER} LIKE "*b*"',
    ),
    ({f"{TEXT_FIELD}|cased": "Ab"}, f'{TEXT} == "Ab"'),
    ({f"{TEXT_FIELD}|cased": ["Ab", "cD"]}, f'{TEXT} IN ("Ab", "cD")'),
    ({f"{TEXT_FIELD}|contains|cased": "Ab"}, f'{TEXT} LIKE "*Ab*"'),
    ({f"{TEXT_FIELD}|windash": "-a"}, f'{LOWER} IN ("-a", "/a", "{DASHED}")'),
    ({f"{TEXT_FIELD}|re": "a.*"}, f'{TEXT} RLIKE ".*a[^\\n]*.*"'),
    ({f"{TEXT_FIELD}|re|i": "A[B-D]"}, f'{LOWER} RLIKE ".*a[B-Db-d].*"'),
    ({f"{TEXT_FIELD}|re|i": ["ab", "7"]}, f'({LOWER} RLIKE ".*ab.*" OR {TEXT} RLIKE ".*7.*")'),
    ({f"{TEXT_FIELD}|re": "^$"}, "false"),
    ({f"{TEXT_FIELD}|re": ".*"}, f'({TEXT} != "" AND {TEXT} RLIKE ".*[^\\n]*.*")'),
    ({f"{TEXT_FIELD}|gt": 5}, f"{number_of(TEXT)} > 5"),
    ({f"{TEXT_FIELD}|lte": 7.5}, f"{number_of(TEXT)} <= 7.5"),
    (
        {f"{TEXT_FIELD}|cidr": ["10.0.0.0/8", "fe80::/10"]},
        f'CIDR_MATCH(TO_IP({TEXT}), "10.0.0.0/8", "fe80::/10")',
    ),
    ({f"{TEXT_FIELD}|fieldref": "CommandLine"}, f"{BOTH} {LOWER} == TO_LOWER({COMMAND}))"),
    (
        {f"{TEXT_FIELD}|fieldref|startswith": "CommandLine"},
        f"{BOTH} STARTS_WITH({LOWER}, TO_LOWER({COMMAND})))",
    ),
    (
        {f"{TEXT_FIELD}|fieldref|endswith": "CommandLine"},
        f"{BOTH} ENDS_WITH({LOWER}, TO_LOWER({COMMAND})))",
    ),
    (
        {f"{TEXT_FIELD}|fieldref|contains": "CommandLine"},
        f"{BOTH} LOCATE({LOWER}, TO_LOWER({COMMAND})) > 0)",
    ),
    ({f"{TEXT_FIELD}|hour": 3}, "TRI305"),
]

EVENTS: list[dict[str, Value]] = [
    {},
    {"DestinationPort": 443, "DestinationIp": "10.0.0.1", "Image": "7", "CommandLine": "7"},
    {"DestinationPort": 80, "DestinationIp": "192.168.1.9", "Image": "A", "CommandLine": "a"},
    {"DestinationPort": 8080, "DestinationIp": "192.168.2.9", "Image": "Ab", "CommandLine": "B"},
    {"DestinationPort": 1024, "DestinationIp": "::1", "Image": "xAbx", "CommandLine": "ab"},
    {"DestinationPort": 1025, "DestinationIp": "fe80::7", "Image": "TRUE", "CommandLine": "t"},
    {"DestinationIp": "11.0.0.1", "Image": "", "CommandLine": "x"},
    {"DestinationPort": 0, "Image": "a\nb", "CommandLine": ""},
    {"DestinationPort": -1, "Image": "/a"},
    {"Image": "cxd"},
    {"Image": "bcd ABCD"},
    {"Image": "a\\b"},
    {"Image": "a*"},
    {"Image": "/"},
    {"Image": "8e0"},
    {"Image": "0x9"},
    {"Image": "10.1.2.3"},
    {"Image": "FE80::1"},
    {"Image": "1.0.0.0"},
]


def plan_of(detection: dict[str, Any]) -> Search:
    plan = plan_documents(
        (
            {
                "title": "t",
                "logsource": {"category": "network_connection", "product": "windows"},
                "detection": detection,
            },
        )
    )
    assert isinstance(plan, Search)
    return plan


def check_selected(model: EsqlModel, plan: Search, fields: list[dict[str, Value]]) -> None:
    """The query selects the events that the definition does."""
    events = [Event(NOW - number * SECOND, NETWORK, each) for number, each in enumerate(fields)]
    test = compile_detection(plan.condition)
    wanted = {event.time for event in events if test(event.fields)}
    translation, rows = run_esql(model, plan, stored(events, model.profile), NOW)
    assert {micros(row["@timestamp"]) for row in rows} == wanted, translation.query


@pytest.mark.parametrize(("selection", "written"), CASES, ids=[str(case) for case, _ in CASES])
def test_typed(model: EsqlModel, selection: dict[str, Any], written: str) -> None:
    for condition in ("selection", "not selection"):
        plan = plan_of({"selection": selection, "condition": condition})
        translation = translate(plan, model.profile)
        if written in FAILS:
            assert translation.error is not None and translation.error.code == written
            continue
        assert translation.query is not None, translation.error
        if condition == "selection":
            text = translation.query.text.replace("\n    AND", " AND")
            assert f" AND {written}\n| SORT" in text, text
        check_selected(model, plan, EVENTS)


def test_keywords_are_refused(model: EsqlModel) -> None:
    error = translate(plan_of({"k": ["foo"], "condition": "k"}), model.profile).error
    assert error is not None and error.code == "TRI302"


@pytest.mark.parametrize(
    ("condition", "written"),
    [
        ("a and b", f'{LOWER} == "a" AND {PORT} == 1\n'),
        ("a or b", f'({LOWER} == "a" OR {PORT} == 1)\n'),
        ("(a or c) and b", f'{LOWER} IN ("a", "c") AND {PORT} == 1\n'),
        ("b and not a", f'{PORT} == 1 AND NOT ({TEXT} IS NOT NULL AND {LOWER} == "a")\n'),
        ("not (a or c)", f'NOT ({TEXT} IS NOT NULL AND {LOWER} IN ("a", "c"))\n'),
        (
            "not (a and b)",
            f'NOT ({TEXT} IS NOT NULL AND {LOWER} == "a" AND {PORT} IS NOT NULL AND {PORT} == 1)\n',
        ),
        (
            "b or (a and not c)",
            f'({PORT} == 1 OR {LOWER} == "a" AND NOT {LOWER} == "c")\n',
        ),
        ("not (a and not (b or c))", ""),
    ],
)
def test_conditions(model: EsqlModel, condition: str, written: str) -> None:
    plan = plan_of(
        {
            "a": {"Image": "a"},
            "b": {"DestinationPort": 1},
            "c": {"Image": "c"},
            "condition": condition,
        }
    )
    query = translate(plan, model.profile).query
    assert query is not None
    text = " ".join(query.text.split()).replace("( ", "(")
    assert written.replace("\n", " |") in text
    values: list[Value] = ["a", "A", "b", "c", "", None]
    ports: list[Value] = [1, 2, None]
    fields: list[dict[str, Value]] = [
        {k: v for k, v in {"Image": image, "DestinationPort": port}.items() if v is not None}
        for image in values
        for port in ports
    ]
    check_selected(model, plan, fields)


def test_a_rule_reads_the_records_of_its_log_source(model: EsqlModel) -> None:
    """process.command_line stands on three kinds of records: on two it is the initiating one's."""
    plan = search("steg", "contains")
    events = [
        Event(NOW - number * SECOND, source, {"CommandLine": "steg a.png"})
        for number, source in enumerate((PROCESS, FILE, NETWORK))
    ]
    _, rows = run_esql(model, plan, events, NOW)
    assert {micros(row["@timestamp"]) for row in rows} == {NOW}
