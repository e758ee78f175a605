"""Run a plan's ES|QL in the model of ``tests/esql/model`` and read its alerts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.backends.esql.model.engine import EsqlModel
from trident.app.verify.native import native_rows
from trident.mapping.profiles import Profile, default_profile, load_profiles, with_settings
from trident.mapping.resolver import resolve_source
from trident.meaning.detection import text
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event, to_micros
from trident.result.translation import Translation
from trident.rule.plan import Correlation, Plan
from trident.translate.translate import translate

AlertSet = set[tuple[tuple[str, ...], int]]
MILLISECOND = SECOND // 1000


def esql_profile(stack: str = "9.4") -> Profile:
    """The default profile on a version of Elastic."""
    profile = load_profiles("esql")[default_profile("esql")]
    return with_settings(profile, {"stack": stack})


def stored(events: Iterable[Event], profile: Profile) -> list[Event]:
    """Events as Elasticsearch keeps them: times in whole milliseconds (TRI452), and fields that the
    ingest pipeline lower-cases so (TRI460)."""
    found = []
    for event in events:
        source = resolve_source(event.logsource, profile)
        lowered = source.table.settings.get("lowercase", ())
        fields = {
            name: value.lower()
            if isinstance(value, str) and (c := source.column(name)) and c.name in lowered
            else value
            for name, value in event.fields.items()
        }
        found.append(replace(event, time=event.time - event.time % MILLISECOND, fields=fields))
    return found


def run_esql(
    model: EsqlModel, plan: Plan, events: Sequence[Event], now: int
) -> tuple[Translation, list[dict[str, Any]]]:
    """Translate, check, load the events as the profile stores them, run."""
    translation = translate(plan, model.profile)
    assert translation.query is not None, translation.error
    model.load(native_rows(events, model.profile))
    return translation, model.run(translation.query.text, now)


def esql_alerts(translation: Translation, plan: Plan, rows: Sequence[dict[str, Any]]) -> AlertSet:
    """The alert identities in result rows, group keys in the order of the plan's group-by."""
    assert translation.query is not None
    alert = translation.query.alert
    if not isinstance(plan, Correlation) or alert is None:
        return {((), micros(row["@timestamp"])) for row in rows}
    keys = [alert.group[name] for name in plan.group_by]
    return {(tuple(text(row[key]) for key in keys), micros(row[alert.time])) for row in rows}


def check(model: EsqlModel, plan: Plan, events: Iterable[Event], now: int) -> bool:
    """Whether the plan fires on the events; the query's alerts must be the evaluator's."""
    log = stored(events, model.profile)
    want = {(alert.group, alert.time) for alert in evaluate(plan, log, now)}
    translation, rows = run_esql(model, plan, log, now)
    found = esql_alerts(translation, plan, rows)
    assert found == want, f"missing {want - found}, extra {found - want}\n{translation.query}"
    return bool(want)


def micros(time: datetime) -> int:
    """A result's time in microseconds since the epoch."""
    return to_micros(time.replace(tzinfo=UTC))
