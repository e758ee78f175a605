"""Every hostile value and regular expression in SPL, on the model, against the evaluator.

``python -m tests.spl.test_values 20000 1`` runs random values from a seed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from random import Random

import pytest

from backends.diagnostics import TridentError
from backends.evaluate import evaluate
from backends.events import SECOND, Event
from backends.plan import Search
from backends.translate import translate
from tests.spl.model.commands import run
from tests.spl.model.parse import stages, unquote
from tests.spl.run import profile, raw_events
from tests.support.generate import NOW
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

HARMLESS = {"", "*Temp*", "AdvancedHunting-DeviceProcessEvents"}


def check(plan: Search, events: Sequence[Event]) -> str:
    """The query's rows are the evaluator's matches; returns the refusal's code or ''."""
    translation = translate(plan, profile())
    if translation.query is None:
        assert translation.error is not None
        return translation.error.code
    text = translation.query.text
    rows = run(text, raw_events(events, profile()), NOW // SECOND)
    found = {round(row["_time"] * SECOND) for row in rows}
    want = {alert.time for alert in evaluate(plan, events, NOW)}
    texts = {event.time: event.fields.get("CommandLine") for event in events}
    assert found == want, (
        text,
        "missing",
        [texts[time] for time in want - found],
        "extra",
        [texts[time] for time in found - want],
    )
    assert_contained(text)
    return ""


def assert_contained(text: str) -> None:
    """A value stays in its literals: two commands, and no quote, break or tick that could end
    one before its time."""
    assert [part[0].text for part in stages(text)[1:]] == ["where"]
    for token in (token for part in stages(text) for token in part):
        if token.kind == "macro":
            assert token.text == "`trident_microsoft_addon`"
        if token.kind == "string":
            assert not re.search(r"[`\n\r\x00-\x1f]", unquote(token.text))


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_value(value: str) -> None:
    events = events_for(candidates(value))
    for modifier in MODIFIERS:
        for make in (search, negated):
            assert check(make(value, modifier), events) == ""
    for modifier in ("", "cased", "contains"):
        assert check(search([value, "zzz"], modifier), events) == ""
        assert check(negated([value, "zzz"], modifier), events) == ""


@pytest.mark.parametrize("regex", REGEXES)
def test_regex(regex: str) -> None:
    events = events_for(REGEX_TEXTS)
    for modifier in REGEX_MODIFIERS:
        for make in (search, negated):
            try:
                plan = make(regex, modifier)
            except (AssertionError, TridentError):
                continue  # not a regular expression for this pySigma
            assert check(plan, events) == ""


REFUSED = [
    (
        "re",
        "[[:alpha:]]",
        "TRI303",
        "a POSIX class, which the reference reads as single characters",
    ),
    ("re", "(?m)^a$", "TRI303", "the flag belongs in the modifiers"),
    ("re", "(?x)a b", "TRI303", "a comment would end at a line break that no literal holds"),
    ("re", r"\u0041", "TRI303", "PCRE has no such escape"),
    ("re", "a" * 40_000, "TRI303", "longer than PCRE compiles"),
    ("contains", "a" * 40_000, "TRI301", "longer than PCRE compiles"),
    ("hour", 3, "TRI305", "the zone of a time in text is unknown"),
]


@pytest.mark.parametrize(
    ("modifier", "value", "code"), [row[:3] for row in REFUSED], ids=[row[3] for row in REFUSED]
)
def test_refused(modifier: str, value: object, code: str) -> None:
    try:
        plan = search(value, modifier)
    except (AssertionError, TridentError):
        pytest.skip("not a regular expression for this pySigma")
    assert check(plan, []) == code


def test_a_long_value_needs_no_pattern() -> None:
    value = "a" * 70_000
    assert check(search(value, ""), events_for([value, value.upper(), value[:-1], None])) == ""


def test_a_long_list_is_several_patterns() -> None:
    values = [f"value-{number}-{'x' * 90}" for number in range(1000)]
    plan = search(values, "endswith")
    assert check(plan, events_for([values[0], f"a{values[-1]}", "value", None])) == ""


if __name__ == "__main__":
    count, seed = int(sys.argv[1]), sys.argv[2]
    refused: dict[str, int] = {}
    for number, (value, modifier) in enumerate(random_values(Random(seed), count)):
        make = negated if number % 3 == 0 else search
        code = check(make(value, modifier), events_for(candidates(value)))
        refused[code] = refused.get(code, 0) + 1
    print(f"{count} runs without a difference; refused by code: {refused}")
