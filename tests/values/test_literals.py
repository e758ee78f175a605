"""No value leaves its literal: the query's shape is one that a harmless value has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.support.lexing import HOLE, lexed
from tests.support.selection import lab_profile, missing_engine
from tests.support.targets import SHIPPED
from tests.support.values import HOSTILE, MODIFIERS, REGEXES
from tests.values.cases import FIELD, case
from trident.engines.eql.lucene import to_python, wildcard_to_python
from trident.translate.translate import translate

FIELDS = {FIELD: (FIELD, "string")}
HARMLESS = (
    *("zzz", "z", "5", "zz*zz", "z*z", "*", "z*", "*z", "zzz*", "*zzz", "z?", "zzz?", "?", "z?*"),
    *("\u00e9", "\u00e9zz", "zzz*\u00e9?", "zz\\*", "z\\*z*", "z\\*\u00e9", "-", "-*", "-?", "**"),
    *(
        "\u65e5",
        "\u65e5*",
        "zz\u65e5",
        "z" * 1200,
        f"{'z' * 1200}*",
        "zz zz",
        "zzz\\\\*",
        "-\\\\*",
        "-\\*",
    ),
)
"""One of each kind: a word, no word, a number, wildcards, letters beyond ASCII, long ones."""
WORD = re.compile(r"\*[\w.-]+\*?|[\w .:@-]+|[A-Za-z0-9]+\*", re.ASCII)
"""What SPL looks for before the first pipe."""


def parsed(target: str, value: str, modifiers: str) -> tuple[tuple[str, ...], list[str]] | None:
    """Shape and literals of the query of a value; None where it is refused or no rule."""
    found = case(value, modifiers)
    if found is None:
        return None
    query = translate(found.plan, lab_profile(target, FIELDS)).query
    return lexed(target, query.text) if query else None


@cache
def shapes(target: str, modifiers: str) -> frozenset[tuple[str, ...]]:
    """The shapes that harmless values give."""
    found = (parsed(target, value, modifiers) for value in HARMLESS)
    return frozenset(each[0] for each in found if each)


@cache
def fixed(target: str) -> frozenset[str]:
    """The literals that every query of the lab has, whatever the value."""
    one, other = (parsed(target, value, "") for value in ("zzz", "yyy"))
    assert one and other
    return frozenset(one[1]) & frozenset(other[1])


@pytest.mark.parametrize("modifiers", MODIFIERS)
@pytest.mark.parametrize("target", SHIPPED)
def test_a_value_stays_in_one_literal(target: str, modifiers: str) -> None:
    if package := missing_engine(target):
        pytest.skip(f"{package} is not installed")
    for value in HOSTILE:
        found = parsed(target, value, modifiers)
        if found is None:
            continue
        shape, literals = found
        assert shape in shapes(target, modifiers), (value, shape)
        held = [text for text in literals if text not in fixed(target)]
        if target == "spl" and len(held) > 1:
            word = held.pop(0)
            assert WORD.fullmatch(word), (value, word)
            assert any(_says(target, word, value, modifiers)), (value, word)
        if held == [""] or not held:  # a test for a value at all; a pattern that matches any
            assert set(value) <= set("*"), (value, shape)
            continue
        assert len(set(held)) == 1, (value, held)
        assert any(_says(target, held[0], value, modifiers)), (value, held[0])


def _says(target: str, literal: str, value: str, modifiers: str) -> Iterator[bool]:
    """Whether a literal, decoded, is the value, or a pattern that matches it."""
    made = case(value, modifiers)
    assert made is not None
    parts = made.plan.condition.value.s  # type: ignore[union-attr]
    plain = "".join(part for part in parts if isinstance(part, str))
    filled = "".join(part if isinstance(part, str) else "q" for part in parts)
    yield literal.lower() == plain.lower()
    yield wildcard_to_python(literal, True, target == "esql").fullmatch(filled) is not None
    if target in ("eql", "esql"):
        yield to_python(literal, True).fullmatch(filled.lower()) is not None
        yield to_python(literal, True).fullmatch(filled) is not None
    else:
        yield re.search(_python(literal), filled, re.DOTALL) is not None


def _python(pattern: str) -> str:
    """A PCRE or RE2 pattern in Python's spelling."""
    numbered = re.sub(r"\\x\{([0-9a-f]+)\}", lambda each: chr(int(each[1], 16)), pattern)
    return numbered.replace(r"\z", r"\Z")


@pytest.mark.parametrize("target", SHIPPED)
def test_a_regular_expression_stays_in_one_literal(target: str) -> None:
    if package := missing_engine(target):
        pytest.skip(f"{package} is not installed")
    known = {
        found[0]
        for regex in (
            "zzz",
            "(?i)zzz",
            "zzzz",  # a word of four letters is a search term in SPL
            "(?i)zzzz",
            "(?i)-",
            "z",
            "z*",
            r"\bzzz\b",
            r"\bzzzz\b",
            r"\b(zz|yy)\b",
            "^$",
            "-",
            "-*",
            "(zz|yy)",
        )
        if (found := parsed(target, regex, "re"))
    }
    for regex in (*REGEXES, *map(re.escape, HOSTILE)):
        found = parsed(target, regex, "re")
        if found is not None:
            assert found[0] in known, (regex, found[0])
            assert found[0].count(HOLE) == len(found[1])
