"""``temporal``: which rules have a match in each trailing window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trident.esql.commands import stats
from trident.esql.fired import Fired, compared, evidence, part
from trident.esql.outputs import Output, sources
from trident.esql.points import Part, Points
from trident.esql.stream import Rows
from trident.rule.plan import AllOf, AnyOf, Expression, Has, Not, RuleCount, Together


def temporal(
    rows: Rows, trigger: RuleCount | Together, shown: Sequence[Output], since: str
) -> Fired:
    """One row per alert of an unordered correlation."""
    claim, rule, time = rows.stream.claim, rows.stream.rule, rows.stream.time
    columns = sources(shown)
    lines = rows.assigned([*rows.keys, *columns])
    points = Points.over(rows, [Part.label(rule), *(part(rows, column) for column in columns)])
    seen = [claim(f"rule{index + 1}") for index in rows.everywhere]
    # Points begin with their time, so the greatest text is the latest match.
    latest = [
        f"{name} = MAX({points.point}) WHERE {rows.stream.is_rule([label])}"
        for name, label in zip(seen, rows.labels, strict=True)
    ]
    if isinstance(trigger, Together):
        candidates = rows.stream.is_rule(rows.labels_of(trigger.positive))
        condition = _expression(trigger.expression, seen)
    else:
        candidates = ""
        present = " + ".join(f"CASE({name} IS NOT NULL, 1, 0)" for name in seen)
        condition = compared(trigger.comparisons, present)
    lines += [
        *points.windows(candidates, since),
        stats(latest, [*rows.key_names, time]),
        f"| WHERE {condition}",
    ]
    if not rows.shows:
        return Fired(lines)
    named = [claim(f"Rule{index + 1}Time") for index in rows.everywhere]
    return evidence(rows, lines, points, dict(enumerate(seen)), dict(enumerate(named)), shown)


def _expression(expression: Expression, seen: Sequence[str]) -> str:
    match expression:
        case Has(branch):
            return f"{seen[branch]} IS NOT NULL"
        case Not(part):
            return f"NOT ({_expression(part, seen)})"
        case AllOf(parts):
            return _joined(parts, seen, "AND")
        case AnyOf(parts):
            return _joined(parts, seen, "OR")


def _joined(parts: Iterable[Expression], seen: Sequence[str], word: str) -> str:
    return f"({f' {word} '.join(_expression(part, seen) for part in parts)})"
