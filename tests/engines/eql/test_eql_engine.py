"""The engine as Elasticsearch: what it refuses, how it compares, and that it survives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trident.engines.eql.engine import EqlEngine, EqlError
from trident.engines.eql.lucene import to_python, wildcard_to_python
from trident.engines.eql.query_dsl import moment, selects

TIME = "@timestamp"
DOCUMENTS: list[dict[str, Any]] = [
    {TIME: 1_000_000, "a.s": "Abc", "a.n": 1, "a.l": ["x", "Y"], "k": "K"},
    {TIME: 2_000_000, "a.s": "abc", "a.n": 2, "k": "k"},
    {TIME: 3_000_000, "a.s": "", "k": "k"},
    {TIME: 4_000_000, "a.n": 4},
]

COMPARES = [
    ('a.s == "abc"', [2], "== is exact"),
    ('a.s : "abc"', [1, 2], ": folds"),
    ('a.s : "a?c"', [1, 2], ": takes ?"),
    ('a.s : "a*"', [1, 2], ": takes *"),
    ('a.s like "A*"', [1], "like is exact"),
    ('a.s like~ "A*"', [1, 2], "like~ folds"),
    ('a.s in ("abc", "x")', [2], "in is exact"),
    ('a.s regex "ab."', [2], "regex is exact"),
    ('a.s regex~ "AB."', [1, 2], "regex~ folds"),
    ('a.s regex "b"', [], "a regular expression matches the whole value"),
    ('a.s regex~ "[a-z]bc"', [2], "but folds no range"),
    ('a.s regex~ "abc|.{0}"', [1, 2, 3], "an alternative without text matches the empty value"),
    ('a.s == ""', [3], "an empty value is one"),
    ("a.s == null", [4], "a missing one is null"),
    ("a.n > 1", [2, 4], "numbers compare"),
    ("a.n in (1, 4)", [1, 4], "and are listed"),
    ("a.n > 2 * 1.5", [4], "constants fold"),
    ('a.l == "Y"', [1], "any element of an array"),
    ('a.l : "y"', [1], "in both cases"),
    ("not a.n == 1", [2, 4], "a test on a missing field is null, and so is its negation"),
    ('cidrMatch(a.ip, "10.0.0.0/8")', [], "a missing address is in no range"),
    ('`a`.`s` : "ABC"', [1, 2], "quoted names"),
    ('a.s == "\\u{61}\\u{62}c"', [2], "escapes"),
    ('a.s == """abc"""', [2], "raw strings"),
    ("false", [], "constants"),
]


@pytest.mark.parametrize(("test", "seconds", "why"), COMPARES, ids=[why for *_, why in COMPARES])
def test_compares_as_elasticsearch(
    eql_engine: EqlEngine, test: str, seconds: list[int], why: str
) -> None:
    found = eql_engine.run(f"any where {test}", DOCUMENTS, TIME)
    assert [f.documents[0][TIME] // 1_000_000 for f in found] == seconds


def test_join_keys_are_exact_and_present(eql_engine: EqlEngine) -> None:
    query = "sequence by k with maxspan=1m [any where a.s != null] [any where true]"
    found = eql_engine.run(query, DOCUMENTS, TIME)
    assert [(f.keys, [d[TIME] // 1_000_000 for d in f.documents]) for f in found] == [
        (("k",), [2, 3])
    ]


def test_categories(eql_engine: EqlEngine) -> None:
    documents: list[dict[str, Any]] = [
        {TIME: 1, "event.category": ["process"], "a": 1},
        {TIME: 2, "a": 1},
    ]
    assert len(eql_engine.run("process where a == 1", documents, TIME)) == 1
    assert len(eql_engine.run("any where a == 1", documents, TIME)) == 2


INVALID = [
    "any where wildcard(a, \"b*\")",
    'any where match(a, "b")',
    'any where arrayContains(a, "b")',
    "any where a == b",
    "any where a = 1",
    "any where a == 'x'",
    "any where true | count",
    "any where true | sort a",
    "join by a [any where true] [any where true]",
    "process where child of [any where true]",
    "sequence [any where true]",
    "sequence with maxspan=1.5m [any where true] [any where true]",
    "sequence by a [any where true] with runs=0",
    "sequence [any where true] fork [any where true]",
    "sequence with maxspan=1m [any where true] ![any where true]",
    "sample by a [any where true] [any where true]",
    'any where a : "\\/"',
    'any where a : "x',
    'any where a regex "x{1"',
    'any where a regex "\\\\d"',
    'any where a regex "(?i)x"',
    'any where a regex "x<1-2>"',
    'any where a regex "x@"',
    "any where c-uri : \"x\"",
    "$x where true",
]  # fmt: skip


@pytest.mark.parametrize("query", INVALID)
def test_refuses_what_elasticsearch_lacks(eql_engine: EqlEngine, query: str) -> None:
    assert eql_engine.parse(query) is not None
    with pytest.raises(EqlError):
        eql_engine.run(query, [], TIME)


@pytest.mark.parametrize(
    ("test", "valid"),
    [
        ("a.n == 1", True),
        ('a.n == "1"', False),
        ('a.s : "x"', True),
        ("a.s > 1", False),
        ("a.unknown == 1", False),
        ("?a.unknown == 1", True),
        ('cidrMatch(a.ip, "10.0.0.0/8")', True),
        ("a.b == true", True),
        ('a.b : "true"', False),
    ],
)
def test_checks_types(eql_engine: EqlEngine, test: str, valid: bool) -> None:
    fields = {"a.n": "long", "a.s": "string", "a.ip": "ip", "a.b": "bool"}
    assert (eql_engine.parse(f"any where {test}", fields) is None) is valid


def test_a_hanging_query_is_ended() -> None:
    document = {TIME: 0, "a": "x" * 40}
    with EqlEngine(seconds=1.0) as engine:
        with pytest.raises(EqlError, match="no answer"):
            engine.run('any where a regex "(x|xx|x+)*y"', [document], TIME)
        engine._worker._seconds = 60.0  # the machine may be busy, and this one ends
        assert len(engine.run('any where a : "x*"', [document], TIME)) == 1


def test_the_current_folder_has_no_part_in_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with EqlEngine() as engine:
        assert engine.parse("any where true") is None


def test_a_dead_worker_is_started_again() -> None:
    with EqlEngine() as engine:
        assert engine.parse("any where true") is None
        process = engine._worker._process
        assert process is not None
        process.kill()
        process.wait()
        with pytest.raises(EqlError):
            engine.parse("any where true")
        assert engine.parse("any where true") is None


def test_the_package_stays_out_of_this_process() -> None:
    """It is AGPL and patched; only the worker loads it."""
    code = (
        "import sys, trident.engines.eql.engine as e\n"
        "with e.EqlEngine() as engine: assert engine.parse('any where true') is None\n"
        "print([name for name in sys.modules if name == 'eql' or name.startswith('eql.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("pattern", "fold", "text", "matches"),
    [
        ("a.c", False, "a\nc", True),
        ("^a$", False, "^a$", True),  # no anchors
        ("[a-z]", True, "A", False),
        ("[az]", True, "A", True),
        ("a", True, "A", True),
        ("é", True, "É", False),
        (r"\*\?\.", False, "*?.", True),
        ("(a|b)?c{2}", False, "bcc", True),
    ],
)
def test_lucene(pattern: str, fold: bool, text: str, matches: bool) -> None:
    assert (to_python(pattern, fold).fullmatch(text) is not None) is matches


@pytest.mark.parametrize(
    "pattern", ["a#", "a~b", "*a", "a**", "[]", "[a", "a\\", r"\w", '"a"', "{2}"]
)
def test_lucene_beyond_the_model(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_python(pattern, False)


def test_wildcards() -> None:
    assert wildcard_to_python("a*b?", True).fullmatch("A\nxBc")
    assert not wildcard_to_python("a*", False).fullmatch("A")
    assert wildcard_to_python("a\\*b", False, escapes=True).fullmatch("a*b")
    assert wildcard_to_python("a\\*b", False).fullmatch("a\\xxb")


DOCUMENT = {"a": "Abc", "n": 5, "ip": "10.1.2.3", "l": ["x", "y"], "t": 100, "e": ""}
CLAUSES = [
    ({"term": {"a": "Abc"}}, True),
    ({"term": {"a": "abc"}}, False),
    ({"term": {"a": {"value": "aBC", "case_insensitive": True}}}, True),
    ({"term": {"a": {"value": "a*", "case_insensitive": True}}}, False),
    ({"term": {"l": "y"}}, True),
    ({"term": {"ip": "10.0.0.0/8"}}, True),
    ({"term": {"missing": ""}}, False),
    ({"term": {"e": ""}}, True),
    ({"wildcard": {"a": {"value": "a?c*", "case_insensitive": True}}}, True),
    ({"wildcard": {"a": {"value": "a?c*", "case_insensitive": False}}}, False),
    ({"regexp": {"a": {"value": "Ab.", "case_insensitive": False}}}, True),
    ({"regexp": {"a": {"value": "b", "case_insensitive": True}}}, False),
    ({"range": {"n": {"gt": 4, "lte": 5}}}, True),
    ({"range": {"missing": {"gt": 4}}}, False),
    ({"exists": {"field": "n"}}, True),
    ({"exists": {"field": "missing"}}, False),
    ({"match_none": {}}, False),
    ({"bool": {"filter": [{"term": {"n": 5}}], "must_not": [{"term": {"n": 6}}]}}, True),
    ({"bool": {"should": [{"term": {"n": 6}}], "minimum_should_match": 1}}, False),
]


@pytest.mark.parametrize(("clause", "holds"), CLAUSES)
def test_query_clauses(clause: dict[str, Any], holds: bool) -> None:
    assert selects(clause, DOCUMENT, 0) is holds


@pytest.mark.parametrize("clause", [{"bool": {"must": []}}, {"match": {"a": {"query": "b"}}}])
def test_unknown_clauses(clause: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not modelled"):
        selects(clause, DOCUMENT, 0)


def test_unknown_date_math() -> None:
    with pytest.raises(ValueError, match="not modelled"):
        moment("now/d", 0)
