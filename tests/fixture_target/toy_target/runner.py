"""The toy's engine: SQLite of the standard library, in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from trident.app.verify.native import native_rows
from trident.app.verify.runners import Alerts, EngineFault
from trident.mapping.binding import bind_accepted, bound_searches
from trident.mapping.profiles import Profile
from trident.meaning.events import Event
from trident.result.translation import Translation
from trident.rule.plan import Plan


class ToyRunner:
    """Makes the tables anew for each query."""

    def alerts(
        self,
        plan: Plan,
        translation: Translation,
        profile: Profile,
        events: Sequence[Event],
        now: int,
    ) -> Alerts:
        """See ``Runner.alerts``."""
        assert translation.query is not None
        rows = native_rows(events, profile)
        engine = sqlite3.connect(":memory:")
        engine.row_factory = sqlite3.Row
        try:
            for search in bound_searches(bind_accepted(plan, profile)):
                table = search.source.table
                names = [profile.time, *table.columns]
                listed = ", ".join(f'"{name}"' for name in names)
                engine.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({listed})")
                marks = ", ".join("?" * len(names))
                engine.executemany(
                    f"INSERT INTO {table.name} VALUES ({marks})",
                    [[row.get(name) for name in names] for row in rows.get(table.name, ())],
                )
            answer = engine.execute(translation.query.text).fetchall()
        except sqlite3.Error as error:
            raise EngineFault(f"sqlite: {error}") from error
        finally:
            engine.close()
        alert = translation.query.alert
        keys = list(alert.group.values()) if alert else []
        return frozenset((tuple(str(row[key]) for key in keys), row["time"]) for row in answer)

    def seen(self, event: Event, profile: Profile) -> Event:
        """SQLite keeps what it is given."""
        return event

    def close(self) -> None:
        """Nothing is kept open."""
