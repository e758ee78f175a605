"""The notes that a value brings, and the operators that KQL's index helps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.generate import plan_documents
from tests.support.selection import LAB, lab_profile
from tests.support.targets import SHIPPED
from trident.translate.translate import translate

LETTERS = ["stra\u00dfe", "\u0130x", "\u0131", "\u017f", "\u212a", "\u03c2"]


def written(target: str, item: dict[str, Any]) -> tuple[str, set[str]]:
    """The query of a selection on text columns, and the codes of its notes."""
    detection = {"s": item, "condition": "s"}
    document = {"title": "t", "logsource": {"category": LAB.category}, "detection": detection}
    translation = translate(
        plan_documents((document,)), lab_profile(target, {"f": ("f", "string")})
    )
    assert translation.query is not None, translation.error
    return translation.query.text, {note.code for note in translation.notes}


@pytest.mark.parametrize("target", SHIPPED)
@pytest.mark.parametrize("value", LETTERS)
def test_letters_that_engines_fold_differently(target: str, value: str) -> None:
    assert "TRI408" in written(target, {"f": value})[1]
    assert "TRI408" in written(target, {"f|contains": ["x", value]})[1]
    assert "TRI408" in written(target, {"f|windash|contains": f"-{value}"})[1]
    assert "TRI408" in written(target, {"f|re|i": f"{value}+"})[1]
    assert "TRI408" not in written(target, {"f|cased": value})[1]
    assert "TRI408" not in written(target, {"f|re": f"{value}+"})[1]


@pytest.mark.parametrize("target", SHIPPED)
@pytest.mark.parametrize("value", ["abc", "\u00e9", "\u0436", "\u65e5"])
def test_other_letters_need_no_note(target: str, value: str) -> None:
    assert "TRI408" not in written(target, {"f": value})[1]


OPERATORS = [
    ({"f": "a"}, 'f =~ "a"', ""),
    ({"f": ["a", "b"]}, 'f in~ ("a", "b")', ""),
    ({"f|cased": ["a", "b"]}, 'f in ("a", "b")', ""),
    ({"f|contains": "steg"}, 'f contains "steg"', ""),
    ({"f|contains": ["steg", "foo"]}, 'f contains "steg" or f contains "foo"', ""),
    ({"f|re": r"\bsteg\b"}, r'f has "steg" and f matches regex @"\bsteg\b"', "TRI416"),
    (
        {"f|re|i": r"\b(?:steg|foo)\b"},
        r'f has_any (dynamic(["steg", "foo"])) and f matches regex @"(?i)\b(?:steg|foo)\b"',
        "TRI416",
    ),
    ({"f|re|i": "(^|[^a-z0-9])steg([^a-z0-9]|$)"}, 'f has "steg"', "TRI410"),
    ({"f|re": "(^|[^a-z0-9])steg([^a-z0-9]|$)"}, "f matches regex", ""),
    ({"f|re": r"\bsteg|foo\b"}, "f matches regex", ""),
    ({"f|re": r"\bs.eg\b"}, "f matches regex", ""),
]


@pytest.mark.parametrize(("item", "text", "code"), OPERATORS, ids=lambda given: str(given)[:40])
def test_term_operators_only_where_they_are_the_same(
    item: dict[str, Any], text: str, code: str
) -> None:
    query, notes = written("kql", item)
    assert text in query
    assert " has" not in query or code
    assert notes & {"TRI410", "TRI416"} == ({code} if code else set())
