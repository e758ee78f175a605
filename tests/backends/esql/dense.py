"""Timelines on which rules fire: one host, most events a match, times on the windows' edges."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.support.generate import FILE, NETWORK, NOW, PROCESS
from trident.meaning.events import SECOND, Event, Value
from trident.rule.plan import LogSource

_MATCHES: tuple[tuple[LogSource, str, str], ...] = (
    (PROCESS, "CommandLine", "alpha"),
    (PROCESS, "CommandLine", "beta"),
    (PROCESS, "CommandLine", "alpha beta"),
    (FILE, "FileName", "gamma"),
    (NETWORK, "DestinationHostname", "delta"),
)


def dense_timeline(random: Random, documents: tuple[dict[str, Any], ...]) -> tuple[Event, ...]:
    """Four to twelve events; steps between them are parts of a timespan, some a millisecond off."""
    units = {"s": 1, "m": 60}
    texts = [d["correlation"]["timespan"] for d in documents if "correlation" in d]
    spans = [int(text[:-1]) * units[text[-1]] * SECOND for text in texts]
    time = NOW - random.choice((0, 60, 120, 180)) * SECOND
    events = []
    for _ in range(random.randint(4, 12)):
        source, name, value = random.choice(_MATCHES)
        fields: dict[str, Value] = {
            name: value,
            "Computer": random.choice(("ws1", "ws1", "ws1", "ws1", "ws2")),
            "User": random.choice(("ann", "ann", "ann", "bob")),
            "ProcessId": random.choice((1, 2, 3, 5, 8)),
        }
        if source is PROCESS:
            fields["ParentUser"] = "ann"
        if source is FILE:
            fields["ProcessFileName"] = "ann"
        events.append(Event(time, source, fields))
        span = random.choice(spans)
        step = random.choice((0, span // 2, span // 2, span, span))
        time -= step - step % 1000 + random.choice((0, 0, 0, -1000, 1000))
    return tuple(reversed(events))
