"""One runner a target: events as a profile stores them, a query run on an engine, its alerts.

The interface is small, so that a new target brings one module: :class:`Runner`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trident.app.verify.scenes import AlertId
from trident.mapping.profiles import Profile
from trident.meaning.events import Event
from trident.result.translation import Translation
from trident.rule.plan import Plan
from trident.target import registry

Alerts = frozenset[AlertId]


class NotRun(Exception):
    """The engine is not installed, or can only check the query and not run it."""


class EngineFault(Exception):
    """The engine rejects the query, or fails on it."""


class Runner(Protocol):
    """Runs translations of one target. Kept open over many queries; ``close`` ends it."""

    def alerts(
        self,
        plan: Plan,
        translation: Translation,
        profile: Profile,
        events: Sequence[Event],
        now: int,
    ) -> Alerts:
        """The alert identities that the query finds in ``events`` when it is ``now``.

        Raises:
            NotRun: without the engine; after a check that passed, for a target without one.
            EngineFault: when the query is not valid or the engine fails.
        """

    def seen(self, event: Event, profile: Profile) -> Event:
        """The event as the SIEM keeps it, where its ingest changes times or values."""

    def close(self) -> None:
        """Release the engine."""


def runner(target: str) -> Runner:
    """A runner of ``target``, imported when it is needed.

    Raises:
        NotRun: when the packages that it needs are not installed, or the target has none.
    """
    record = registry.target(target)
    if not record.runner:
        raise NotRun(f"no engine runs {target} here")
    try:
        make: Callable[[], Runner] = record.load(record.runner)
    except ModuleNotFoundError as error:
        raise NotRun(f"not installed: {error.name}; pip install 'sigma-trident[verify]'") from error
    return make()
