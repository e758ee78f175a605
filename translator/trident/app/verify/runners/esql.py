"""ES|QL: parsed and type-checked by Elastic's package; nothing here can run it."""

from __future__ import annotations

from collections.abc import Sequence

import esql  # noqa: F401 - says at once that the parser is missing

from trident.app.parsing.checkers.esql import EsqlChecker
from trident.app.verify.runners import Alerts, EngineFault, NotRun
from trident.mapping.profiles import Profile
from trident.meaning.events import Event
from trident.result.translation import Translation
from trident.rule.plan import Plan


class EsqlRunner:
    """Checks queries."""

    def __init__(self) -> None:
        self._checker = EsqlChecker()

    def alerts(
        self,
        plan: Plan,
        translation: Translation,
        profile: Profile,
        events: Sequence[Event],
        now: int,
    ) -> Alerts:
        """See ``Runner.alerts``: a query that passes the check is still not run."""
        assert translation.query is not None
        error = self._checker.problem(translation.query.text, self._checker.names(plan, profile))
        if error is not None:
            raise EngineFault(error)
        raise NotRun("parsed and type-checked; nothing here runs ES|QL")

    def seen(self, event: Event, profile: Profile) -> Event:
        """Nothing runs, so nothing is changed."""
        return event

    def close(self) -> None:
        """Nothing to release."""
