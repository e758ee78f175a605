"""``temporal_ordered``: from each last match back through the stages, as late as possible.

The latest possible first match decides (docs/semantics.md, temporal_ordered). It is found from the
end: the latest match of the stage before the last, at or before it the latest of the one before...
"""

from __future__ import annotations

from collections.abc import Sequence

from trident.esql import syntax
from trident.esql.commands import stats
from trident.esql.fired import Fired, evidence, part
from trident.esql.outputs import Output, sources, time_of
from trident.esql.points import TIME_DIGITS, Part, Points
from trident.esql.stream import Rows
from trident.rule.plan import Ordered


def ordered(rows: Rows, trigger: Ordered, shown: Sequence[Output], since: str) -> Fired:
    """One row per alert of two or more stages: the chain with the latest possible start."""
    stream = rows.stream
    columns = sources(shown)
    points = Points.over(rows, [Part.label(stream.rule), *(part(rows, c) for c in columns)])
    tests = [stream.is_rule(rows.labels_of(branches)) for branches in trigger.stages]
    stages = [stream.claim(f"stage{index + 1}") for index in range(len(tests))]
    last = len(stages) - 1
    lines = [*rows.assigned([*rows.keys, *columns]), *points.windows(tests[last], since)]
    decided = [*rows.key_names, stream.time]
    latest = {stages[last]: f"MAX({points.point}) WHERE {tests[last]}"} if rows.shows else {}
    absent = stream.claim("absent")
    if trigger.absent:
        test = stream.is_rule(rows.labels_of(trigger.absent))
        latest[absent] = f"MAX({points.match}) WHERE {test}"
    for index in range(last - 1, -1, -1):
        stage = stages[index]
        latest[stage] = f"MAX({points.point}) WHERE {tests[index]}"
        # The pairs of the window once more for the stage before, which may lie no later.
        again = {points.point: f"VALUES({points.point})"} if index else {}
        made = [f"{name} = {value}" for name, value in (latest | again).items()]
        lines += [stats(made, decided), f"| WHERE {stage} IS NOT NULL"]
        if index:
            lines += [
                f"| MV_EXPAND {points.point}",
                *points.apart(),
                f"| WHERE {_time(points.point)} <= {_time(stage)}",
            ]
        decided += latest
        latest = {}
    if trigger.absent:
        lines.append(f"| WHERE {absent} IS NULL OR {absent} < {time_of(stages[0])}")
    if not rows.shows:
        return Fired(lines)
    times = {index: stream.claim(f"Stage{index + 1}Time") for index in range(last)}
    return evidence(rows, lines, points, dict(enumerate(stages)), times, shown)


def _time(point: str) -> str:
    """The text of a point's time."""
    return f"LEFT({syntax.name(point)}, {TIME_DIGITS})"
