"""Random timelines made from a rule itself, and the smallest one that still shows a difference.

Times stand just inside and just outside every boundary of the rule: its timespans, its lookback,
its baseline's windows, and ties. Keys and values repeat, differ in case, or are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from trident.app.verify.samples import Fields, hit, near_misses
from trident.meaning.events import SECOND, Event, Value
from trident.rule.plan import Aggregate, Correlation, Plan, Search, searches

MOST_EVENTS = 14
_KEYS: tuple[Value, ...] = ("k1", "k1", "k1", "k2", "K1", "", None)


@dataclass(frozen=True, slots=True)
class Shape:
    """What timelines of a rule are made of: offsets in microseconds, field names, numbers."""

    spans: tuple[int, ...]
    edges: tuple[int, ...]
    keys: tuple[str, ...]
    numbers: tuple[str, ...]
    thresholds: tuple[Value, ...]


def shape(plan: Plan) -> Shape:
    """The boundaries and the fields of ``plan`` and every correlation below it."""
    spans: list[int] = []
    edges: list[int] = [0]
    keys: list[str] = []
    numbers: list[str] = []
    thresholds: list[Value] = [0, 1]
    for correlation in _correlations(plan):
        spans.append(correlation.timespan * SECOND)
        if correlation.lookback is not None:
            edges.append(-correlation.lookback * SECOND)
        baseline = correlation.baseline
        if baseline is not None:
            edges += [-baseline.oldest * SECOND, -baseline.newest * SECOND]
            keys += [*baseline.unseen]
            if baseline.exceeds is not None:
                numbers.append(baseline.exceeds.field)
                keys += baseline.exceeds.by
        trigger = correlation.trigger
        if isinstance(trigger, Aggregate):
            numeric = trigger.statistic not in ("event_count", "value_count")
            for limit in (each.number for each in trigger.comparisons if numeric):
                thresholds += [limit, limit + 1, limit - 1, float(limit) / 2]
        for branch in correlation.branches:
            keys += branch.keys
            if isinstance(trigger, Aggregate):
                numeric = trigger.statistic not in ("event_count", "value_count")
                (numbers if numeric else keys).extend(branch.values)
            if baseline is not None:
                named = [*baseline.unseen, *(baseline.exceeds.by if baseline.exceeds else ())]
                keys += [branch.field(name) for name in named]
                if baseline.exceeds is not None:
                    numbers.append(branch.field(baseline.exceeds.field))
    return Shape(
        tuple(dict.fromkeys(spans)) or (60 * SECOND,),
        tuple(dict.fromkeys(edges)),
        tuple(name for name in dict.fromkeys(keys) if name not in numbers),
        tuple(dict.fromkeys(numbers)),
        tuple(thresholds),
    )


def timeline(plan: Plan, random: Random, now: int, tick: int = 1) -> tuple[Event, ...]:
    """One random timeline of up to ``MOST_EVENTS`` events; ``tick`` is the clock's resolution.

    A base rule whose detection no sample satisfies contributes nothing.
    """
    made = shape(plan)
    sources = list(dict.fromkeys(searches(plan)))
    marks = [0]
    for _ in range(random.randint(1, 7)):
        span = random.choice(made.spans)
        step = random.choice((0, span // 3, span // 2, span, span, 2 * span))
        marks.append(marks[-1] + step + random.choice((0, 0, -1, 1)) * tick)
    anchor = now + random.choice(made.edges) - random.choice(marks)
    events = []
    for _ in range(random.randint(1, MOST_EVENTS)):
        source = random.choice(sources)
        fields = _fields(source, made, random)
        if fields is not None:
            time = anchor + random.choice(marks)
            if len(made.edges) > 1 and random.random() < 0.3:
                time = now + random.choice(made.edges) + random.choice((-1, 0, 1)) * tick
            events.append(Event(time - time % tick, source.logsource, fields))
    return tuple(sorted(events, key=lambda event: event.time))


def shrink(events: Sequence[Event], fails: Callable[[Sequence[Event]], bool]) -> tuple[Event, ...]:
    """The smallest part of ``events`` that still fails, then without fields it does not need."""
    kept = list(events)
    changed = True
    while changed:
        changed = False
        for place in range(len(kept) - 1, -1, -1):
            fewer = kept[:place] + kept[place + 1 :]
            if fewer and fails(fewer):
                kept, changed = fewer, True
    for place, event in enumerate(kept):
        for name in list(event.fields):
            less = {key: value for key, value in kept[place].fields.items() if key != name}
            smaller = [*kept]
            smaller[place] = Event(event.time, event.logsource, less)
            if fails(smaller):
                kept = smaller
    return tuple(kept)


def _fields(source: Search, made: Shape, random: Random) -> Fields | None:
    fields = hit(source, random)
    if fields is None:
        return None
    if random.random() < 0.15:
        fields = random.choice(list(near_misses(fields, random)) or [fields])
    for name in made.keys:
        if name not in fields:
            _put(fields, name, random.choice(_KEYS))
    for name in made.numbers:
        if name not in fields:
            _put(fields, name, random.choice((*made.thresholds, None)))
    return fields


def _put(fields: Fields, name: str, value: Value) -> None:
    if value is not None:
        fields[name] = value


def _correlations(plan: Plan) -> Iterator[Correlation]:
    if isinstance(plan, Correlation):
        yield plan
        for branch in plan.branches:
            yield from _correlations(branch.matches)
