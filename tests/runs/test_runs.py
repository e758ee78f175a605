"""Runs of a schedule, end to end, give each alert of the definition once: overlapping data repeats
none and a run's edge loses none.

``python -m tests.runs.test_runs 2000 1`` runs as many as wanted from a seed, on every engine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from backends.events import Event
from backends.plan import Plan
from backends.profiles import load_profiles
from backends.translate import translate
from tests.runs.timetable import AlertId, Query, check, definition
from translator.verify.runners.kql import KqlRunner
from translator.verify.runners.spl import SplRunner

ENGINES: dict[str, tuple[Callable[[], Any], str, str]] = {
    "kql": (KqlRunner, "kql", "sentinel"),
    "spl": (SplRunner, "spl", "microsoft_addon"),
}


def on(engine: str) -> Query:
    """What the emitted query of a plan finds on an engine."""
    make, target, name = ENGINES[engine]
    runner, profile = make(), load_profiles(target)[name]

    def found(plan: Plan, events: Sequence[Event], now: int) -> set[AlertId]:
        translation = translate(plan, profile)
        assert translation.query is not None, translation.error
        alerts: set[AlertId] = runner.alerts(plan, translation, profile, events, now)
        return alerts

    return found


@pytest.mark.parametrize("block", range(4))
def test_the_evaluator(block: int) -> None:
    fired = [check(definition, f"{block}-{number}") for number in range(150)]
    assert any(fired)


@pytest.mark.parametrize("block", range(2))
@pytest.mark.parametrize("engine", ENGINES)
def test_the_emitted_query(engine: str, block: int) -> None:
    query = on(engine)
    fired = [check(query, f"{engine}-{block}-{number}") for number in range(8)]
    assert any(fired)


if __name__ == "__main__":
    count, seed = int(sys.argv[1]), sys.argv[2]
    for name, each in {"definition": definition, **{name: on(name) for name in ENGINES}}.items():
        fired = sum(check(each, f"{seed}-{number}") for number in range(count))
        print(f"{name}: {count} timelines without a difference, {fired} with alerts")
