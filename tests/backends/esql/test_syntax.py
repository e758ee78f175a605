"""ES|QL's lexical rules: what is written is read back by Elastic's parser as it was meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backends.esql.model.parsed import checked, unquoted
from trident.base.diagnostics import Refusal
from trident.base.printable import hidden
from trident.esql import syntax
from trident.esql.detections import lowered

WORDS = (
    "and as asc by desc false first in is last like not null nulls on or rlike true where with "
    "from eval stats keep sort limit row metadata join time rule point value slot match index"
)
ODD = ("c-uri", "a b", "1a", "a.1", "a.and", "@timestamp", "ä", 'q"u', "_id")


def without_escape(value: str) -> bool:
    """Whether a text holds a hidden character that a string has no escape for."""
    return hidden(re.sub(r"[\n\r\t]", "", value)) is not None


@given(st.text())
def test_a_literal_is_read_as_its_text(value: str) -> None:
    if without_escape(value):
        with pytest.raises(Refusal):
            syntax.literal(value)
    else:
        assert unquoted(syntax.literal(value)) == value


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda text: not without_escape(text))
)
def test_a_literal_is_one_token_for_the_parser(value: str) -> None:
    tree = checked(f"FROM a | WHERE x == {syntax.literal(value)}", {"x": "keyword"}, "9.3")
    assert tree.commands[1].predicate.right.value == value


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(Refusal):
        syntax.literal("\ud800")


@pytest.mark.parametrize("stack", ["8.19", "9.3", "9.5"])
def test_a_column_may_be_called_anything(stack: str) -> None:
    for word in [
        *WORDS.split(),
        "c-uri",
        "a b",
        "1a",
        "a.1",
        "a.and",
        "@timestamp",
        "ä",
        'q"u',
        "_id",
    ]:
        for column in (word, f"x.{word}"):
            query = f"FROM a | WHERE {syntax.name(column)} == 1 | KEEP {syntax.name(column)}"
            tree = checked(query, {column: "long"}, stack)
            assert tree.commands[1].predicate.left.name == column


@pytest.mark.parametrize("column", ["", "a\nb", "a\x00"])
def test_a_name_that_cannot_be_quoted_is_refused(column: str) -> None:
    with pytest.raises(Refusal):
        syntax.name(column)


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("logs-*", "logs-*"),
        ("logs-m365_defender.event-*", "logs-m365_defender.event-*"),
        ("remote:logs-*", '"remote:logs-*"'),
        ("a b", '"a b"'),
    ],
)
def test_index_patterns(pattern: str, written: str) -> None:
    assert syntax.index(pattern) == written
    tree = checked(f"FROM {written} | LIMIT 1", {"x": "long"}, "9.3")
    assert [source.strip('"') for source in tree.commands[0].sources] == [pattern]


@pytest.mark.parametrize("pattern", ['a"b', "a\\b", "a\nb"])
def test_an_index_pattern_that_cannot_be_quoted_is_refused(pattern: str) -> None:
    with pytest.raises(Refusal):
        syntax.index(pattern)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        ((1,), "NOW() - 1 second"),
        ((90,), "NOW() - 90 seconds"),
        ((86_400, 60), "NOW() - 1 day - 1 minute"),
        ((2_592_000, 0, 7_200), "NOW() - 30 days - 2 hours"),
        ((2_629_746,), "NOW() - 2629746 seconds"),
    ],
)
def test_durations(seconds: tuple[int, ...], written: str) -> None:
    assert syntax.ago(*seconds) == written


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        (".*AbC.*", ".*abc.*"),
        ("[A-Za-z]X", "[A-Za-z]x"),
        ("[A-z]Q", "[A-z]q"),  # the range holds signs between the letters
        ("\\[A", "\\[a"),
        ("[\\]A]B", "[\\]A]b"),
        ("[Ää]Ä", "[Ää]ä"),
    ],
)
def test_an_insensitive_pattern_for_a_lower_cased_value(pattern: str, written: str) -> None:
    assert lowered(pattern) == written


def test_a_class_with_a_capital_alone_is_refused() -> None:
    with pytest.raises(Refusal, match="cannot ignore the case of Ä"):
        lowered("[Ä]")
