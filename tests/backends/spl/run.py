"""Run a plan's SPL on the model, on events as the profile's mapping data stores them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from trident.app.verify.native import native_rows
from trident.mapping.profiles import Profile, default_profile, load_profiles
from trident.meaning.detection import text
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.result.translation import Translation
from trident.rule.plan import Correlation, Plan
from trident.translate.translate import translate

from .model.commands import Row, run

AlertSet = set[tuple[tuple[str, ...], int]]


def profile() -> Profile:
    return load_profiles("spl")[default_profile("spl")]


def raw_events(events: Sequence[Event], bound: Profile, seed: int = 0) -> list[Row]:
    """Events as Splunk has them: text only, a selector's fields, a macro; a missing value is
    absent or empty."""
    random = Random(seed)
    tables = {source.table.name: source.table for source in bound.sources}
    found = []
    for name, rows in native_rows(events, bound).items():
        settings = tables[name].settings
        for row in rows:
            raw: Row = {"_macro": bound.settings["macros"][settings["macro"]]}
            raw |= settings["selector"]
            for column, value in row.items():
                if column == bound.time:
                    raw["_time"] = value / SECOND
                elif value not in (None, "") or random.random() < 0.5:
                    raw[column] = "" if value is None else text(value)
            found.append(raw)
    return found


def run_spl(
    plan: Plan, events: Sequence[Event], now: int, seed: int = 0
) -> tuple[Translation, list[Row]]:
    bound = profile()
    translation = translate(plan, bound)
    assert translation.query is not None, translation.error
    assert now % SECOND == 0
    rows = run(translation.query.text, raw_events(events, bound, seed), now // SECOND, seed=seed)
    return translation, rows


def spl_alerts(translation: Translation, plan: Plan, rows: Sequence[Row]) -> AlertSet:
    assert isinstance(plan, Correlation)
    assert translation.query is not None and translation.query.alert is not None
    alert = translation.query.alert
    keys = [alert.group[name] for name in plan.group_by]
    return {
        (tuple(text(row[key]) for key in keys), round(row[alert.time] * SECOND)) for row in rows
    }


def wanted_alerts(plan: Plan, events: Sequence[Event], now: int) -> AlertSet:
    return {(alert.group, alert.time) for alert in evaluate(plan, events, now)}


def columns_of(rows: Sequence[Row]) -> set[str]:
    return {name for row in rows for name in row}


__all__ = ["Any", "columns_of", "profile", "raw_events", "run_spl", "spl_alerts", "wanted_alerts"]
