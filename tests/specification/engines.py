"""A row on a target's engine: the level that the target says, and the alerts that its query finds.

KQL, SPL and EQL run as ``trident verify`` runs them; ES|QL, for which no engine exists here, in
the model of ``tests/backends/esql/model``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from tests.specification.rows import Alerts, Case, Row
from tests.support.generate import NOW
from tests.support.selection import LAB, lab_profile
from trident.app.verify.compare import Observed, compare
from trident.app.verify.native import native_rows
from trident.app.verify.runners import Runner, runner
from trident.mapping.profiles import Profile, default_profile, load_profiles
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.result.translation import Fidelity, Translation
from trident.rule.plan import Plan, reach, searches
from trident.translate.translate import translate

WITH_ADDRESSES = ("eql", "esql")
"""The targets that have a type for addresses; elsewhere they are texts."""

MODELLED = "esql"
"""The target whose queries run in the tests' model."""


def profile_of(row: Row, plan: Plan, target: str, columns: Mapping[str, str]) -> Profile:
    """The lab's one table, or the default profile for a row with a log source of its own."""
    if any(search.logsource != LAB for search in searches(plan)):
        return load_profiles(target)[default_profile(target)]
    typed = {**dict.fromkeys("fgh", "string"), **columns, **row.data.get("columns", {})}
    if target not in WITH_ADDRESSES:
        typed = {name: "string" if kind == "ip" else kind for name, kind in typed.items()}
    return lab_profile(target, {name: (name, kind) for name, kind in typed.items()})


def joined(cases: Sequence[Case], plan: Plan) -> list[Event]:
    """The events of all cases as one timeline, so that a query runs once: each case so much earlier
    than the one before it that no window reaches from one into another."""
    times = [event.time for case in cases for event in case.events]
    apart = max(times) - min(times) + 2 * (reach(plan) + 1) * SECOND
    return [
        replace(event, time=event.time - number * apart)
        for number, case in enumerate(cases)
        for event in case.events
    ]


class Engines:
    """The engine of one target, kept open over many rows."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._runner: Runner | None = None if target == MODELLED else runner(target)
        self._models: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (*self._models.values(), *filter(None, [self._runner])):
            each.close()

    def check(self, row: Row, columns: Mapping[str, str]) -> None:
        """What the target makes of a row must be what the row says.

        Raises:
            AssertionError: with the row and the difference.
        """
        cases = list(row.cases())
        for plan in row.plans:
            profile = profile_of(row, plan, self.target, columns)
            translation = translate(plan, profile)
            code = row.refusal(self.target)
            error = translation.error
            assert (error.code if error else "") == code, (row.why, self.target, error)
            if code:
                continue
            assert translation.fidelity == row.level(self.target), (
                row.why,
                self.target,
                translation.level,
            )
            if cases:
                self._run(row, plan, translation, profile, joined(cases, plan))

    def _run(
        self,
        row: Row,
        plan: Plan,
        translation: Translation,
        profile: Profile,
        events: Sequence[Event],
    ) -> None:
        kept = self._seen(events, profile)
        wanted = frozenset((each.group, each.time) for each in evaluate(plan, kept, NOW))
        emitted = self._alerts(plan, translation, profile, kept)
        verdict = compare(plan, translation, kept, wanted, emitted)
        assert translation.query is not None
        said = (row.why, self.target, verdict, translation.query.text)
        assert not verdict.failed and verdict.observed is not Observed.NOTED, said
        if translation.fidelity is Fidelity.EXACT:
            assert emitted == wanted, said

    def _seen(self, events: Sequence[Event], profile: Profile) -> list[Event]:
        if self._runner is not None:
            return [self._runner.seen(event, profile) for event in events]
        # Elastic's parser package is not everywhere; importing the model needs it.
        from tests.support.run_esql import stored

        return stored(events, profile)

    def _alerts(
        self, plan: Plan, translation: Translation, profile: Profile, events: Sequence[Event]
    ) -> Alerts:
        if self._runner is not None:
            return self._runner.alerts(plan, translation, profile, events, NOW)
        from tests.backends.esql.model.engine import EsqlModel
        from tests.support.run_esql import esql_alerts

        key = repr([(source.table.name, source.table.columns) for source in profile.sources])
        if key not in self._models:
            self._models[key] = EsqlModel(profile)
        model = self._models[key]
        model.load(native_rows(events, profile))
        assert translation.query is not None
        return frozenset(esql_alerts(translation, plan, model.run(translation.query.text, NOW)))
