"""EQL: run on the ``eql`` package, in a worker process that behaves as Elasticsearch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from trident.app.verify.elastic import documents, fill, identity, indexed, requests
from trident.app.verify.native import native_rows
from trident.app.verify.runners import Alerts, EngineFault
from trident.app.verify.scenes import AlertId
from trident.engines.eql.engine import EqlEngine, EqlError
from trident.mapping.profiles import Profile
from trident.mapping.resolver import resolve_source
from trident.meaning.detection import text
from trident.meaning.evaluate import history
from trident.meaning.events import SECOND, Event
from trident.result.translation import Translation
from trident.rule.plan import Correlation, Plan

if find_spec("eql") is None:
    raise ModuleNotFoundError("no module named 'eql'", name="eql")

MILLISECOND = SECOND // 1000


class EqlRunner:
    """One worker process, started with the first query."""

    def __init__(self) -> None:
        self._engine = EqlEngine()

    def alerts(
        self,
        plan: Plan,
        translation: Translation,
        profile: Profile,
        events: Sequence[Event],
        now: int,
    ) -> Alerts:
        """See ``Runner.alerts``. A sequence that ends before the lookback is dropped (TRI453)."""
        indexed = documents(native_rows(events, profile), profile)
        values = parameters(plan, events, now)
        if values is None:
            return frozenset()
        alerts: set[AlertId] = set()
        try:
            for request, alert in requests(translation):
                body = {**request["body"], "query": fill(request["body"]["query"], values)}
                for each in self._engine.search({**request, "body": body}, indexed, now):
                    if alert is None:
                        alerts.add(((), each.documents[-1][profile.time]))
                    else:
                        alerts.add(identity(each, plan, alert))
        except EqlError as error:
            raise EngineFault(str(error)) from error
        noted = any(note.code == "TRI453" for note in translation.notes)
        if noted and isinstance(plan, Correlation) and plan.lookback is not None:
            first = now - plan.lookback * SECOND
            alerts = {(group, time) for group, time in alerts if time >= first}
        return frozenset(alerts)

    def seen(self, event: Event, profile: Profile) -> Event:
        """Elasticsearch's date holds milliseconds; the ingest pipelines lower-case some fields, and
        a field holds no value that is not of its type."""
        source = resolve_source(event.logsource, profile)
        lowered = source.table.settings.get("lowercase", ())
        fields = dict(event.fields)
        for name, value in event.fields.items():
            column = source.column(name)
            if column is None:
                continue
            if indexed(column.name, value, source.table) is None:
                del fields[name]
            elif column.name in lowered and isinstance(value, str):
                fields[name] = value.lower()
        return replace(event, time=event.time - event.time % MILLISECOND, fields=fields)

    def close(self) -> None:
        """End the worker process."""
        self._engine.close()


def parameters(plan: Plan, events: Sequence[Event], now: int) -> dict[str, Any] | None:
    """A baseline query's parameters, filled from the evaluator's history as the companion
    request would fill them; None when a limit has no value, and the query is not to be run."""
    if not isinstance(plan, Correlation) or plan.baseline is None:
        return {}
    learned = history(plan, events, now)
    values: dict[str, Any] = {}
    exceeds = plan.baseline.exceeds
    if exceeds is not None:
        limit = learned.limits.get(())
        if limit is None:
            return None
        if exceeds.stdevs is not None:
            values["LIMIT"] = float(limit.value) + exceeds.stdevs * math.sqrt(limit.variance)
        else:
            name = f"P{exceeds.percentile}" if exceeds.percentile else exceeds.statistic.upper()
            # The factor stands in the query; the evaluator's limit has it.
            factor = exceeds.factor if exceeds.factor is not None else 1
            values[name] = float(limit.value) / factor
    if plan.baseline.unseen:
        values["SEEN"] = sorted({text(key[0]) for key in learned.seen if key[0]})
    return values
