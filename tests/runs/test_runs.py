"""Runs of a schedule, end to end, give each alert of the definition once: overlapping data repeats
none and a run's edge loses none.

``python -m tests.runs.test_runs 2000 1`` runs as many as wanted from a seed, on every engine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.runs.timetable import AlertId, Query, check, definition
from trident.app.verify.runners.kql import KqlRunner
from trident.app.verify.runners.spl import SplRunner
from trident.mapping.profiles import load_profiles
from trident.meaning.events import Event
from trident.rule.plan import Plan
from trident.translate.translate import translate

ENGINES: dict[str, tuple[Callable[[], Any], str, str, int]] = {
    "kql": (KqlRunner, "kql", "sentinel", 4),
    "spl": (SplRunner, "spl", "microsoft_addon", 40),
}
"""Each engine's runner, target, profile, and how many timelines the suite runs on it."""


def on(engine: str) -> Query:
    """What the emitted query of a plan finds on an engine."""
    make, target, name, _ = ENGINES[engine]
    runner, profile = make(), load_profiles(target)[name]

    def found(plan: Plan, events: Sequence[Event], now: int) -> set[AlertId]:
        translation = translate(plan, profile)
        assert translation.query is not None, translation.error
        alerts: set[AlertId] = runner.alerts(plan, translation, profile, events, now)
        return alerts

    return found


@pytest.mark.parametrize("hunts", [False, True])
@pytest.mark.parametrize("block", range(2))
def test_the_evaluator(block: int, hunts: bool) -> None:
    fired = [check(definition, f"{block}-{number}", hunts=hunts) for number in range(120)]
    assert any(fired)


@pytest.mark.parametrize("hunts", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_emitted_query(engine: str, hunts: bool) -> None:
    query = on(engine)
    fired = [
        check(query, f"{engine}-{number}", hunts=hunts) for number in range(ENGINES[engine][-1])
    ]
    assert any(fired)


if __name__ == "__main__":
    count, seed = int(sys.argv[1]), sys.argv[2]
    for name, each in {"definition": definition, **{name: on(name) for name in ENGINES}}.items():
        fired = sum(check(each, f"{seed}-{n}", hunts=n % 3 == 0) for n in range(count))
        print(f"{name}: {count} timelines without a difference, {fired} with alerts")
