"""How the time of emitted KQL, and of the evaluator, grows with the number of matched events.

``python benchmarks/queries.py [LARGEST]`` (default 100000) doubles the events from 1000 up, in
many groups with bounded matches per window, and prints each step's ratio to the one before; then
one hot group, whose windows grow with the events, is named for what it is.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.generate import FILE, NOW, PROCESS, base_rule, plan_documents
from tests.support.run_kql import schema_of
from trident.app.verify.native import native_rows
from trident.engines.kusto.engine import KqlEngine
from trident.mapping.profiles import load_profiles
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.translate.translate import translate

COUNT = {"type": "event_count", "rules": ["alpha"], "condition": {"gte": 3}}
DISTINCT = {"type": "value_count", "rules": ["alpha"], "condition": {"gte": 3, "field": "User"}}
PAIRS = {"type": "temporal_ordered", "rules": ["alpha", "gamma"]}
HUNTS: dict[str, dict[str, Any]] = {"count": COUNT, "distinct": DISTINCT, "pairs": PAIRS}


def plan_of(correlation: dict[str, Any]) -> Any:
    """The plan of a correlation over the bases that it names, per computer and minute."""
    bases = [base_rule(name) for name in correlation["rules"]]
    keyed = {"group-by": ["Computer"], "timespan": "1m", **correlation}
    return plan_documents((*bases, {"title": "b", "name": "b", "correlation": keyed}))


def events_of(count: int, groups: int) -> list[Event]:
    """Matched events of both bases, evenly spread: about six a minute and group."""
    random = Random(1)
    step = 10 * SECOND // groups or 1
    found = []
    for number in range(count):
        fields = {"Computer": f"ws{random.randrange(groups)}", "User": f"u{random.randrange(9)}"}
        if number % 2:
            found.append(Event(NOW - number * step, FILE, {"FileName": "gamma", **fields}))
        else:
            found.append(Event(NOW - number * step, PROCESS, {"CommandLine": "alpha", **fields}))
    return found


def timed(work: Callable[[], Any]) -> float:
    """Seconds that the fastest of three runs takes, without pauses of the garbage collector."""
    best = float("inf")
    gc.collect()
    gc.disable()
    for _ in range(3):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    gc.enable()
    return best


def main() -> None:
    """Print the table; ``growth`` is the time's ratio to half the events."""
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    profile = load_profiles("kql")["sentinel"]
    engine = KqlEngine(schema_of(profile))
    print(
        f"{'hunt':10} {'groups':>7} {'events':>8} {'kql s':>8} {'growth':>7} {'eval s':>8} growth"
    )
    for name, correlation in HUNTS.items():
        plan = plan_of(correlation)
        query = translate(plan, profile).query
        assert query is not None
        for hot in (False, True):
            before: tuple[float, float] | None = None
            size = 1000
            while size <= (largest if not hot else min(largest, 16_000)):
                events = events_of(size, 1 if hot else max(1, size // 100))
                if hot:
                    # One group whose windows hold more the more events there are.
                    events = [
                        Event(NOW - (NOW - e.time) * 1000 // size, e.logsource, e.fields)
                        for e in events
                    ]
                engine.load(native_rows(events, profile))
                text = query.text
                took = (
                    timed(lambda text=text: engine.run(text, NOW)),
                    timed(lambda plan=plan, events=events: evaluate(plan, events, NOW)),
                )
                growth = [
                    f"{t / b:7.2f}" if before else " " * 7
                    for t, b in zip(took, before or took, strict=True)
                ]
                groups = "hot" if hot else str(max(1, size // 100))
                print(
                    f"{name:10} {groups:>7} {size:>8} {took[0]:8.3f} {growth[0]} "
                    f"{took[1]:8.3f} {growth[1]}",
                    flush=True,
                )
                before, size = took, size * 2
    engine.close()


if __name__ == "__main__":
    main()
