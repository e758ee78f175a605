"""KQL: bound by Microsoft's parser against the profile's tables."""

from __future__ import annotations

from trident.app.parsing.checkers import Names
from trident.engines.kusto.engine import bind_query
from trident.mapping.binding import bind_accepted, bound_searches
from trident.mapping.profiles import Profile
from trident.result.translation import Checked
from trident.rule.plan import Plan


class KqlChecker:
    """The stored columns of the rule's tables are what a query may name."""

    packages = ("kustology",)
    passed = Checked.BOUND

    def names(self, plan: Plan, profile: Profile) -> Names:
        """Table -> column -> type. What the user passes through (``unmapped: keep``) is there."""
        tables: dict[str, dict[str, str]] = {}
        for search in bound_searches(bind_accepted(plan, profile)):
            table = search.source.table
            columns = tables.setdefault(table.name, {**table.stored, profile.time: "datetime"})
            columns |= {c.name: c.type for c in search.columns.values() if c.kept}
        return tables

    def problem(self, query: str, names: Names) -> str | None:
        """The errors of the binder."""
        try:
            return "; ".join(bind_query(query, names).errors) or None
        except ValueError as error:
            return str(error)
