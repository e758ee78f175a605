"""Sliding windows in SPL, hand-written, against the definition; and defects that must show."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

pytest.importorskip("lark")
pytest.importorskip("pcre2")

from trident.engines.spl import Config, Limits, SplEngine, SplError

NOW, SPAN, RUNS = 1_700_000_000, 60, 150
Timeline = list[dict[str, str]]
Alerts = set[tuple[str, str]]

COUNT = """index=t
| sort 0 key _time
| streamstats global=f window=3 count AS n min(_time) AS t0 BY key
| where n=3 AND _time-t0<=60
| stats count BY key _time"""

ORDERED = """index=t
| eval rank=case(stage="one", 1, stage="two", 2), t1=if(rank=1, _time, null())
| where isnotnull(rank)
| sort 0 key _time rank
| streamstats max(t1) AS start BY key
| where rank=2 AND isnotnull(start) AND _time-start<=60
| stats count BY key _time"""

AT_MOST_TWO = """index=t key=*
| eval kind=mvappend("0", "1")
| mvexpand kind
| eval weight=if(kind="0", 1, -1), real=_time, _time=if(kind="0", _time, _time+60)
| sort 0 key _time kind
| streamstats sum(weight) AS n BY key
| where kind="0"
| stats last(n) AS n BY key _time
| where n<=2"""


def _timeline(random: Random) -> Timeline:
    events = []
    for _ in range(random.randint(1, 10)):
        micros = random.choice((0, 20, 30, 60, 90)) * 1_000_000 + random.choice((0, 0, 0, 1))
        event = {
            "_time": f"{NOW - 1000 + micros // 1_000_000}.{micros % 1_000_000:06d}",
            "index": "t",
            "stage": random.choice(("one", "two", "three")),
        }
        key = random.choice(("a", "a", "b", None))
        events.append(event if key is None else {**event, "key": key})
    return events


def _windows(timeline: Timeline) -> list[tuple[dict[str, str], Timeline]]:
    """Each event with the events of its group in the 60 seconds up to it, both ends included."""
    micros = [int(event["_time"].replace(".", "")) for event in timeline]
    found = []
    for event, time in zip(timeline, micros, strict=True):
        inside = [
            other
            for other, when in zip(timeline, micros, strict=True)
            if other.get("key") == event.get("key") and 0 <= time - when <= SPAN * 1_000_000
        ]
        if "key" in event:
            found.append((event, inside))
    return found


def _alert(event: dict[str, str]) -> tuple[str, str]:
    whole, _, part = event["_time"].partition(".")
    return event["key"], whole if part == "000000" else event["_time"]


def _counted(timeline: Timeline) -> Alerts:
    return {_alert(event) for event, inside in _windows(timeline) if len(inside) >= 3}


def _at_most_two(timeline: Timeline) -> Alerts:
    return {_alert(event) for event, inside in _windows(timeline) if len(inside) <= 2}


def _in_order(timeline: Timeline) -> Alerts:
    return {
        _alert(event)
        for event, inside in _windows(timeline)
        if event["stage"] == "two" and any(other["stage"] == "one" for other in inside)
    }


def _differs(spl: str, definition: Callable[[Timeline], Alerts], limits: Limits) -> bool:
    """Whether some random timeline tells the search from its definition, or makes it fail."""
    random = Random(7)
    for run in range(RUNS):
        timeline = _timeline(random)
        engine = SplEngine(Config(limits, tie_seed=run))
        try:
            rows = engine.run(spl, timeline, NOW)
        except SplError:
            return True
        if {(row["key"], row["_time"]) for row in rows} != definition(timeline):
            return True
    return False


IDIOMS = {"count": (COUNT, _counted), "ordered": (ORDERED, _in_order)}
IDIOMS["at most two"] = (AT_MOST_TWO, _at_most_two)


@pytest.mark.parametrize("name", IDIOMS)
def test_idiom_meets_its_definition(name: str) -> None:
    assert not _differs(*IDIOMS[name], Limits())


DEFECTS = [
    ("count", "sort forgotten", "| sort 0 key _time\n", ""),
    ("count", "sort without 0", "sort 0 key", "sort key"),
    ("count", "not sorted by key and one window for all", "sort 0 key _time", "sort 0 _time"),
    ("count", "exclusive boundary", "<=60", "<60"),
    ("count", "current row left out", "window=3", "window=3 current=f"),
    ("count", "groups forgotten", " BY key\n| where n=3", "\n| where n=3"),
    (
        "count",
        "difference rounded when written",
        "| where n=3 AND _time-t0<=60",
        "| eval d=(_time-t0)*1.0 | where n=3 AND d<=60",
    ),
    ("ordered", "later stage first", "_time rank\n", "_time -rank\n"),
    ("ordered", "order forgotten", "max(t1) AS start", "min(t1) AS start"),
    ("ordered", "tie left out", "AND _time-start<=60", "AND _time-start<=60 AND _time>start"),
    ("ordered", "values compared with the wrong case", 'stage="one"', 'stage="One"'),
    (
        "ordered",
        "bucket instead of window",
        "| sort 0 key _time rank",
        "| bin _time span=60s | sort 0 key _time rank",
    ),
    ("at most two", "expiry before match", "_time kind\n", "_time -kind\n"),
    ("at most two", "first row of a tie", "last(n) AS n", "first(n) AS n"),
]


@pytest.mark.parametrize(("name", "why", "old", "new"), DEFECTS, ids=[d[1] for d in DEFECTS])
def test_defect_shows(name: str, why: str, old: str, new: str) -> None:
    spl, definition = IDIOMS[name]
    assert spl.count(old) == 1
    broken = spl.replace(old, new)
    if why == "not sorted by key and one window for all":
        broken = broken.replace("global=f ", "")
    assert _differs(broken, definition, Limits(sort_count=3))
