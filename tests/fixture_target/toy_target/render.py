"""A bound plan as the toy's SQL."""

from __future__ import annotations

from toy_target.detections import ToyDetections

from trident.base.diagnostics import Refusal
from trident.mapping.binding import Bound, BoundSearch
from trident.result.translation import AlertColumns, Query
from trident.rule.plan import Aggregate


def render(bound: Bound) -> Query:
    """The SQL of a plan.

    Raises:
        Refusal: for a part that the toy cannot say.
    """
    detections = ToyDetections()
    if isinstance(bound, BoundSearch):
        text = f"SELECT * FROM {bound.source.table.name}\nWHERE {detections.predicate(bound)}\n"
        return Query(text, features=tuple(detections.features))
    (branch,) = bound.branches
    trigger, matches = bound.plan.trigger, branch.matches
    assert isinstance(trigger, Aggregate) and isinstance(matches, BoundSearch)
    if bound.plan.run is not None:
        raise Refusal("TRI359", "the toy has no current time")
    keys = [f'"{matches.column(name).name}"' for name in branch.plan.keys]
    given = [f"coalesce({key}, '') <> ''" for key in keys]
    tests = " AND ".join([f"({detections.predicate(matches)})", *given])
    partition = f"PARTITION BY {', '.join(keys)} " if keys else ""
    span = bound.plan.timespan * 1_000_000
    columns = ", ".join(["time", *keys])
    text = (
        f"SELECT DISTINCT {columns} FROM (\n"
        f"  SELECT {columns}, count(*) OVER (\n"
        f"    {partition}ORDER BY time RANGE BETWEEN {span} PRECEDING AND CURRENT ROW\n"
        f"  ) AS matches\n"
        f"  FROM {matches.source.table.name} WHERE {tests}\n"
        f") WHERE matches >= {trigger.comparisons[0].number}\n"
    )
    names = dict(zip(bound.plan.group_by, (key.strip('"') for key in keys), strict=True))
    return Query(text, AlertColumns("time", names), features=tuple(detections.features))
