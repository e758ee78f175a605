"""Found alerts against expected ones, as far as a translation's level and notes promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from trident.app.verify.scenes import AlertId
from trident.meaning.detection import missing, text
from trident.meaning.evaluate import base_tests, matching
from trident.meaning.events import SECOND, Event
from trident.result.translation import Fidelity, Translation
from trident.rule.plan import Correlation, Plan, reach


class Observed(StrEnum):
    """What the engine showed of a translation, best first."""

    EXACT = "exact"
    COVERING = "covering"
    SOUND = "sound"
    WIDE = "wide"
    NOTED = "as noted"
    DIFFERS = "differs"
    FAULT = "fault"
    NOT_RUN = "not run"
    REFUSED = "refused"

    @property
    def rank(self) -> int:
        """The place in this list: the higher, the less was shown."""
        return list(Observed).index(self)


_TIES = "TRI451"
"""The note of a target that takes events of one time in an order of its own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one rule, target and profile on one log.

    ``missing`` and ``extra`` contradict the declared level; ``noted`` are differences that a
    note of the translation declares.
    """

    observed: Observed
    expected: frozenset[AlertId] = frozenset()
    emitted: frozenset[AlertId] = frozenset()
    missing: frozenset[AlertId] = frozenset()
    extra: frozenset[AlertId] = frozenset()
    noted: frozenset[AlertId] = frozenset()
    problem: str = ""

    @property
    def failed(self) -> bool:
        """Whether the query is not what it says it is."""
        return self.observed in (Observed.DIFFERS, Observed.FAULT)


def compare(
    plan: Plan,
    translation: Translation,
    events: Sequence[Event],
    expected: frozenset[AlertId],
    emitted: frozenset[AlertId],
) -> Verdict:
    """The verdict of a run: exact and parameterised queries find the expected alerts, covering
    ones an alert of the same group inside the window of each, sound ones no others, wide ones all
    of them."""
    extra, missed = emitted - expected, expected - emitted
    if not extra and not missed:
        return Verdict(Observed.EXACT, expected, emitted)
    level = Observed.DIFFERS
    if translation.fidelity is Fidelity.COVERING and isinstance(plan, Correlation):
        missed = frozenset(alert for alert in missed if not _covered(plan, alert, emitted))
        level = Observed.COVERING
    elif translation.fidelity is Fidelity.SOUND:
        missed, level = frozenset(), Observed.SOUND
    elif translation.fidelity is Fidelity.WIDE:
        extra, level = frozenset(), Observed.WIDE
    noted = frozenset(alert for alert in missed | extra if _tied(plan, translation, events, alert))
    missed, extra = missed - noted, extra - noted
    if missed or extra:
        return Verdict(Observed.DIFFERS, expected, emitted, missed, extra, noted)
    return Verdict(Observed.NOTED if noted else level, expected, emitted, noted=noted)


def timeline(plan: Plan, events: Sequence[Event], alert: AlertId) -> list[Event]:
    """The matching events of an alert's group in its window: what a person looks at first."""
    group, time = alert
    span = reach(plan) * SECOND
    near = (event for event in events if abs(event.time - time) <= span)
    return [event for event in matching(plan, near) if _belongs(plan, event, group)]


def _covered(plan: Correlation, alert: AlertId, emitted: frozenset[AlertId]) -> bool:
    group, time = alert
    first = time - plan.timespan * SECOND
    return any(other == group and first <= at <= time for other, at in emitted)


def _tied(plan: Plan, translation: Translation, events: Sequence[Event], alert: AlertId) -> bool:
    """Whether the note on ties explains the difference: in the alert's window two events have
    one time, or one event matches two rules."""
    if not any(note.code == _TIES for note in translation.notes):
        return False
    near = [
        event
        for event in timeline(plan, events, alert)
        if event.time <= alert[1] and not _keyless(plan, event)
    ]
    if len({event.time for event in near}) < len(near):
        return True
    tests = base_tests(plan).values()
    return any(sum(test(event) for test in tests) > 1 for event in near)


def _keyless(plan: Plan, event: Event) -> bool:
    """Whether the event has no group key and takes no part; shown, but no tie."""
    if not isinstance(plan, Correlation) or any(b.keys != plan.group_by for b in plan.branches):
        return False
    return any(missing(event.fields.get(name)) for name in plan.group_by)


def _belongs(plan: Plan, event: Event, group: tuple[str, ...]) -> bool:
    """Whether a match may be of the group: with a plain group key, only one that has it or none."""
    if not isinstance(plan, Correlation) or any(b.keys != plan.group_by for b in plan.branches):
        return True
    key = [event.fields.get(name) for name in plan.group_by]
    return _keyless(plan, event) or tuple(map(text, key)) == group
