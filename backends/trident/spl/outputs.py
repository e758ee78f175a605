"""Which columns a correlation's result shows, and from which match each is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trident.rule.plan import Aggregate, Correlation, Ordered
from trident.spl.frame import Wanted
from trident.spl.stream import Rows


@dataclass(frozen=True, slots=True)
class Shown:
    """A result column: a group key or another field, or (``field`` None) a stage's time.

    ``stage`` is the index of an ordered correlation's stage; None means the latest that has it.
    """

    name: str
    field: str | None
    stage: int | None = None
    after_last: str | None = None


def shown(plan: Correlation) -> list[Shown]:
    """Keys that ``fields`` does not name, the named columns, then ``fields``; each name once."""
    keys = [Shown(name, name) for name in plan.group_by if name not in plan.outputs]
    named = [
        Shown(
            column.name,
            column.field,
            None if column.stage is None else column.stage - 1,
            column.after_last,
        )
        for column in plan.columns
    ]
    fields = [Shown(name, name) for name in plan.outputs]
    unique: dict[str, Shown] = {}
    for each in dict.fromkeys([*keys, *named, *fields]):
        name, number = each.name, 2
        while name in unique:
            name, number = f"{each.name}{number}", number + 1
        unique[name] = replace(each, name=name)
    return list(unique.values())


def wanted(rows: Rows, each: Shown) -> Wanted | None:
    """The match that a shown field comes from; None for a group key or a time."""
    plan = rows.bound.plan
    if each.field is None or (each.field in plan.group_by and each.stage is None):
        return None
    if isinstance(plan.trigger, Aggregate):
        return Wanted(each.field, None)
    everything = range(len(rows.labels))
    places = (
        plan.trigger.stages
        if isinstance(plan.trigger, Ordered)
        else [(branch,) for branch in everything]
    )
    having = set(rows.having(each.field))
    latest = (place for place in reversed(range(len(places))) if having & set(places[place]))
    return Wanted(each.field, each.stage if each.stage is not None else next(latest))
