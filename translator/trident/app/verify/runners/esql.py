"""ES|QL: parsed and type-checked by Elastic's package; nothing here can run it."""

from __future__ import annotations

from collections.abc import Sequence

from trident.app.verify.runners import Alerts, EngineFault, NotRun
from trident.engines.esql import engine as esql
from trident.mapping.binding import bind_accepted, bound_searches
from trident.mapping.profiles import Profile
from trident.meaning.events import Event
from trident.result.translation import Translation
from trident.rule.plan import Plan


class EsqlRunner:
    """Checks queries."""

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
        columns = {
            name: kind for source in profile.sources for name, kind in source.table.columns.items()
        }
        for search in bound_searches(bind_accepted(plan, profile)):
            columns |= {column.name: column.type for column in search.columns.values()}
        error = esql.parse(translation.query.text, columns, str(profile.settings["stack"]))
        if error is not None:
            raise EngineFault(error)
        raise NotRun("parsed and type-checked; nothing here runs ES|QL")

    def seen(self, event: Event, profile: Profile) -> Event:
        """Nothing runs, so nothing is changed."""
        return event

    def close(self) -> None:
        """Nothing to release."""
