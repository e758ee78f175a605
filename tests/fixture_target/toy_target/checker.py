"""The toy's parser: SQLite prepares a query against empty tables."""

from __future__ import annotations

import sqlite3

from trident.app.parsing.checkers import Names
from trident.mapping.binding import bind_accepted, bound_searches
from trident.mapping.profiles import Profile
from trident.result.translation import Checked
from trident.rule.plan import Plan


class ToyChecker:
    """SQLite looks every name up when it prepares a query."""

    packages = ("sqlite3",)
    passed = Checked.BOUND

    def names(self, plan: Plan, profile: Profile) -> Names:
        """Table -> columns."""
        tables = [search.source.table for search in bound_searches(bind_accepted(plan, profile))]
        return {table.name: [profile.time, *table.columns] for table in tables}

    def problem(self, query: str, names: Names) -> str | None:
        """What SQLite says when it does not prepare the query."""
        engine = sqlite3.connect(":memory:")
        try:
            for table, columns in names.items():
                listed = ", ".join(f'"{name}"' for name in columns)
                engine.execute(f"CREATE TABLE {table} ({listed})")
            engine.execute(f"EXPLAIN {query}")
        except sqlite3.Error as error:
            return str(error)
        finally:
            engine.close()
        return None
