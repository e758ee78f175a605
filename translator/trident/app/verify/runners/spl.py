"""SPL: parsed and run by our own interpreter of Splunk's documented semantics; no Splunk runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trident.app.verify.native import native_rows
from trident.app.verify.runners import Alerts, EngineFault
from trident.app.verify.scenes import AlertId
from trident.engines.spl import Config, Limits, SplEngine, SplError
from trident.mapping.profiles import Profile, Table
from trident.meaning.detection import text
from trident.meaning.events import SECOND, Event
from trident.result.translation import Translation
from trident.rule.plan import Plan, Search

_MARK = re.compile(r'([A-Za-z_]\w*)="?([^"\s()]+)"?')
"""A field and its value in a macro's definition: ``sourcetype="cef"``."""


class SplRunner:
    """One interpreter; it keeps nothing between queries but parsed searches.

    A plain ``sort`` keeps one row here instead of 10,000: a search that relies on Splunk's limit
    fails on small tests, too. ``sort 0``, which keeps all, is not touched by it.
    """

    def __init__(self) -> None:
        self._engine = SplEngine(Config(limits=Limits(sort_count=1)))

    def alerts(
        self,
        plan: Plan,
        translation: Translation,
        profile: Profile,
        events: Sequence[Event],
        now: int,
    ) -> Alerts:
        """See ``Runner.alerts``. A limit that cost rows is a fault: the answer is not whole."""
        assert translation.query is not None
        query = translation.query
        if now % SECOND:
            raise EngineFault("now() is a whole second in Splunk")
        try:
            rows = self._engine.run(
                query.text, raw_events(events, profile), now // SECOND, definitions(profile)
            )
        except SplError as error:
            raise EngineFault(f"{type(error).__name__}: {error}") from error
        if self._engine.warnings:
            raise EngineFault("; ".join(self._engine.warnings))
        if isinstance(plan, Search) or query.alert is None:
            return frozenset(((), _micros(row["_time"])) for row in rows)
        keys = [query.alert.group[name] for name in plan.group_by]
        time = query.alert.time
        alerts: set[AlertId] = set()
        for row in rows:
            group = tuple(text(_single(row.get(key, ""))) for key in keys)
            alerts.add((group, _micros(row[time])))
        return frozenset(alerts)

    def seen(self, event: Event, profile: Profile) -> Event:
        """Splunk keeps what is given: ``_time`` has microseconds, fields are text."""
        return event

    def close(self) -> None:
        """Nothing to release."""


def raw_events(events: Sequence[Event], profile: Profile) -> list[dict[str, Any]]:
    """Events as Splunk has them: every field a text, with its table's selector and what the
    table's macro looks for; a missing value is absent."""
    tables = {source.table.name: source.table for source in profile.sources}
    kept = []
    for name, rows in native_rows(events, profile).items():
        marks = _marks(tables[name], profile)
        for row in rows:
            raw: dict[str, Any] = {"_raw": "", **marks}  # no event is without it
            for column, value in row.items():
                if column == profile.time:
                    raw["_time"] = Decimal(value) / SECOND
                elif value not in (None, ""):
                    raw[column] = text(value)
            kept.append(raw)
    return kept


def definitions(profile: Profile) -> dict[str, str]:
    """The profile's macros as macros.conf would define them: name -> definition."""
    named: Mapping[str, str] = profile.settings.get("macros", {})
    defined: Mapping[str, str] = profile.settings.get("definitions", {})
    return {named.get(role, f"trident_{role}"): text for role, text in defined.items()}


def _marks(table: Table, profile: Profile) -> dict[str, Any]:
    definition = profile.settings.get("definitions", {}).get(table.settings["macro"], "")
    wanted: dict[str, list[str]] = {}
    for field, value in _MARK.findall(definition):
        wanted.setdefault(field, []).append(value.replace("*", "x"))
    selector = table.settings.get("selector") or {}
    return {**wanted, **{field: str(value) for field, value in selector.items()}}


def _single(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "\n".join(value)


def _micros(value: str | tuple[str, ...]) -> int:
    return int(Decimal(_single(value)) * SECOND)
