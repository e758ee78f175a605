"""Events as a rule test that a person can paste into an ``.events.yml`` file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from trident.app.verify.scenes import AlertId
from trident.meaning.events import SECOND, Event, to_datetime
from trident.rule.plan import LogSource

_UNITS = ((86_400 * SECOND, "d"), (3_600 * SECOND, "h"), (60 * SECOND, "m"), (SECOND, "s"))
_FINE = ((1_000, "ms"), (1, "us"))


def as_test(
    rule: str, events: Sequence[Event], now: int, alerts: Iterable[AlertId]
) -> Iterator[str]:
    """The lines of a test: one scene with these events, and the alerts they must give."""
    sources = list(dict.fromkeys(event.logsource for event in events))
    names = {source: _name(source, number) for number, source in enumerate(sources, 1)}
    start = min((event.time for event in events), default=now)
    yield f"rule: {json.dumps(rule)}"
    yield f"now: {json.dumps(to_datetime(now).isoformat())}"
    yield f"start: {json.dumps(to_datetime(start).isoformat())}"
    yield "sources:"
    for source, name in names.items():
        parts = {
            key: value
            for key, value in (
                ("category", source.category),
                ("product", source.product),
                ("service", source.service),
            )
            if value is not None
        }
        yield f"  {name}: {json.dumps(parts, ensure_ascii=False)}"
    yield "scenes:"
    yield "  - why: found by fuzzing"
    yield "    events:"
    for event in events:
        fields = json.dumps(dict(event.fields), ensure_ascii=False)
        yield f"      - {{at: +{offset(event.time - start)}, {names[event.logsource]}: {fields}}}"
    ordered = sorted(alerts, key=lambda alert: (alert[1], alert[0]))
    yield "    alerts:" if ordered else "    alerts: []"
    for group, time in ordered:
        listed = json.dumps(list(group), ensure_ascii=False)
        yield f"      - {{at: +{offset(time - start)}, group: {listed}}}"


def offset(micros: int) -> str:
    """A duration as rule tests write it: ``1h30m``, ``0s``, ``1s250ms``."""
    parts = []
    for size, unit in (*_UNITS, *_FINE):
        count, micros = divmod(micros, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _name(source: LogSource, number: int) -> str:
    part = source.category or source.service or source.product or "source"
    plain = "".join(char if char.isalnum() else "_" for char in part)
    return f"{plain}{number}"
