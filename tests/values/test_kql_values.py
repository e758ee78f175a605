"""Every hostile value and regular expression in KQL, on the engine, against the evaluator.

``python -m tests.values.test_kql_values 20000 1`` runs random values from a seed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from backends.diagnostics import TridentError
from backends.evaluate import evaluate
from backends.events import Event
from backends.plan import Search
from backends.profiles import load_profiles
from backends.translate import translate
from tests.support.generate import NOW
from tests.support.run_kql import schema_of
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
from translator.verify.native import native_rows

PROFILE = load_profiles("kql")["sentinel"]


def check(engine: Any, plan: Search, events: Sequence[Event], binder: Any = None) -> str:
    """The query's rows are the evaluator's matches; returns the refusal's code or ''."""
    translation = translate(plan, PROFILE)
    if translation.query is None:
        assert translation.error is not None
        return translation.error.code
    rows = engine.run(translation.query.text, NOW)
    found = {row["TimeGenerated"] for row in rows}
    want = {alert.time for alert in evaluate(plan, events, NOW)}
    texts = {event.time: event.fields.get("CommandLine") for event in events}
    assert found == want, (
        translation.query.text,
        "missing",
        [texts[time] for time in want - found],
        "extra",
        [texts[time] for time in found - want],
    )
    if binder:
        assert binder(translation.query.text, schema_of(PROFILE)).errors == ()
    return ""


@pytest.fixture
def engine(kql_engine: Any) -> Any:
    return kql_engine(schema_of(PROFILE))


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_value(engine: Any, kql_binder: Any, value: str) -> None:
    events = events_for(candidates(value))
    engine.load(native_rows(events, PROFILE))
    for modifier in MODIFIERS:
        refused = {check(engine, make(value, modifier), events) for make in (search, negated)}
        assert refused <= {"", "TRI301"}
        if "TRI301" in refused:
            assert "\x7f" in value
    check(engine, search([value, "zzz"], ""), events, kql_binder)
    check(engine, search([value, "zzz"], "cased"), events)


@pytest.mark.parametrize("regex", REGEXES)
def test_regex(engine: Any, kql_binder: Any, regex: str) -> None:
    events = events_for(REGEX_TEXTS)
    engine.load(native_rows(events, PROFILE))
    for modifier in REGEX_MODIFIERS:
        for make in (search, negated):
            try:
                plan = make(regex, modifier)
            except (AssertionError, TridentError):
                continue  # not a regular expression for this pySigma
            assert check(engine, plan, events, kql_binder) == ""


if __name__ == "__main__":
    from translator.verify.engines.kusto import KqlEngine

    count, seed = int(sys.argv[1]), sys.argv[2]
    refused: dict[str, int] = {}
    with KqlEngine(schema_of(PROFILE)) as runner:
        for number, (value, modifier) in enumerate(random_values(Random(seed), count)):
            make = negated if number % 3 == 0 else search
            events = events_for(candidates(value))
            runner.load(native_rows(events, PROFILE))
            code = check(runner, make(value, modifier), events)
            refused[code] = refused.get(code, 0) + 1
    print(f"{count} runs without a difference; refused by code: {refused}")
