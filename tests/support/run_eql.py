"""Run a plan's EQL and read its alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trident.app.verify.elastic import documents, fill, identity, requests
from trident.app.verify.native import native_rows
from trident.engines.eql.engine import EqlEngine
from trident.engines.eql.query_dsl import selects
from trident.eql.dsl import matches
from trident.mapping.binding import BoundSearch, bind
from trident.mapping.profiles import Profile, default_profile, load_profiles
from trident.meaning.evaluate import base_tests, evaluate
from trident.meaning.events import SECOND, Event
from trident.result.translation import Fidelity, Translation
from trident.rule.plan import Correlation, Plan, Search
from trident.translate.translate import translate

Alerts = set[tuple[tuple[str, ...], int]]


def eql_profile() -> Profile:
    """The default profile."""
    return load_profiles("eql")[default_profile("eql")]


def eql_types(profile: Profile) -> dict[str, str]:
    """The type of every field of the profile's data sets."""
    return {name: kind for source in profile.sources for name, kind in source.table.columns.items()}


def selected(engine: EqlEngine, plan: Search, events: Sequence[Event], query: str) -> set[int]:
    """The times of the events that a rule's query selects. Query DSL, which the baseline's request
    speaks, must select the same ones."""
    profile = eql_profile()
    indexed = documents(native_rows(events, profile), profile)
    bound = bind(plan, profile)
    assert isinstance(bound, BoundSearch)
    clause = matches(bound)
    found = {f.documents[0][profile.time] for f in engine.run(query, indexed, profile.time)}
    learned = {d[profile.time] for d in indexed if selects(clause, d, 0)}
    assert learned == found, clause
    return found


def run_eql(
    engine: EqlEngine, plan: Plan, events: Sequence[Event], now: int
) -> tuple[Translation, Alerts]:
    """Translate, index the events as the integrations would, run every request of the query."""
    translation = translate(plan, eql_profile())
    assert translation.query is not None, translation.error
    return translation, eql_alerts(engine, translation, plan, events, now)


def eql_alerts(
    engine: EqlEngine, translation: Translation, plan: Plan, events: Iterable[Event], now: int
) -> Alerts:
    """The alerts of a translation. One that ends before the lookback is dropped (TRI453)."""
    # The runner refuses to load where the eql package is missing; the engine's fixture skips there.
    from trident.app.verify.runners.eql import parameters

    profile = eql_profile()
    log = list(events)
    indexed = documents(native_rows(log, profile), profile)
    values = parameters(plan, log, now)
    if values is None:
        return set()
    alerts = set()
    for request, alert in requests(translation):
        assert alert is not None
        body = {**request["body"], "query": fill(request["body"]["query"], values)}
        for found in engine.search({**request, "body": body}, indexed, now):
            alerts.add(identity(found, plan, alert))
    if isinstance(plan, Correlation) and plan.lookback is not None:
        first = now - plan.lookback * SECOND
        noted = any(note.code == "TRI453" for note in translation.notes)
        alerts = {(group, time) for group, time in alerts if time >= first or not noted}
    return alerts


def expected(plan: Plan, events: Sequence[Event], now: int) -> Alerts:
    """The definition's alerts."""
    return {(alert.group, alert.time) for alert in evaluate(plan, events, now)}


def difference(
    plan: Plan, fidelity: Fidelity, found: Alerts, wanted: Alerts
) -> Mapping[str, Alerts]:
    """What contradicts the level: alerts too many, and alerts without a cover (or missing)."""
    extra = found - wanted
    if fidelity is not Fidelity.COVERING:
        lost = wanted - found
    else:
        assert isinstance(plan, Correlation)
        span = plan.timespan * SECOND
        lost = {
            (group, time)
            for group, time in wanted
            if not any(g == group and time - span <= t <= time for g, t in found)
        }
    return {name: alerts for name, alerts in (("extra", extra), ("lost", lost)) if alerts}


def ambiguous(plan: Plan, events: Iterable[Event]) -> bool:
    """Whether one event matches two of the plan's rules: a tie with itself (TRI451)."""
    tests = base_tests(plan).values()
    return any(sum(test(event) for test in tests) > 1 for event in events)
