"""Hand-computed cases: rules, events and the alerts that follow from docs/semantics.md.

A file under ``cases/`` is a list of tables. A table has a ``rule`` (a correlation), maybe
``trident``, ``inner`` (correlations that the rule refers to, by name, ``trident`` inside),
``events`` and ``common`` (fields of every event); each of its ``cases`` may replace any of them,
the rule key by key. The base rules ``a`` to ``d`` match an event that has their letter in its tag.

An event is ``[time, tag, fields]``; an alert is ``[group key..., time]``. Times are seconds
after now, or sums such as ``-7d+1us``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.support.generate import NOW
from trident.meaning.events import SECOND, Event
from trident.rule.plan import LogSource

FOLDER = Path(__file__).with_name("cases")

Alerts = list[tuple[tuple[str, ...], int]]

_SOURCE = LogSource("test")
_BASES = "abcd"
_TERM = re.compile(r"([+-]?\d+)(us|ms|s|m|h|d)")
_UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": 86400 * SECOND,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A rule with its events and the expected alerts, sorted by time and group; ``evidence``
    (times per alert) and ``values`` are given where the case is about them."""

    name: str
    documents: tuple[dict[str, Any], ...]
    events: tuple[Event, ...]
    alerts: Alerts
    evidence: list[list[int]] | None
    values: list[Any] | None


def cases() -> Iterator[Case]:
    """Every case of every file."""
    for path in sorted(FOLDER.glob("*.yml")):
        for table in yaml.safe_load(path.read_text("utf-8")):
            for case in table["cases"]:
                yield make_case(table, case, f"{path.stem}: ")


def make_case(table: dict[str, Any], case: dict[str, Any], file: str = "") -> Case:
    """One case of a table."""
    given = {**table, **case}
    rule = {**table["rule"], **case.get("rule", {})}
    inner = given.get("inner", {})
    documents = [_base(name) for name in _BASES]
    documents += [_correlation(name, correlation) for name, correlation in inner.items()]
    documents.append(_correlation("rule", rule | {"trident": given.get("trident")}))
    common = given.get("common", {})
    events = [_event(*event, common=common) for event in given["events"]]
    evidence = given.get("evidence")
    return Case(
        f"{file}{case['why']}",
        tuple(documents),
        tuple(events),
        [_alert(alert) for alert in given["alerts"]],
        None if evidence is None else [[_time(time) for time in times] for times in evidence],
        given.get("values"),
    )


def _base(name: str) -> dict[str, Any]:
    return {
        "title": name,
        "name": name,
        "logsource": {"category": _SOURCE.category},
        "detection": {"selection": {"tag|contains": name}, "condition": "selection"},
    }


def _correlation(name: str, correlation: dict[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in correlation.items() if value is not None}
    extension = {"trident": given.pop("trident")} if "trident" in given else {}
    return {"title": name, "name": name, "correlation": given, **extension}


def _event(
    time: Any, tag: str, fields: dict[str, Any] | None = None, *, common: dict[str, Any]
) -> Event:
    return Event(_time(time), _SOURCE, {"tag": tag, **common, **(fields or {})})


def _alert(alert: Any) -> tuple[tuple[str, ...], int]:
    *group, time = alert if isinstance(alert, list) else [alert]
    return tuple(group), _time(time)


def _time(text: Any) -> int:
    if isinstance(text, int | float):
        return NOW + int(Decimal(str(text)) * SECOND)
    terms = _TERM.findall(text)
    assert "".join(number + unit for number, unit in terms) == text, text
    return NOW + sum(int(number) * _UNITS[unit] for number, unit in terms)
