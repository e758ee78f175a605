"""The model against what Elastic's pages say of the commands and functions it has.

``rows`` are those of a pipeline over two documents; the page is under
https://www.elastic.co/docs/reference/query-languages/esql.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.backends.esql.model.sql import Unknown
from tests.support.generate import NETWORK, NOW
from trident.app.verify.native import native_rows
from trident.meaning.events import SECOND, Event

FROM = "FROM logs-m365_defender.event-*"
N, TEXT, IP = "destination.port", "process.executable", "destination.ip"
EVENTS = [
    Event(NOW, NETWORK, {"DestinationPort": 7, "Image": "Ab", "DestinationIp": "10.0.0.1"}),
    Event(NOW - SECOND, NETWORK, {"DestinationPort": 2}),
]

CASES: list[tuple[str, list[Any], str]] = [
    (f"WHERE {TEXT} == null", [], "esql-null-values: a comparison with null is null"),
    (f'WHERE NOT {TEXT} == "x" | EVAL x = {N}', [7], "esql-null-values: NOT null is null"),
    (f'WHERE {TEXT} != "x" OR {TEXT} IS NULL | EVAL x = {N}', [2, 7], "esql-null-values"),
    (f'WHERE {TEXT} LIKE "a*" | EVAL x = 1', [], "operators: LIKE is case-sensitive"),
    (f'WHERE TO_LOWER({TEXT}) LIKE "a?" | EVAL x = 1', [1], "operators: LIKE"),
    (f'WHERE {TEXT} RLIKE "A" | EVAL x = 1', [], "operators: RLIKE takes the whole value"),
    (f'WHERE CIDR_MATCH({IP}, "10.0.0.0/8") | EVAL x = 1', [1], "functions: CIDR_MATCH"),
    (f"EVAL x = {N} / 2", [1, 3], "operators: division of whole numbers"),
    (f"EVAL x = {N} / 2.0", [1.0, 3.5], "operators: division"),
    (f'EVAL x = MV_APPEND({TEXT}, "c")', [None, ["Ab", "c"]], "functions: MV_APPEND of null"),
    (f"EVAL x = MV_APPEND({N}, 9) | MV_EXPAND x", [2, 7, 9, 9], "commands: MV_EXPAND"),
    (f"EVAL x = {N}, x = MV_APPEND(x, 9)", [[2, 9], [7, 9]], "commands: EVAL, left to right"),
    (f"EVAL x = {TEXT} | MV_EXPAND x", [None, "Ab"], "commands: MV_EXPAND keeps null"),
    ('WHERE event.category == "network" | EVAL x = 1', [1, 1], "one value of an array"),
    (f"STATS x = COUNT({TEXT})", [1], "functions: COUNT leaves null out"),
    (f"STATS x = COUNT(*) WHERE {N} > 99", [0], "functions: COUNT of none is 0"),
    (f"STATS x = MAX({N}) WHERE {N} > 99", [None], "functions: MAX of none is null"),
    (f"STATS x = SUM({N}) BY {TEXT}", [2, 7], "commands: STATS keeps the group of null"),
    (f"STATS x = VALUES({TEXT})", [["Ab"]], "functions: VALUES leaves null out"),
    (f"STATS y = VALUES({N}) BY {TEXT} | STATS x = VALUES(y) | MV_EXPAND x", [2, 7], "VALUES"),
    (f"INLINE STATS x = SUM({N})", [9, 9], "commands: INLINE STATS keeps the rows"),
    (
        f"INLINE STATS x = COUNT(*) BY {TEXT}",
        [None, 1],
        "INLINE STATS by null, https://github.com/elastic/elasticsearch/issues/139887",
    ),
    (f"EVAL x = FROM_BASE64(TO_BASE64({TEXT}))", [None, "Ab"], "functions: TO_BASE64"),
    (f'EVAL x = REPLACE({TEXT}, "(?s)^.*A", "")', [None, "b"], "functions: REPLACE"),
    (f"EVAL x = TO_LONG(@timestamp) - TO_LONG(NOW()) | WHERE {N} == 2", [-1000], "TO_LONG: ms"),
    ('EVAL p = "1|b" | DISSECT p "%{x}|%{y}"', ["1", "1"], "commands: DISSECT"),
    (
        f"EVAL x = 0 | FORK (WHERE {N} == 2 | EVAL x = 5 | KEEP x) (WHERE {N} == 7 | KEEP {N})",
        [None, 5],
        "commands: FORK fills missing columns with null",
    ),
]


@pytest.mark.parametrize(("pipeline", "rows", "page"), CASES)
def test_as_documented(model: EsqlModel, pipeline: str, rows: list[Any], page: str) -> None:
    model.load(native_rows(EVENTS, model.profile))
    found = [row.get("x") for row in model.run(f"{FROM} | {pipeline}", NOW)]
    assert sorted(found, key=repr) == sorted(rows, key=repr)


@pytest.mark.parametrize(
    "pipeline",
    [
        f'WHERE {N} LIKE "7"',
        f'EVAL x = CONCAT({N}, "a")',
        f"EVAL x = {TEXT} + 1",
        f"WHERE {TEXT} > 5",
        f"STATS x = MEDIAN({N})",
        f"DROP {N}",
    ],
)
def test_what_it_does_not_know_is_an_error(model: EsqlModel, pipeline: str) -> None:
    with pytest.raises((Unknown, Exception)) as caught:
        model.run(f"{FROM} | {pipeline}", NOW)
    assert not isinstance(caught.value, duckdb.Error)
