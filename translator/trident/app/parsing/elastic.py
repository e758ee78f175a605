"""The fields that a query of Elasticsearch may name, with their types."""

from __future__ import annotations

from trident.mapping.binding import bind_accepted, bound_searches
from trident.mapping.profiles import Profile
from trident.rule.plan import Plan


def typed_fields(plan: Plan, profile: Profile) -> dict[str, str]:
    """Field -> type: those of the tables that a rule reads, and those of a data set without a
    fixed list of fields (``winlog.event_data``) that the rule names.

    A column that the query computes is not among them: who names it has to define it.
    """
    fields = {profile.time: "datetime"}
    for search in bound_searches(bind_accepted(plan, profile)):
        fields |= search.source.table.stored
        fields |= {c.name: c.type for c in search.columns.values() if not c.expression}
    return fields
