"""A rule's life under a schedule: runs every so often, events that arrive late, data that ends.

What the runs see is cut as a SIEM cuts it: a run reads the events that have arrived by then and are
no older than the schedule's period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.backends.spl.dense import baseline_case
from tests.support.generate import NOW, Limits, make_case
from trident.app.artifacts.schedule import period
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.rule.plan import Baseline, Correlation, Plan, Run, Search, reach, scheduled

AlertId = tuple[tuple[str, ...], int]
Query = Callable[[Plan, Sequence[Event], int], set[AlertId]]
"""The alerts of a plan on events at a time; the evaluator's, or an engine's."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """A rule, its events with the time at which each arrives, and when it runs."""

    plan: Plan
    run: Run
    arrivals: tuple[tuple[int, Event], ...]
    times: tuple[int, ...]

    def seen(self, now: int) -> list[Event]:
        """The events that a run at ``now`` can read."""
        oldest = now - period(self.plan, self.run) * SECOND
        return [event for at, event in self.arrivals if at <= now and event.time >= oldest]

    def alerts(self, query: Query) -> list[AlertId]:
        """What all runs alert on, in their order."""
        plan = scheduled(self.plan, self.run)
        return [alert for now in self.times for alert in sorted(query(plan, self.seen(now), now))]

    def wanted(self) -> list[AlertId]:
        """Every alert of the definition that fires between the first and the last run."""
        events = [event for _, event in self.arrivals]
        return [alert for now in self.times for alert in self._due(events, now)]

    def _due(self, events: Sequence[Event], now: int) -> Iterator[AlertId]:
        """The alerts of the last interval, from the plan as it is without a schedule."""
        end = now - self.run.delay * SECOND
        plan = self.plan if isinstance(self.plan, Search) else replace(self.plan, lookback=None)
        found = evaluate(plan, events, end)
        start = end - self.run.frequency * SECOND
        yield from sorted((a.group, a.time) for a in found if start < a.time <= end)


def definition(plan: Plan, events: Sequence[Event], now: int) -> set[AlertId]:
    """The evaluator as a ``Query``."""
    return {(alert.group, alert.time) for alert in evaluate(plan, events, now)}


def timetable(seed: str, *, hunts: bool = False, tick: int = 1) -> Timetable:
    """A random rule (with ``hunts`` one with a baseline) and timeline under a random schedule, with
    events on the edges of runs; ``tick`` is the clock's resolution in microseconds."""
    random = Random(seed)
    case = baseline_case(random) if hunts else make_case(random, Limits(tick=tick))
    plan, baseline = case.plan, _baseline(case.plan)
    longest = baseline.newest if baseline else 120
    run = Run(
        random.choice([each for each in (10, 20, 30, 60) if each <= longest]),
        random.choice((0, 7, 15)),
    )
    first = min((event.time for event in case.events), default=NOW)
    step = run.frequency * SECOND
    back = max(1, (NOW - first) // step + 1)
    ahead = (run.delay + (baseline.newest if baseline else 0)) // run.frequency + 2
    times = tuple(NOW + number * step for number in range(-back, ahead))
    inner = times[len(times) // 3 :]
    edge = random.choice(inner) - run.delay * SECOND
    events = [_moved(random, event, edge, reach(plan), tick) for event in case.events]
    arrivals = tuple((e.time + random.randint(0, run.delay * SECOND), e) for e in events)
    return Timetable(plan, run, arrivals, times)


def _moved(random: Random, event: Event, edge: int, span: int, tick: int) -> Event:
    """The event, sometimes on the edge of a run or a timespan before it, or one tick beside."""
    if random.random() < 0.5:
        return event
    time = edge + random.choice((-tick, 0, 0, tick, tick)) - random.choice((0, 0, span)) * SECOND
    return replace(event, time=time)


def _baseline(plan: Plan) -> Baseline | None:
    return plan.baseline if isinstance(plan, Correlation) else None


def check(query: Query, seed: str, **options: Any) -> bool:
    """Whether some alert fires; the runs must give each of the definition's exactly once."""
    table = timetable(seed, **options)
    found, wanted = table.alerts(query), table.wanted()
    assert found == wanted, f"seed {seed}: {table.run}"
    assert len(set(found)) == len(found), f"seed {seed}: an alert twice"
    return bool(found)
