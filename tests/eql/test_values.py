"""Hostile values and regular expressions in EQL: each parses, stays in its literal, and selects
exactly the evaluator's events."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.detection import compile_detection
from backends.diagnostics import Refusal
from backends.eql import literals
from backends.plan import Search
from backends.translate import translate
from backends.translation import Translation
from tests.support.run_eql import eql_profile, eql_types, selected
from tests.support.values import (
    HOSTILE,
    MODIFIERS,
    REGEX_MODIFIERS,
    REGEX_TEXTS,
    REGEXES,
    candidates,
    events_for,
    negated,
    random_values,
    search,
)
from translator.verify.engines.eql import EqlEngine


def check(engine: EqlEngine, plan: Search, texts: list[str | None]) -> Translation:
    """The query parses against the fields' types and selects what the evaluator selects."""
    profile = eql_profile()
    translation = translate(plan, profile)
    if translation.query is None:
        return translation
    text = translation.query.text
    assert engine.parse(text, eql_types(profile)) is None, text
    events = events_for(texts)
    test = compile_detection(plan.condition)
    wrong = selected(engine, plan, events, text) ^ {
        event.time for event in events if test(event.fields)
    }
    assert not wrong, (text, [e.fields.get("CommandLine") for e in events if e.time in wrong])
    return translation


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values(eql_engine: EqlEngine, value: str) -> None:
    for modifier in MODIFIERS:
        for make in (search, negated):
            translation = check(eql_engine, make(value, modifier), candidates(value))
            assert translation.query is not None, translation.error


def test_lists_of_hostile_values(eql_engine: EqlEngine) -> None:
    for modifier in (*MODIFIERS, "contains|all"):
        for start in range(0, len(HOSTILE), 7):
            values = list(HOSTILE[start : start + 7])
            texts = [text for value in values for text in candidates(value)[:8]]
            for make in (search, negated):
                translation = check(eql_engine, make(values, modifier), texts)
                assert translation.query is not None, translation.error


def test_values_of_random_pieces(eql_engine: EqlEngine) -> None:
    for value, modifier in random_values(Random(5), 150):
        check(eql_engine, search(value, modifier), candidates(value))


@pytest.mark.parametrize("pattern", REGEXES)
def test_regular_expressions(eql_engine: EqlEngine, pattern: str) -> None:
    for modifier in REGEX_MODIFIERS:
        for make in (search, negated):
            translation = check(eql_engine, make(pattern, modifier), list(REGEX_TEXTS))
            if translation.error is not None:
                assert translation.error.code == "TRI303", translation.error


def decode(literal: str) -> str:
    """An EQL string literal's value, by the rules of Elastic's syntax reference."""
    if literal.startswith('"""'):
        return literal[3:-3]
    plain = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}

    def one(found: re.Match[str]) -> str:
        return chr(int(found[1], 16)) if found[1] else plain[found[2]]

    return re.sub(r'\\(?:u\{([0-9a-f]{2,8})\}|([nrt\\"]))', one, literal[1:-1])


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT | st.lists(st.sampled_from('\\"$u{}n*')).map("".join), st.booleans())
def test_a_literal_is_one_literal(value: str, raw: bool) -> None:
    literal = literals.string(value, raw)
    assert decode(literal) == value
    assert "\n" not in literal and "\r" not in literal and "${" not in literal
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
    assert literals.duration(seconds) == written
