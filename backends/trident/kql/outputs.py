"""Which columns a correlation's result shows, and which stage's match each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trident.kql import syntax
from trident.kql.rows import RowColumn, Rows
from trident.kql.script import inline
from trident.rule.plan import Aggregate, Ordered


@dataclass(frozen=True, slots=True)
class Output:
    """A result column: a field of a stage's match, or (without ``source``) the stage's time.

    ``stage`` is the index of the stage (ordered), of the branch (temporal), 0 (aggregate), or
    None for a group key. ``record`` marks a field of the one match that the alert is linked to.
    """

    name: str
    stage: int | None
    source: RowColumn | None = None
    after_last: str | None = None
    record: bool = False

    @property
    def item(self) -> str:
        """This column's item in the final ``project``."""
        name = syntax.name(self.name)
        if self.source is None:
            return name
        source = syntax.name(self.source.name)
        if self.after_last is not None:
            separator = syntax.literal(self.after_last)
            return f"{name} = tostring(split({source}, {separator})[-1])"
        return name if name == source else f"{name} = {source}"


def stage_branches(rows: Rows) -> list[tuple[int, ...]]:
    """The branches of each stage; an aggregate has one stage, a temporal one per rule."""
    trigger = rows.bound.plan.trigger
    if isinstance(trigger, Ordered):
        return list(trigger.stages)
    everything = tuple(range(len(rows.bound.branches)))
    return [everything] if isinstance(trigger, Aggregate) else [(i,) for i in everything]


def outputs(rows: Rows) -> list[Output]:
    """The result's columns after the time: keys that ``fields`` does not name, the record's
    fields, the named columns, then ``fields`` in its order, each once."""
    plan = rows.bound.plan
    stages = stage_branches(rows)
    keys = dict(zip(plan.group_by, rows.keys, strict=True))
    shown = [Output(key.name, None, key) for name, key in keys.items() if name not in plan.outputs]
    rows.shown.update((name, key.name) for name, key in keys.items())
    for field in plan.record:
        if field not in keys:
            source = rows.column(field, plan.firing_branches)
            shown.append(Output(source.name, len(stages) - 1, source, record=True))
            rows.shown[field] = source.name
    for column in plan.columns:
        stage = column.stage - 1 if column.stage is not None else None
        if column.field is None:
            shown.append(Output(rows.claim(column.name), stage))
            rows.shown[column.name] = shown[-1].name
            continue
        place, source = _source(rows, stages, column.field, stage)
        shown.append(Output(rows.claim(column.name), place, source, column.after_last))
        rows.shown[column.name] = shown[-1].name
    for field in plan.outputs:
        if field in keys:
            shown.append(Output(keys[field].name, None, keys[field]))
            continue
        if field in plan.record:
            continue
        place, source = _source(rows, stages, field, None)
        rows.shown[field] = source.name
        if not any(output.name == source.name for output in shown):
            shown.append(Output(source.name, place, source))
    return shown


def evidence(shown: Sequence[Output], stage: int) -> list[RowColumn]:
    """The columns of one stage's match that the result shows, without the record's."""
    sources = (o.source for o in shown if o.stage == stage and not o.record)
    return list(dict.fromkeys(source for source in sources if source is not None))


def record(
    rows: Rows, shown: Sequence[Output], matches: str, candidates: Sequence[str] = ()
) -> list[str]:
    """Add the record's fields: all of one match at the alert's time, that of the greatest first.

    ``matches`` is the let of the matches that fire, ``candidates`` the filter of those that do.
    """
    names = [syntax.name(output.name) for output in shown if output.record]
    if not names:
        return []
    by = ", ".join([*rows.key_names, rows.time])
    first, *rest = names
    # arg_max over all columns keeps one whole match; max() of each would mix two.
    one = f"arg_max({', '.join(names)})" if rest else f"{first} = max({first})"
    matched = inline([matches, *candidates, f"| summarize {one} by {by}"])
    return [f"| join kind=inner {matched} on {by}"]


def _source(
    rows: Rows, stages: Sequence[tuple[int, ...]], field: str, stage: int | None
) -> tuple[int, RowColumn]:
    """The latest stage (or the given one) whose matches have ``field``, and its column."""
    having = rows.having(field)
    places = [stage] if stage is not None else range(len(stages) - 1, -1, -1)
    for place in places:
        branches = tuple(index for index in stages[place] if index in having)
        if branches:
            return place, rows.column(field, branches)
    raise LookupError(field)
