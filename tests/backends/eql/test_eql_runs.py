"""Runs of an EQL rule as Kibana starts them.

EQL cannot say which alerts are a run's own: a run reads everything from its ``from`` to its ``to``,
and Kibana drops an alert whose events an earlier one of the rule had (docs/artifacts-elastic.md,
Alerts that two runs find). What then remains must keep the promise of the rule's level on the whole
timeline.

``python -m tests.backends.eql.test_eql_runs 5000 1`` runs as many as wanted from a seed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from tests.backends.eql.test_eql_property import CARRIED
from tests.support.generate import Case, make_case
from tests.support.run_eql import ambiguous, difference, eql_profile, expected
from trident.app.artifacts.schedule import overlapping, period
from trident.app.verify.elastic import documents, identity, requests
from trident.app.verify.native import native_rows
from trident.engines.eql.engine import EqlEngine
from trident.meaning.events import SECOND, Event
from trident.rule.plan import Aggregate, Correlation, Run
from trident.translate.translate import translate

OVERLAP = 7
LIMITS = replace(CARRIED, features=CARRIED.features - {"baseline"})
"""What is deployed: a baseline hunt in EQL has parameters."""


def times(random: Random, case: Case, run: Run) -> Iterator[int]:
    """When runs start, each late by up to the overlap; one of them ends at an event's time."""
    events = [event.time for event in case.events]
    edge = random.choice(events) + run.delay * SECOND
    step = run.frequency * SECOND
    now = edge - ((edge - min(events)) // step + 1) * step
    while now <= max(events) + 2 * step + run.delay * SECOND:
        yield now
        now += step + (random.randint(0, OVERLAP) * SECOND if now >= edge else 0)


def check(engine: EqlEngine, seed: str) -> str:
    """What became of the case; the alerts that remain must keep what the level promises."""
    random = Random(seed)
    case = make_case(random, LIMITS)
    plan = replace(case.plan, lookback=None) if isinstance(case.plan, Correlation) else case.plan
    profile = eql_profile()
    translation = translate(plan, profile)
    if translation.query is None:
        assert translation.error is not None
        return f"refused {translation.error.code}"
    if not case.events:
        return "no events"
    if not isinstance(getattr(plan, "trigger", None), Aggregate) and ambiguous(plan, case.events):
        return "ambiguous"
    run, reading = overlapping(
        plan, Run(random.choice((10, 20, 60)), random.choice((0, 7, 15))), OVERLAP
    )
    arrived = [
        (event.time + random.randint(0, run.delay * SECOND), event, _document(event))
        for event in case.events
    ]
    kept: dict[tuple[int, ...], tuple[tuple[str, ...], int]] = {}
    starts = list(times(random, case, run))
    for now in starts:
        oldest, newest = now - period(plan, reading) * SECOND, now - run.delay * SECOND
        seen = [d for at, e, d in arrived if at <= now and oldest <= e.time <= newest]
        for request, alert in requests(translation):
            assert alert is not None
            for found in engine.run(request["body"]["query"], seen, profile.time):
                events = tuple(id(document) for document in found.documents)
                kept.setdefault(events, identity(found, plan, alert))
    wanted = expected(plan, case.events, starts[-1] - run.delay * SECOND)
    wrong = difference(plan, translation.fidelity, set(kept.values()), wanted)
    assert wrong == {}, f"seed {seed} {run}\n{translation.query.text}\n{wrong}"
    return f"{translation.fidelity} {'with' if wanted else 'without'} alerts"


def _document(event: Event) -> dict[str, object]:
    (document,) = documents(native_rows([event], eql_profile()), eql_profile())
    return document


@pytest.mark.parametrize("block", range(2))
def test_runs_keep_the_level(eql_engine: EqlEngine, block: int) -> None:
    results = Counter(check(eql_engine, f"runs-{block}-{number}") for number in range(150))
    assert results["covering with alerts"] > 1, results
    assert results["exact with alerts"], results


if __name__ == "__main__":
    count, start = int(sys.argv[1]), sys.argv[2]
    with EqlEngine() as running:
        totals = Counter(check(running, f"{start}-{number}") for number in range(count))
    for result, number in sorted(totals.items()):
        print(f"{number:7} {result}")
