"""``temporal``: each row carries every rule's latest match; one time's rows are judged together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trident.rule.plan import (
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    Has,
    Not,
    Operator,
    RuleCount,
    Together,
)
from trident.spl import syntax
from trident.spl.candidates import least_of, with_columns, with_least
from trident.spl.frame import Fired, Frame, Wanted
from trident.spl.stream import assign
from trident.spl.syntax import TIME

SIGNS = {
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.EQ: "==",
    Operator.NEQ: "!=",
}


def compared(comparisons: Iterable[Comparison], left: str) -> str:
    """All comparisons of ``left`` with their numbers."""
    tests = (f"{left}{SIGNS[each.op]}{syntax.number(each.number)}" for each in comparisons)
    return " AND ".join(tests)


def temporal(frame: Frame, trigger: RuleCount | Together, wanted: Sequence[Wanted]) -> Fired:
    """All rows, with the time of each rule's latest match so far; the last of a tie has all."""
    labels = frame.rows.labels
    times = [frame.claim(f"{label}_time") for label in labels]
    inside = [frame.claim(f"{label}_inside") for label in labels]
    here = [frame.is_branch([branch]) for branch in range(len(labels))]
    moved = [f"{time}=if({test},{TIME},null())" for time, test in zip(times, here, strict=True)]
    # streamstats max() carries the latest time on; a row of another rule has null and adds nothing.
    latest = [f"max({time}) AS {time}" for time in times]
    fields: dict[Wanted, str] = {}
    derived = [
        f"{flag}=if({frame.recent(time)},1,0)" for flag, time in zip(inside, times, strict=True)
    ]
    for each in wanted:
        assert each.place is not None
        column = fields[each] = frame.claim(f"{labels[each.place]}_{each.name}")
        source = frame.stream.text(frame.rows, each.name)
        moved.append(f"{column}=if({here[each.place]},{source},null())")
        latest.append(f"last({column}) AS {column}")
        derived.append(f"{column}=if({inside[each.place]}==1,{column},null())")
    derived += [
        f"{time}=if({flag}==1,{time},null())" for flag, time in zip(inside, times, strict=True)
    ]
    combine = {**dict.fromkeys(times, "max"), **dict.fromkeys(fields.values(), "last")}
    tests = []
    if isinstance(trigger, RuleCount):
        able = with_least(frame, f"dc({frame.stream.rule})", least_of(trigger.comparisons))
        tests.append(compared(trigger.comparisons, "+".join(inside)))
    else:
        able = with_columns(frame, trigger.expression, dict(enumerate(times)))
        tests.append(f"({_holds(trigger.expression, inside)})")
        if len(trigger.positive) < len(labels):
            positive = frame.claim("positive")
            moved.append(f"{positive}=if({frame.is_branch(trigger.positive)},1,0)")
            combine[positive] = "max"
            tests.append(f"{positive}==1")
    lines = [
        *assign(moved),
        *able,
        frame.sort(*frame.keys, TIME, *frame.shown(wanted)),
        f"| streamstats {', '.join(latest)}{frame.by(*frame.keys)}",
    ]
    return Fired(
        lines,
        combine,
        derived,
        " AND ".join(tests),
        times=dict(enumerate(times)),
        fields=fields,
    )


def _holds(expression: Expression, inside: Sequence[str]) -> str:
    match expression:
        case Has(branch):
            return f"{inside[branch]}==1"
        case Not(part):
            return f"NOT ({_holds(part, inside)})"
        case AllOf(parts):
            return " AND ".join(f"({_holds(part, inside)})" for part in parts)
        case AnyOf(parts):
            return " OR ".join(f"({_holds(part, inside)})" for part in parts)
