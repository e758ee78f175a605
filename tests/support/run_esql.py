"""Run a plan's ES|QL in the model of ``tests/esql/model`` and read its alerts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backends.detection import text
from backends.events import Event, to_micros
from backends.plan import Plan
from backends.profiles import Profile, default_profile, load_profiles, with_settings
from backends.translate import translate
from backends.translation import Translation
from tests.esql.model.engine import EsqlModel
from translator.verify.native import native_rows

AlertSet = set[tuple[tuple[str, ...], int]]


def esql_profile(stack: str = "9.4") -> Profile:
    """The default profile on a version of Elastic."""
    profile = load_profiles("esql")[default_profile("esql")]
    return with_settings(profile, {"stack": stack})


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
    time = alert.time if alert else "@timestamp"
    keys = [alert.group[name] for name in getattr(plan, "group_by", ())] if alert else []
    return {(tuple(text(row[key]) for key in keys), _micros(row[time])) for row in rows}


def _micros(time: Any) -> int:
    from datetime import UTC

    return to_micros(time.replace(tzinfo=UTC))
