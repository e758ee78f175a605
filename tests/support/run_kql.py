"""Run a plan's KQL and read its alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trident.app.verify.native import native_rows
from trident.engines.kusto.engine import KqlEngine, Row, Schema
from trident.mapping.profiles import Profile, load_profiles
from trident.meaning.detection import text
from trident.meaning.events import Event
from trident.result.translation import Translation
from trident.rule.plan import Plan
from trident.translate.translate import translate

AlertSet = set[tuple[tuple[str, ...], int]]


def schema_of(profile: Profile, columns: set[str] | None = None) -> Schema:
    """The profile's tables with the mapped columns only (or those of them in ``columns``)."""
    schema: dict[str, dict[str, str]] = {}
    for source in profile.sources:
        table = schema.setdefault(source.table.name, {profile.time: "datetime"})
        for column in source.fields.values():
            if columns is None or column.name in columns:
                table[column.name] = column.type
    return schema


def kql_alerts(translation: Translation, plan: Plan, rows: Sequence[Row]) -> AlertSet:
    """The alert identities in result rows, group keys in the order of the plan's group-by."""
    assert translation.query is not None and translation.query.alert is not None
    alert = translation.query.alert
    keys = [alert.group[name] for name in plan.group_by]  # type: ignore[union-attr]
    return {(tuple(text(row[key]) for key in keys), row[alert.time]) for row in rows}


def run_kql(
    engine: Callable[[Schema], KqlEngine] | KqlEngine,
    plan: Plan,
    events: Sequence[Event],
    now: int,
    profile: str = "sentinel",
) -> tuple[Translation, list[Row]]:
    """Translate, load the events as the profile stores them, run."""
    bound: Any = load_profiles("kql")[profile]
    translation = translate(plan, bound)
    assert translation.query is not None, translation.error
    runner = engine if isinstance(engine, KqlEngine) else engine(schema_of(bound))
    runner.load(native_rows(events, bound))
    return translation, runner.run(translation.query.text, now)
