"""EQL's literals, field names and durations; ``tests/values`` runs the values themselves."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trident.base.diagnostics import Refusal
from trident.base.printable import hidden
from trident.engines.eql.engine import EqlEngine
from trident.eql import literals
from trident.rule.raw import timespan


def decode(literal: str) -> str:
    """An EQL string literal's value, by the rules of Elastic's syntax reference."""
    if literal.startswith('"""'):
        return literal[3:-3]
    plain = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}

    def one(found: re.Match[str]) -> str:
        return chr(int(found[1], 16)) if found[1] else plain[found[2]]

    return re.sub(r'\\(?:u\{([0-9a-f]{2,8})\}|([nrt\\"]))', one, literal[1:-1])


def read_by_the_package(literal: str) -> str:
    """The string as Elastic's Python package reads it, with which detection-rules validates."""
    ast = pytest.importorskip("eql.parser")
    with ast.elasticsearch_syntax:
        return str(ast.parse_expression(literal).value)


NUMBERS = re.compile(r'^"(?!"")(?:[^\\]|\\[^u])*\\u\{[0-9a-f]+\}.*\}', re.DOTALL)
"""A string with a number and a further closing brace."""
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT | st.lists(st.sampled_from('\\"$u{}n*')).map("".join), st.booleans())
def test_a_literal_is_one_literal(value: str, raw: bool) -> None:
    literal = literals.string(value, raw)
    assert decode(literal) == value
    assert "\n" not in literal and "\r" not in literal
    assert not hidden(literal)
    if NUMBERS.search(literal):  # where the package reads numbers as one, it rejects the string
        with pytest.raises(ValueError, match="base 16"):
            read_by_the_package(literal)
    else:
        assert read_by_the_package(literal) == value
    if not literal.startswith('"""'):
        assert not re.search(r'(?<!\\)(?:\\\\)*"', literal[1:-1])
        assert not re.search(r"(?<!\\)(?:\\\\)*\\[^nrtu\\\"]", literal[1:-1])


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        literals.string("a\ud800")
    assert refused.value.diagnostic.code == "TRI301"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("process.command_line", "process.command_line"),
        ("@timestamp", "`@timestamp`"),
        ("winlog.event_data.c-uri", "winlog.event_data.`c-uri`"),
        ("in.by.1st x", "`in`.`by`.`1st x`"),
    ],
)
def test_field_names(eql_engine: EqlEngine, name: str, written: str) -> None:
    assert literals.field(name) == written
    assert eql_engine.parse(f"any where {written} == 1") is None


@pytest.mark.parametrize("name", ["a`b", "a\nb"])
def test_a_field_name_cannot_break_out(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        literals.field(name)
    assert refused.value.diagnostic.code == "TRI304"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(1, "1s"), (90, "90s"), (1800, "30m"), (5400, "90m"), (7200, "2h"), (2_592_000, "30d")],
)
def test_durations(seconds: int, written: str) -> None:
    assert timespan(seconds) == written
