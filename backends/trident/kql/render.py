"""A bound plan as a KQL query: flat lets, explicit joins, nothing an engine must guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trident.kql import ordered, syntax, windows
from trident.kql.baseline import baseline_outputs, passing
from trident.kql.behind import behind
from trident.kql.outputs import Output, outputs
from trident.kql.rows import RowColumn, Rows
from trident.kql.script import Period, Script, identifier, where
from trident.kql.syntax import name
from trident.mapping.binding import Bound, BoundCorrelation, BoundSearch
from trident.result.translation import AlertColumns, Query
from trident.rule.plan import Aggregate, Ordered, RuleCount, Together


def render(bound: Bound) -> Query:
    """The KQL query of a plan bound to a KQL profile.

    Raises:
        Refusal: when a detection cannot be said in KQL.
    """
    script = Script(alerts)
    if isinstance(bound, BoundSearch):
        return _search(script, bound)
    rows = Rows(script, bound)
    lines = _correlation(rows, Period.of(bound.plan.firing), shown=True)
    text = script.finish(lines)
    alert = AlertColumns(
        rows.time, dict(zip(bound.plan.group_by, (key.name for key in rows.keys), strict=True))
    )
    return _query(script, text, rows.shown, alert)


def _query(
    script: Script, text: str, columns: Mapping[str, str], alert: AlertColumns | None = None
) -> Query:
    written = script.detections
    notes, features = tuple(written.notes), tuple(written.features)
    return Query(text, alert, columns, notes=notes, features=features)


def alerts(
    script: Script, bound: BoundCorrelation, period: Period, further: Sequence[str] = ()
) -> str:
    """The alerts of a correlation that another one refers to, as a let: time, group keys, and the
    ``further`` names of the matches behind each, a row for each tuple of them."""
    rows = Rows(script, bound, further)
    lines = _correlation(rows, period, shown=False)
    # Two rows of one alert (several matches at its time) are one match of the outer rule.
    columns = ", ".join([rows.time, *rows.key_names])
    name = f"alerts_{bound.plan.identity.slug}"
    fired = script.let(name, [*lines, f"| distinct {columns}"])
    if not further:
        return fired
    return script.let(f"{name}_with", behind(rows, fired, period))


def _search(script: Script, bound: BoundSearch) -> Query:
    time, plan = bound.profile.time, bound.plan
    predicate = script.detections.predicate(bound)
    columns = {field: bound.column(field) for field in plan.outputs}
    lines = [
        name(bound.source.table.name),
        # The time first: Sentinel prunes by it before it reads any other column.
        *Period.of(plan.firing).where(time),
        *syntax.computed(bound.columns.values()),
        *script.detections.joined,
        where(predicate),
    ]
    shown = {
        field: identifier(column.name) if column.container else column.name
        for field, column in columns.items()
    }
    if shown:
        items = {name(shown[field]): syntax.reference(column) for field, column in columns.items()}
        listed = [key if key == item else f"{key} = {item}" for key, item in items.items()]
        # `project` renames and drops at once; `project-away` would need the table's columns.
        lines.append(syntax.command("project", [time, *listed]))
    elif script.detections.joined:
        lines.append(f"| project-away {', '.join(script.detections.joined_names)}")
    return _query(script, script.finish(lines), shown)


def _correlation(rows: Rows, period: Period, *, shown: bool) -> list[str]:
    plan = rows.bound.plan
    trigger = plan.trigger
    if isinstance(trigger, Ordered):
        if shown and len(trigger.stages) == 2 and not trigger.absent:
            return ordered.pairs(rows, trigger, period)
        return ordered.chains(rows, trigger, period, shown=shown)
    wanted = outputs(rows) if shown else []
    if isinstance(trigger, Aggregate):
        lines = _aggregate(rows, trigger, period, wanted, shown=shown)
    else:
        lines = _temporal(rows, trigger, period, wanted, shown=shown)
    return lines


def _aggregate(
    rows: Rows, trigger: Aggregate, period: Period, wanted: list[Output], *, shown: bool
) -> list[str]:
    plan = rows.bound.plan
    columns: list[RowColumn] = [
        *windows.value_columns(rows, trigger),
        *baseline_outputs(wanted),
    ]
    everywhere = range(len(plan.branches))
    alone = trigger.every_match
    back = period if alone else period.earlier(plan.timespan)
    if plan.baseline is not None:
        matches = passing(rows, plan.baseline, columns, plan.delay)
        if alone:
            matches += period.since(rows.time)
    else:
        matches = rows.union(everywhere, back, columns)
    if alone:
        return windows.matches_alone(rows, matches, wanted)
    table = rows.script.let("matches", matches, reused=True)
    lines = windows.aggregate(rows, trigger, table, wanted, shown=shown)
    return [*lines, *period.since(rows.time)]


def _temporal(
    rows: Rows,
    trigger: RuleCount | Together,
    period: Period,
    wanted: list[Output],
    *,
    shown: bool,
) -> list[str]:
    rule = rows.claim("Rule")
    everywhere = range(len(rows.bound.branches))
    back = period.earlier(rows.bound.plan.timespan)
    matches = rows.union(everywhere, back, baseline_outputs(wanted), rule=rule)
    table = rows.script.let("matches", matches, reused=True)
    lines = windows.temporal(rows, trigger, table, rule, wanted, shown=shown)
    return [*lines, *period.since(rows.time)]
