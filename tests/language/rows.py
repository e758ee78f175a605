"""The detection language row by row, and what targets make of it.

The rows are those of ``tests/backends/meaning/detections.yml``: records with the answer that
Sigma's meaning gives. ``targets.yml`` says which rows a target refuses, with which code, and on
which records a note or the documentation lets it differ. Everything else must run and select
exactly the row's matches, also negated.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.generate import PYSIGMA, plan_documents
from tests.support.selection import LAB, lab_events
from trident.meaning.detection import text
from trident.meaning.events import Event
from trident.rule.plan import Search

_TESTS = Path(__file__).resolve().parents[1]
ROWS: list[dict[str, Any]] = yaml.safe_load(
    (_TESTS / "backends/meaning/detections.yml").read_text("utf-8")
)
TARGET_DATA: dict[str, Any] = yaml.safe_load((_TESTS / "language/targets.yml").read_text("utf-8"))

KINDS = ("string", "long", "real", "bool", "ip")
"""The column types that a row is tried on, as far as its records have such values."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its plan, its negation's plan (None for several conditions), its records."""

    why: str
    detection: Mapping[str, Any]
    plan: Search
    negated: Search | None
    matches: tuple[Mapping[str, Any], ...]
    misses: tuple[Mapping[str, Any], ...]

    @property
    def fields(self) -> list[str]:
        """Every field that the detection or a record names."""
        named = {name for record in (*self.matches, *self.misses) for name in record}
        return sorted(named | {"f", "g", "h", "other"})

    def events(self, kind: str) -> tuple[list[Event], set[int]]:
        """The records that columns of ``kind`` can hold, and the times of those that match."""
        held = [
            (stored, number < len(self.matches))
            for number, record in enumerate((*self.matches, *self.misses))
            if (stored := _stored(record, kind)) is not None
        ]
        events = lab_events(record for record, _ in held)
        return events, {e.time for e, (_, wanted) in zip(events, held, strict=True) if wanted}


def rows() -> Iterator[Row]:
    """All rows that this pySigma takes."""
    for given in ROWS:
        if given.get("since", 0) > PYSIGMA:
            continue
        detection = given.get("detection") or {"s": given["item"], "condition": "s"}
        condition = detection["condition"]
        negated = {**detection, "condition": f"not ({condition})"}
        yield Row(
            given["why"],
            detection,
            _plan(detection, given),
            _plan(negated, given) if isinstance(condition, str) else None,
            tuple(map(_record, given["matches"])),
            tuple(map(_record, given["misses"])),
        )


def modifiers(detection: object) -> Iterator[str]:
    """Every modifier that a detection's keys name."""
    if isinstance(detection, Mapping):
        for key, inner in detection.items():
            yield from str(key).split("|")[1:]
            yield from modifiers(inner)
    elif isinstance(detection, list):
        for inner in detection:
            yield from modifiers(inner)


def refusal(target: str, why: str) -> str:
    """The code with which a target refuses a row, or ""."""
    by_code: Mapping[str, list[str]] = TARGET_DATA["refused"].get(target, {})
    return next((code for code, named in by_code.items() if why in named), "")


def _plan(detection: Mapping[str, Any], row: Mapping[str, Any]) -> Search:
    document = {"title": "row", "logsource": {"category": LAB.category}, "detection": detection}
    plan = plan_documents((document,), row.get("placeholders"))
    assert isinstance(plan, Search)
    return plan


def _record(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {"f": given}


def _stored(record: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """The record as columns of ``kind`` keep it; None where they cannot hold one of its values."""
    kept = {}
    for name, value in record.items():
        if value in (None, "") and not isinstance(value, bool):
            kept[name] = value
        elif kind == "string":
            kept[name] = text(value)
        elif _HOLDS[kind](value):
            kept[name] = value
        else:
            return None
    return kept


def _is_address(value: Any) -> bool:
    """An address in the one spelling that an address column gives back."""
    try:
        return isinstance(value, str) and str(ipaddress.ip_address(value)) == value
    except ValueError:
        return False


_HOLDS = {
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "real": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53
    ),
    "bool": lambda value: isinstance(value, bool),
    "ip": _is_address,
}
