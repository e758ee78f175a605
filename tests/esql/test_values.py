"""Hostile values and regular expressions in ES|QL: each parses, stays in its literal, and selects
exactly the evaluator's events in the model.

``python -m tests.esql.test_values 5000 1`` runs random values from a seed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from random import Random

import pytest

from backends.binding import BoundSearch, bind
from backends.detection import compile_detection
from backends.diagnostics import Refusal, TridentError
from backends.esql.backend import EsqlDetections
from backends.events import Event
from backends.plan import Search
from tests.esql.model.engine import EsqlModel
from tests.support.generate import NOW
from tests.support.run_esql import esql_profile, micros
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

NOTED = "TRI470"
"""The note of a value whose case Elasticsearch folds in its own way."""


def check(model: EsqlModel, plans: Sequence[Search], events: Sequence[Event]) -> dict[str, int]:
    """Each plan selects its events; all tests stand in one query. Returns the refusals by code."""
    tests: dict[str, tuple[Search, bool]] = {}
    assigned, refused = [], {}
    for number, plan in enumerate(plans):
        bound = bind(plan, model.profile)
        assert isinstance(bound, BoundSearch)
        detections = EsqlDetections()
        try:
            predicate = detections.predicate(bound)
        except Refusal as refusal:
            code = refusal.diagnostic.code
            refused[code] = refused.get(code, 0) + 1
            continue
        noted = any(note.code == NOTED for note in detections.notes)
        tests[f"t{number}"] = plan, noted
        assigned.append(f"t{number} = COALESCE({predicate}, false)")
    if not tests:
        return refused
    model.load(native_rows(events, model.profile))
    index = next(iter(model.tables))
    query = f"FROM {index}\n| EVAL {', '.join(assigned)}\n| KEEP @timestamp, {', '.join(tests)}"
    rows = model.run(query, NOW)
    texts = {event.time: event.fields.get("CommandLine") for event in events}
    for name, (plan, noted) in tests.items():
        test = compile_detection(plan.condition)
        wanted = {event.time for event in events if test(event.fields)}
        found = {micros(row["@timestamp"]) for row in rows if row[name]}
        differ = [texts[time] for time in wanted ^ found]
        if noted:
            differ = [text for text in differ if text is not None and text.isascii()]
        assert not differ, (query, name, differ)
    return refused


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_value(model: EsqlModel, value: str) -> None:
    plans = [make(value, modifier) for modifier in MODIFIERS for make in (search, negated)]
    plans += [search([value, "zzz"], modifier) for modifier in ("", "cased", "contains")]
    assert check(model, plans, events_for(candidates(value))) == {}


@pytest.mark.parametrize("regex", REGEXES)
def test_regex(model: EsqlModel, regex: str) -> None:
    plans = []
    for modifier in REGEX_MODIFIERS:
        for make in (search, negated):
            try:
                plans.append(make(regex, modifier))
            except (AssertionError, TridentError):
                continue  # not a regular expression for this pySigma
    assert set(check(model, plans, events_for(REGEX_TEXTS))) <= {"TRI303"}


if __name__ == "__main__":
    count, seed = int(sys.argv[1]), sys.argv[2]
    opened = EsqlModel(esql_profile())
    refusals: dict[str, int] = {}
    for value, modifier in random_values(Random(seed), count):
        both = [search(value, modifier), negated(value, modifier)]
        for code, number in check(opened, both, events_for(candidates(value))).items():
            refusals[code] = refusals.get(code, 0) + number
    print(f"{count} runs without a difference; refused by code: {refusals}")
