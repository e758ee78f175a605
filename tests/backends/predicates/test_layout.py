"""Line breaks: where a line is too long, and never inside a value."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis.strategies import lists, recursive, sampled_from, text

from trident.predicates.layout import WIDTH, Enclosed, Listed, broken, formatted, joined

VALUE = text('ab "\\', min_size=1, max_size=30).map(lambda value: f'"{value}"')
TEST = VALUE.map(lambda value: f"f == {value}")
LISTS = lists(VALUE, min_size=1, max_size=20).map(lambda values: Listed("f in (", values, ")"))
CONDITIONS = recursive(
    TEST | LISTS,
    lambda part: (
        lists(part, min_size=1, max_size=6).flatmap(
            lambda parts: sampled_from([joined(parts, "and"), joined(parts, "or")])
        )
        | part.map(lambda each: Enclosed("(", each, ")"))
        | part.map(lambda each: formatted("not({})", each))
    ),
    max_leaves=30,
)


@given(CONDITIONS)
def test_only_blanks_change(condition: str) -> None:
    """What is not white space stands in the same order, and a long line holds one thing."""
    made = broken(condition)
    assert "".join(made.split()) == "".join(condition.split())
    assert type(made) is str and type(pickle.loads(pickle.dumps(condition))) is str
    if len(condition) > WIDTH + 200:
        assert "\n" in made
    for line in made.split("\n")[1:]:
        assert len(line) <= WIDTH + 60, line


def test_one_condition_a_line() -> None:
    long = [f'field{number} == "{"x" * 30}"' for number in range(4)]
    either = Enclosed("(", joined(long[:3], "or"), ")")
    both = joined([long[3], joined(long[:3], "and")], "or")
    values = Listed("field in (", [f'"{"v" * 40}"'] * 3, ")")
    text = broken(joined([either, formatted("not({})", both), values, long[0]], "and"))
    assert text.split("\n") == [
        f"({long[0]}",
        f"        or {long[1]}",
        f"        or {long[2]})",
        f"    and not({long[3]}",
        f"        or {long[0]}",
        f"            and {long[1]}",
        f"            and {long[2]})",
        "    and field in (",
        f'        "{"v" * 40}", "{"v" * 40}",',
        f'        "{"v" * 40}")',
        f"    and {long[0]}",
    ]
    assert broken(joined(long[:2], "or")) == f"{long[0]} or {long[1]}"
