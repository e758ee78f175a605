"""``temporal_ordered``: from each last match back through the stages, as late as possible.

The latest possible first match decides (docs/semantics.md, temporal_ordered). It is found backwards:
the latest match of the stage before, at or before it the latest of the stage before that, ...
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.esql import syntax
from backends.esql.outputs import Output, sources, time_of
from backends.esql.points import TIME_DIGITS, Part, Points, by
from backends.esql.stream import Rows
from backends.esql.windows import Fired, evidence
from backends.plan import Ordered


def ordered(rows: Rows, trigger: Ordered, shown: Sequence[Output], since: str) -> Fired:
    """One row per alert: the chain with the latest possible first match."""
    stream = rows.stream
    claim, rule, time = stream.claim, stream.rule, stream.time
    columns = sources(shown)
    points = Points.over(
        rows,
        [
            Part.label(rule),
            *(Part.of(c, claim(syntax.identifier(f"{c.name}_text"))) for c in columns),
        ],
    )
    tests = [stream.is_rule(rows.labels_of(branches)) for branches in trigger.stages]
    stages = [claim(f"stage{index + 1}") for index in range(len(tests))]
    last = len(stages) - 1
    lines = [
        *rows.assigned([*rows.keys, *columns]),
        *points.windows(tests[last], since),
    ]
    latest = [_latest(stages[last], points, tests[last])] if rows.shows or not last else []
    carried = [*rows.key_names, time, *([stages[last]] if latest else [])]
    absent = claim("absent") if trigger.absent else ""
    if absent:
        test = stream.is_rule(rows.labels_of(trigger.absent))
        latest.append(f"{absent} = MAX({points.match}) WHERE {test}")
        carried.append(absent)
    back = last
    while back > 0:
        back -= 1
        latest.append(_latest(stages[back], points, tests[back]))
        more = [f"{points.point} = VALUES({points.point})"] if back > 0 else []
        grouped = rows.key_names if back == last - 1 else carried[:-1]
        grouped = [*rows.key_names, time] if back == last - 1 else carried
        lines.append(f"| STATS {syntax.listed([*latest, *more])}{by(grouped)}")
        lines.append(f"| WHERE {stages[back]} IS NOT NULL")
        carried.append(stages[back])
        latest = []
        if back > 0:
            lines += [
                f"| MV_EXPAND {points.point}",
                *points.apart(),
                f"| WHERE LEFT({points.point}, {TIME_DIGITS}) <= LEFT({stages[back]}, "
                f"{TIME_DIGITS})",
            ]
    if not last:
        lines.append(f"| STATS {syntax.listed(latest)}{by(rows.key_names, time)}")
    if absent:
        lines.append(f"| WHERE {absent} IS NULL OR {absent} < {time_of(stages[0])}")
    if not rows.shows:
        return Fired(lines)
    times = {index: claim(f"Stage{index + 1}Time") for index in range(last)}
    return evidence(rows, lines, points, dict(enumerate(stages)), times, shown)


def _latest(stage: str, points: Points, test: str) -> str:
    return f"{stage} = MAX({points.point}) WHERE {test}"
