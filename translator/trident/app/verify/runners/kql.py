"""KQL: bound by Microsoft's parser against the profile's schema, run on duckdb-kql."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb_kql  # noqa: F401 - says at once that the engine is missing

from trident.app.parsing.checkers.kql import KqlChecker
from trident.app.verify.native import native_rows
from trident.app.verify.runners import Alerts, EngineFault
from trident.engines.kusto.engine import KqlEngine
from trident.mapping.profiles import Profile
from trident.meaning.detection import text
from trident.meaning.events import Event
from trident.result.translation import Translation
from trident.rule.plan import Plan, Search


class KqlRunner:
    """One engine per set of tables, kept for the next query on the same ones."""

    def __init__(self) -> None:
        self._engines: dict[str, KqlEngine] = {}
        self._bound: dict[str, str | None] = {}
        self._checker = KqlChecker()

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
        query = translation.query
        full = self._checker.names(plan, profile)
        if query.text not in self._bound:
            self._bound[query.text] = self._checker.problem(query.text, full)
        if problem := self._bound[query.text]:
            raise EngineFault(f"Microsoft's parser: {problem}")
        schema = {name: named(columns, query.text, profile) for name, columns in full.items()}
        key = repr(sorted((name, sorted(columns.items())) for name, columns in schema.items()))
        if key not in self._engines:
            self._engines[key] = KqlEngine(schema)
        engine = self._engines[key]
        rows = native_rows(events, profile)
        engine.load(
            {
                name: [{c: v for c, v in row.items() if c in columns} for row in rows.get(name, ())]
                for name, columns in schema.items()
            }
        )
        try:
            results = engine.run(query.text, now)
        except Exception as error:
            raise EngineFault(f"duckdb-kql: {error}") from error
        if isinstance(plan, Search) or query.alert is None:
            return frozenset(((), row[profile.time]) for row in results)
        keys = [query.alert.group[name] for name in plan.group_by]
        time = query.alert.time
        return frozenset((tuple(text(row[key]) for key in keys), row[time]) for row in results)

    def seen(self, event: Event, profile: Profile) -> Event:
        """Kusto keeps what is given (100 ns are finer than our clock)."""
        return event

    def close(self) -> None:
        """Close every engine."""
        for engine in self._engines.values():
            engine.close()


def named(columns: Mapping[str, str], query: str, profile: Profile) -> dict[str, str]:
    """The columns that a query names: narrow tables load quickly, and the executor refuses a
    query that sees two columns which differ by case alone."""
    words = {*re.findall(r"\w+", query), profile.time}
    return {
        name: kind
        for name, kind in columns.items()
        if name in words or f"['{name}']" in query  # a name that is no word stands in brackets
    }
