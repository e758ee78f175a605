"""The KQL engines: what goes in comes out, and what cannot is refused loudly."""

from __future__ import annotations

from typing import Any

import pytest

SCHEMA = {
    "T": {
        "Time": "datetime",
        "Host": "string",
        "Bytes": "long",
        "Ratio": "real",
        "Up": "bool",
        "More": "dynamic",
        "c-uri": "string",
    },
    "U": {"Host": "string"},
}
NOW = 1_768_478_400_000_001
"""2026-01-15T12:00:00.000001Z."""


@pytest.fixture
def engine(kql_engine: Any) -> Any:
    return kql_engine(SCHEMA)


def test_values_come_back_as_loaded(engine: Any) -> None:
    row = {
        "Time": NOW,
        "Host": "a'b\"c\\d\n$1 ? é \U0001f40d \x00",
        "Bytes": 2**63 - 1,
        "Ratio": 0.1,
        "Up": True,
        "More": '{"a":[1,"x"]}',
        "c-uri": "http://x/%27",
    }
    engine.load({"T": [row]})
    assert engine.run("T", NOW) == [row]


def test_missing_strings_are_empty_and_the_rest_null(engine: Any) -> None:
    engine.load({"T": [{}, {"Host": None, "Bytes": ""}]})
    assert engine.run("T | where isempty(Host) and isnull(Bytes) | count", NOW) == [{"Count": 2}]
    assert engine.run("T | where isnull(Host) | count", NOW) == [{"Count": 0}]


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("Host", 5, "5"),
        ("Host", 1.5, "1.5"),
        ("Bytes", "5", 5),
        ("Bytes", 5.0, 5),
        ("Ratio", 5, 5.0),
    ],
)
def test_values_of_another_type_are_converted(
    engine: Any, kind: str, value: object, stored: object
) -> None:
    engine.load({"T": [{kind: value}]})
    assert [row[kind] for row in engine.run("T", NOW)] == [stored]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"V": []}, "no table V"),
        ({"T": [{"host": "x"}]}, "no column host in table T"),
        ({"T": [{"Bytes": 1.5}]}, "Bytes holds whole numbers, not 1.5"),
        ({"T": [{"Bytes": "many"}]}, "Bytes holds whole numbers, not 'many'"),
        ({"T": [{"Time": float("inf")}]}, "Time holds whole numbers, not inf"),
    ],
)
def test_what_a_table_cannot_hold_is_an_error(engine: Any, rows: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        engine.load(rows)


def test_load_replaces_every_table(engine: Any) -> None:
    engine.load({"T": [{"Host": "a"}], "U": [{"Host": "b"}]})
    engine.load({"U": [{"Host": "c"}]})
    assert engine.run("union T, U | project Host", NOW) == [{"Host": "c"}]


def test_now_is_held_and_may_change(engine: Any) -> None:
    engine.load({"T": [{"Time": NOW - 1}, {"Time": NOW}, {"Time": NOW + 1}]})
    query = "T | where Time <= now() | project Time, Ago = ago(1d)"
    for now, count in ((NOW, 2), (NOW + 1, 3), (NOW, 2)):
        found = engine.run(query, now)
        assert len(found) == count
        assert {row["Ago"] for row in found} == {now - 86_400_000_000}


def test_a_query_that_the_executor_lacks_raises(engine: Any) -> None:
    import duckdb_kql

    with pytest.raises(duckdb_kql.KqlError):
        engine.run("T | serialize n = row_number()", NOW)


def test_the_engine_is_shared(kql_engine: Any, engine: Any) -> None:
    assert kql_engine({name: dict(columns) for name, columns in SCHEMA.items()}) is engine


def test_bound_columns_have_kusto_types(kql_binder: Any) -> None:
    bound = kql_binder(
        "let n = 5; T | where Bytes > n | project Time, uri = ['c-uri'], Bytes", SCHEMA
    )
    assert bound.errors == ()
    assert list(bound.columns.items()) == [
        ("Time", "datetime"),
        ("uri", "string"),
        ("Bytes", "long"),
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("T | where Nope == 1", "KS142"),
        ("V | take 1", "KS204"),
        ("T | where Host == ", "KS"),
        ("T | join U on Bytes", "KS145"),
        ('T | where Host == "C:\\Temp"', "KS"),
    ],
)
def test_bind_errors_carry_their_code(kql_binder: Any, query: str, code: str) -> None:
    errors = kql_binder(query, SCHEMA).errors
    assert errors and any(error.startswith(code) for error in errors)


@pytest.mark.parametrize("text", ["", "  \n", "// nothing", "let x = 1;"])
def test_a_text_without_a_query_is_no_success(kql_binder: Any, text: str) -> None:
    with pytest.raises(ValueError, match="no query"):
        kql_binder(text, SCHEMA)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("tohex(255)", "ff"),
        ("tohex(255, 8)", "000000ff"),
        ("tohex(4096, 2)", "1000"),
        ('ipv6_is_in_range("2001:DB8:7fff::1", "2001:db8::/33")', True),
        ('ipv6_is_in_range("2001:db8:8000::1", "2001:db8::/33")', False),
        ('ipv6_is_in_range("::1", "::1/128")', True),
        ('ipv6_is_in_range("1:2:3:4:5:6:7:8", "1:2:3:4::/64")', True),
        ('ipv6_is_in_range("1:2:3:4:5:6:7:8:9", "::/0")', None),
        ('ipv6_is_in_range("1::2::3", "::/0")', None),
        ('ipv6_is_in_range("x", "::/0")', None),
        ('ipv6_is_in_range("", "::/0")', None),
    ],
)
def test_functions_that_the_package_lacks(engine: Any, expression: str, value: object) -> None:
    engine.load({"T": [{}]})
    assert engine.run(f"T | project r = {expression}", NOW) == [{"r": value}]
