"""Line breaks: a blank outside quotes becomes one, and nothing else changes."""

from __future__ import annotations

import re
from random import Random

import pytest

from tests.backends.spl.run import profile
from tests.support.generate import make_case
from trident.engines.spl import parse
from trident.spl.layout import WIDTH, laid_out
from trident.spl.tokens import conjunction, disjunction, negation, operators
from trident.translate.translate import translate

LONG = [f'match(f{number},"(?i)some words, and (more) of them {number}")' for number in range(4)]
LAYOUTS = [
    ("| where a==1 AND b==2", "| where a==1 AND b==2", "what is short stays on its line"),
    (
        "| where " + " AND ".join(LONG),
        "| where " + "\n  AND ".join(LONG),
        "one condition a line",
    ),
    (
        f"| where {LONG[0]} AND NOT ({LONG[1]} OR ({LONG[2]} AND {LONG[3]}))",
        f"| where {LONG[0]}\n  AND NOT ({LONG[1]}\n    OR ({LONG[2]} AND {LONG[3]}))",
        "each level is indented, what fits stays together",
    ),
    (
        "| eval " + ", ".join(f"x{number}={test}" for number, test in enumerate(LONG)),
        "| eval " + ",\n  ".join(f"x{number}={test}" for number, test in enumerate(LONG)),
        "one assignment a line",
    ),
    (
        "`macro` EventCode=1 Image IN (" + ", ".join(f'"*\\\\{n} {n}.exe"' for n in "abcdefghijkl"),
        "`macro` EventCode=1\n  Image IN ("
        + ", ".join(f'"*\\\\{n} {n}.exe"' for n in "abcdefg")
        + ",\n    "
        + ", ".join(f'"*\\\\{n} {n}.exe"' for n in "hijkl"),
        "lists of values are filled, and IN stays with its field",
    ),
    ("| where " + "x" * 130 + " AND b", "| where " + "x" * 130 + "\n  AND b", "a word is not cut"),
]


@pytest.mark.parametrize(
    ("line", "lines"), [row[:2] for row in LAYOUTS], ids=[r[2] for r in LAYOUTS]
)
def test_layout(line: str, lines: str) -> None:
    assert laid_out(line) == lines


def test_searches_are_the_same_piece_by_piece() -> None:
    """The grammar reads the same of the lines and of one line a command."""
    broken = 0
    for number in range(3):
        query = translate(make_case(Random(f"layout-{number}")).plan, profile()).query
        assert query is not None
        joined = re.sub(r"\n +", " ", query.text)
        assert parse(query.text) == parse(joined)
        assert laid_out(joined.strip()) == query.text.strip()
        broken += joined != query.text
        for line in query.text.split("\n"):
            assert len(line) <= WIDTH or not re.search(r"(?<!\|)(?<!\| where) (AND|OR) ", line)
            assert not line.endswith("\\")  # savedsearches.conf would read on
    assert broken


def test_random_texts_keep_their_pieces() -> None:
    random = Random("layout")
    pieces = (
        '"a b \\" ("',
        "'f g'",
        "`m(x, y)`",
        "(",
        ")",
        " ",
        " ",
        "AND",
        "OR",
        "NOT",
        "x,",
        "=",
    )
    for _ in range(500):
        line = "| where " + "".join(random.choices(pieces, k=90))
        kept = laid_out(line)
        assert re.sub(r"\s", "", kept) == re.sub(r"\s", "", line)
        quoted = r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|`[^`]*`'
        assert re.findall(quoted, kept) == re.findall(quoted, line)


def test_tests_are_joined_with_the_parentheses_that_they_need() -> None:
    either, both = 'a=="x AND y" OR b==1', "c==1 AND d==2"
    assert operators('match(a,"x OR y") AND (b OR c)') == {"AND"}
    assert conjunction([either, "", both]) == f"({either}) AND {both}"
    assert conjunction(["", either]) == either
    assert disjunction([either, both]) == f"{either} OR ({both})"
    assert negation("match(a,f(b))") == "NOT match(a,f(b))"
    assert negation("(a) OR (b)") == "NOT ((a) OR (b))"
    assert negation("(a OR b)") == "NOT (a OR b)"
    assert negation("f(a)==g(b)") == "NOT (f(a)==g(b))"
    assert negation('coalesce(a,")")==")"') == 'NOT (coalesce(a,")")==")")'
