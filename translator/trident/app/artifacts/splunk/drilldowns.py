"""Drilldown searches of a notable: the events around it, and the risk of what it is about.

The rule's own search is no drilldown: it looks back from the time it is run, not from the alert's.
"""

from __future__ import annotations

from collections.abc import Iterator

from trident.app.artifacts.deployment import Deployment
from trident.app.artifacts.splunk.rba import Assessment, Object
from trident.base.diagnostics import Refusal
from trident.mapping.resolver import resolve, resolve_source
from trident.rule.plan import Plan, Search
from trident.spl import syntax
from trident.spl.prefilter import place


def drilldowns(deployment: Deployment, assessed: Assessment) -> list[dict[str, str]]:
    """Name, search and time range of each, as contentctl and Enterprise Security spell them.

    ``$column$`` is the notable's value. Offsets are amounts of time before and after the alert
    (contentctl 5.6.2, objects/drilldown.py; Enterprise Security, drill-down offsets).
    """
    drilldowns = []
    for each in assessed.risk:
        events = list(dict.fromkeys(_events(deployment, deployment.plan, each.name, each)))
        if events:
            drilldowns.append(
                {
                    "name": f"View the events of ${each.column}$",
                    "search": " OR ".join(f"({clause})" for clause in events),
                    "earliest_offset": "$info_min_time$",
                    "latest_offset": "$info_max_time$",
                }
            )
        drilldowns.append(
            {
                "name": f"View the risk events of ${each.column}$ in the last 7 days",
                "search": "| from datamodel Risk.All_Risk "
                f'| search normalized_risk_object="${each.column}$"',
                "earliest_offset": "7d",
                "latest_offset": "0",
            }
        )
    return drilldowns


def _events(deployment: Deployment, plan: Plan, name: str, wanted: Object) -> Iterator[str]:
    """Search clauses that find the events of each base rule whose field has the alert's value."""
    if isinstance(plan, Search):
        profile = deployment.profile
        try:
            column = resolve(plan.logsource, name, profile)
        except Refusal:
            return
        if not column.expression:
            where = place(resolve_source(plan.logsource, profile).table, profile)
            field = syntax.name(syntax.native(column))
            yield f'{where.terms} {field}="${wanted.column}$"'
    elif name not in {column.name for column in plan.columns}:
        for branch in plan.branches:
            yield from _events(deployment, branch.matches, branch.field(name), wanted)
