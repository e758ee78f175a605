"""The fields that a query of Elasticsearch may name, with their types."""

from __future__ import annotations

from trident.mapping.binding import Bound, BoundSearch, bind_accepted, bound_searches
from trident.mapping.profiles import Profile
from trident.rule.plan import Plan, output_fields


def typed_fields(plan: Plan, profile: Profile) -> dict[str, str]:
    """Field -> type: those of the tables that a rule reads, and those of a data set without a
    fixed list of fields (``winlog.event_data``) that the rule names.

    A column that the query computes is not among them: who names it has to define it.
    """
    fields = {profile.time: "datetime"}
    bound = bind_accepted(plan, profile)
    _shown(bound)
    for search in bound_searches(bound):
        fields |= search.source.table.stored
        fields |= {c.name: c.type for c in search.columns.values() if not c.expression}
    return fields


def _shown(bound: Bound) -> None:
    """Look up what a renderer looks up besides: the shown fields, on each rule that has them."""
    if isinstance(bound, BoundSearch):
        return
    for branch in bound.branches:
        if isinstance(branch.matches, BoundSearch):
            for name in output_fields(bound.plan):
                branch.matches.find(branch.plan.field(name))
        else:
            _shown(branch.matches)
