"""``temporal_ordered``: pairs for two stages, chains carried stage by stage for more."""

from __future__ import annotations

from trident.kql import syntax
from trident.kql.outputs import Output, evidence, outputs, record
from trident.kql.rows import RowColumn, Rows
from trident.kql.script import Period, inline, slot, slots
from trident.rule.plan import Ordered
from trident.rule.raw import timespan


def pairs(rows: Rows, trigger: Ordered, period: Period) -> list[str]:
    """One row per pair of a two-stage correlation, with both matches' fields.

    The second stage reads the period itself, the first the timespan further back.
    """
    script, span = rows.script, rows.bound.plan.timespan
    shown = outputs(rows)
    wanted = [_sources(shown, stage) for stage in (0, 1)]
    started = _stage_times(rows, shown, 2)[0]
    first = script.let(
        "stage1", rows.union(trigger.stages[0], period.earlier(span), wanted[0], time=started)
    )
    last = script.let("stage2", rows.union(trigger.stages[1], period, wanted[1]))
    return [
        # The later match is on the left: its window looks back, so it goes into two slots.
        last,
        slots(rows.time, span),
        f"| join kind=inner {inline([first, f'| extend Slot = {slot(started, span)}'])} "
        f"on {', '.join([*rows.key_names, 'Slot'])}",
        f"| where ({rows.time} - {started}) between (0s .. {timespan(span)})",
        _project(rows, shown),
    ]


def chains(rows: Rows, trigger: Ordered, period: Period, *, shown: bool) -> list[str]:
    """One row per alert: the chain with the latest possible first match decides.

    Per stage, the latest start of a chain that reaches each match is carried to the next; then
    chains with a match of an absent rule inside are dropped.
    """
    script, span = rows.script, rows.bound.plan.timespan
    wanted = outputs(rows) if shown else []
    times = _stage_times(rows, wanted, len(trigger.stages))
    names: list[str] = []
    for index, branches in enumerate(trigger.stages):
        back = period.earlier(span) if index < len(times) - 1 else period
        lines = rows.union(branches, back, _sources(wanted, index), time=times[index])
        names.append(script.let(f"stage{index + 1}", lines, reused=True))
    keys = list(rows.key_names)
    start, reached = times[0], [names[0], f"| distinct {', '.join([*keys, times[0]])}"]
    for index in range(1, len(times)):
        if index > 1:
            reached = [script.let(f"chain{index}", reached)]
        here, before = times[index], times[index - 1]
        carried = times[1:index]
        by = ", ".join([*keys, here])
        joined = inline([*reached, f"| extend Slot = {slot(start, span)}"])
        reached = [
            names[index],
            f"| distinct {by}",
            slots(here, span),
            f"| join kind=inner {joined} on {', '.join([*keys, 'Slot'])}",
            f"| where ({here} - {start}) between (0s .. {timespan(span)})"
            + (f" and {before} <= {here}" if index > 1 else ""),
        ]
        if carried:
            # Per start the latest way to it, then the latest start: a later start never ends a
            # window sooner, so what leads up to an earlier one need not be carried.
            latest = ", ".join(f"{time} = max({time})" for time in carried)
            reached += [
                f"| summarize {latest} by {by}, {start}",
                f"| summarize arg_max({start}, {', '.join(carried)}) by {by}",
            ]
        else:
            reached.append(f"| summarize {start} = max({start}) by {by}")
    if trigger.absent:
        reached = _without(rows, trigger, period.earlier(span), reached, start, times[-1])
    for index, time in enumerate(times):
        reached += _evidence(rows, evidence(wanted, index), names[index], time)
    reached += record(rows, wanted, names[-1])
    if times[-1] != rows.time:
        reached.append(f"| project-rename {rows.time} = {times[-1]}")
    return [*reached, _project(rows, wanted)]


def _stage_times(rows: Rows, shown: list[Output], count: int) -> list[str]:
    """The time column of each stage: a named one where the rule shows it, the last the time."""
    named = {output.stage: output.name for output in shown if output.source is None}
    times = [named.get(stage) or rows.claim(f"Stage{stage + 1}Time") for stage in range(count - 1)]
    return [*times, rows.time]


def _sources(shown: list[Output], stage: int) -> list[RowColumn]:
    sources = (output.source for output in shown if output.stage == stage)
    return list(dict.fromkeys(source for source in sources if source is not None))


def _project(rows: Rows, shown: list[Output]) -> str:
    items = [output.item for output in shown] or list(rows.key_names)
    return syntax.command("project", [rows.time, *items])


def _without(
    rows: Rows, trigger: Ordered, period: Period, reached: list[str], start: str, end: str
) -> list[str]:
    """Drop chains that have a match of an absent rule in [start, end]."""
    script, span = rows.script, rows.bound.plan.timespan
    absent = script.let("absent", rows.union(trigger.absent, period, [], time="AbsentTime"))
    chained = script.let("chained", reached, reused=True)
    keys = list(rows.key_names)
    joined = inline([absent, f"| extend Slot = {slot('AbsentTime', span)}"])
    broken = inline(
        [
            chained,
            slots(end, span),
            f"| join kind=inner {joined} on {', '.join([*keys, 'Slot'])}",
            f"| where AbsentTime between ({start} .. {end})",
            f"| distinct {', '.join([*keys, end])}",
        ]
    )
    # leftanti on key and end: a chain stays when no absent match was joined to it.
    return [chained, f"| join kind=leftanti {broken} on {', '.join([*keys, end])}"]


def _evidence(rows: Rows, columns: list[RowColumn], table: str, time: str) -> list[str]:
    """Add a stage's fields at the chain's match; of several at one time, each field's greatest."""
    if not columns:
        return []
    by = ", ".join([*rows.key_names, time])
    names = [syntax.name(column.name) for column in columns]
    latest = ", ".join(f"{name} = max({name})" for name in names)
    return [f"| join kind=leftouter {inline([table, f'| summarize {latest} by {by}'])} on {by}"]
