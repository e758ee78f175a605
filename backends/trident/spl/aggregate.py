"""Counts, sums, means, distinct values and percentiles over a trailing window.

A count needs no more than the time of the N-th latest match. Every other statistic is a running
sum of what enters the window less what leaves it: each match has a second row, an *edge*, at the
first moment after which it no longer counts, and edges are sorted behind matches of their time,
since both ends of a window are included. The last row of a tie has the whole window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from trident.rule.plan import Aggregate, Comparison, Operator, Statistic
from trident.spl import syntax
from trident.spl.candidates import least_of, with_least
from trident.spl.frame import Fired, Frame, Wanted
from trident.spl.stream import assign
from trident.spl.syntax import TIME
from trident.spl.temporal import SIGNS, compared

# limits.conf, [streamstats] max_stream_window: the largest window= that streamstats takes.
LARGEST_WINDOW = 10_000


def aggregate(frame: Frame, trigger: Aggregate, wanted: Sequence[Wanted]) -> Fired:
    """All rows, with what the statistic is at the last row of each time."""
    if trigger.statistic is Statistic.COUNT:
        fired = _count(frame, trigger, wanted)
    elif trigger.statistic is Statistic.DISTINCT:
        fired = _distinct(frame, trigger, wanted)
    else:
        fired = _numbers(frame, trigger, wanted)
    for each in wanted:
        column = fired.fields[each] = frame.stream.text(frame.rows, each.name)
        fired.combine[column] = "last"
    return fired


_NEEDED: Mapping[Operator, tuple[int, ...]] = {
    Operator.GTE: (0,),
    Operator.LT: (0,),
    Operator.GT: (1,),
    Operator.LTE: (1,),
    Operator.EQ: (0, 1),
    Operator.NEQ: (0, 1),
}
"""Which of "at least N" (0) and "at least N + 1" (1) decide ``count op N``."""

_DECIDED: Mapping[Operator, str] = {
    Operator.GTE: "{0}",
    Operator.GT: "{0}",
    Operator.LT: "NOT {0}",
    Operator.LTE: "NOT {0}",
    Operator.EQ: "{0} AND NOT {1}",
    Operator.NEQ: "(NOT {0} OR {1})",
}


def _count(frame: Frame, trigger: Aggregate, wanted: Sequence[Wanted]) -> Fired:
    """``count op N`` from whether at least N, or N + 1, matches lie in the window."""
    if trigger.every_match:
        return Fired([], each=True)
    needed = {each: _needed(each) for each in trigger.comparisons}
    numbers = list(dict.fromkeys(number for listed in needed.values() for number in listed))
    lines = with_least(frame, "count", least_of(trigger.comparisons))
    if max(numbers) > LARGEST_WINDOW:
        total = frame.claim(trigger.statistic)
        test = compared(trigger.comparisons, total)
        fired = _running(frame, wanted, {total: "1"}, "1==1", [total], test)
        fired.lines[:0] = lines
        return fired
    lines.append(frame.sort(*frame.keys, TIME, *frame.shown(wanted)))
    combine: dict[str, str] = {}
    tests: dict[int, str] = {}
    firsts: dict[int, str] = {}
    for number in numbers:
        if number <= 1:
            tests[number] = "1==1"
            continue
        count, first = frame.claim(f"latest_{number}"), frame.claim("first_time")
        firsts[number] = first
        # global=f: without it the N rows of window= are counted over all groups together.
        lines.append(
            f"| streamstats global=f window={number} count AS {count}, min({TIME}) AS {first}"
            f"{frame.by(*frame.keys)}"
        )
        combine |= {count: "last", first: "last"}
        tests[number] = f"{count}=={number} AND {frame.recent(first)}"
    conditions = [
        _DECIDED[each.op].format(*(f"({tests[number]})" for number in needed[each]))
        for each in trigger.comparisons
    ]
    reached = [needed[c][0] for c in trigger.comparisons if c.op in (Operator.GTE, Operator.GT)]
    shown = [firsts[number] for number in dict.fromkeys(reached) if number in firsts]
    return Fired(lines, combine, condition=" AND ".join(conditions), extra=shown)


def _needed(comparison: Comparison) -> tuple[int, ...]:
    least = math.ceil(comparison.number), math.floor(comparison.number) + 1
    return tuple(least[which] for which in _NEEDED[comparison.op])


_RANKS: Mapping[Operator, str] = {
    Operator.GT: "{upto}<{rank}",
    Operator.GTE: "{below}<{rank}",
    Operator.LT: "{below}>={rank}",
    Operator.LTE: "{upto}>={rank}",
    Operator.EQ: "{below}<{rank} AND {upto}>={rank}",
    Operator.NEQ: "({below}>={rank} OR {upto}<{rank})",
}
"""Nearest rank by how many values are below, and up to, the number (docs/semantics.md)."""


def _numbers(frame: Frame, trigger: Aggregate, wanted: Sequence[Wanted]) -> Fired:
    value = frame.stream.number(frame.rows, trigger.fields[0])
    count = frame.claim("numbers")
    known = f"isnotnull({value})"
    weights = {count: f"if({known},1,0)"}
    tests = [f"{count}>0"]
    if trigger.statistic is Statistic.SUM:
        total = frame.claim(Statistic.SUM)
        weights[total] = f"coalesce({value},0)"
        tests.append(compared(trigger.comparisons, total))
        shown = [total]
    elif trigger.statistic is Statistic.AVG:
        total = frame.claim(Statistic.SUM)
        weights[total] = f"coalesce({value},0)"
        for each in trigger.comparisons:  # the mean times how many, without a division
            mean = Fraction(str(each.number))
            left, right = _times(total, mean.denominator), _times(count, mean.numerator)
            tests.append(f"{left}{SIGNS[each.op]}{right}")
        shown = [total, count]
    else:
        rank, shown = f"max(1,floor(({trigger.percentile}*{count}+99)/100))", [count]
        for each in trigger.comparisons:
            below, upto = frame.claim("below"), frame.claim("up_to")
            number = syntax.number(each.number)
            weights[below] = f"if({value}<{number},1,0)"
            weights[upto] = f"if({value}<={number},1,0)"
            tests.append(_RANKS[each.op].format(below=below, upto=upto, rank=rank))
            shown += [below, upto]
    return _running(frame, wanted, weights, known, shown, " AND ".join(tests))


def _distinct(frame: Frame, trigger: Aggregate, wanted: Sequence[Wanted]) -> Fired:
    """A value counts once: it enters with an occurrence after a gap longer than the window and
    leaves after the last one before such a gap."""
    values = list(dict.fromkeys(frame.stream.text(frame.rows, name) for name in trigger.fields))
    total, before, after, enters, leaves = map(
        frame.claim, (trigger.statistic, "before_time", "after_time", "enters", "leaves")
    )
    neighbour = "| streamstats current=f window=1 global=f last({time}) AS {column}{by}"
    by, far = frame.by(*frame.keys, *values), f">{frame.plan.timespan}"
    known = " AND ".join(f'{value}!=""' for value in values)
    # Each distinct tuple is a match's; one field's values need not be counted as rows.
    most = f"dc({values[0]})" if len(values) == 1 else "count"
    lines = [
        *with_least(frame, most, least_of(trigger.comparisons)),
        frame.sort(*frame.keys, *values, f"-{TIME}"),
        neighbour.format(time=TIME, column=after, by=by),
        frame.sort(*frame.keys, *values, TIME),
        neighbour.format(time=TIME, column=before, by=by),
        *assign(
            [
                f"{enters}=if({known} AND (isnull({before}) OR round({TIME}-{before},6){far}),1,0)",
                f"{leaves}=if({known} AND (isnull({after}) OR round({after}-{TIME},6){far}),1,0)",
            ]
        ),
    ]
    test = compared(trigger.comparisons, total)
    fired = _running(frame, wanted, {total: enters}, f"{leaves}==1", [total], test, leaving="1")
    return Fired([*lines, *fired.lines], fired.combine, condition=test, extra=fired.extra)


def _running(
    frame: Frame,
    wanted: Sequence[Wanted],
    weights: dict[str, str],
    leaves: str,
    shown: list[str],
    condition: str,
    leaving: str = "",
) -> Fired:
    """Running sums of ``weights`` (column -> what a match adds) over the trailing window.

    A match for which ``leaves`` holds takes its weights (or ``leaving``) back at its edge.
    """
    edge = frame.claim("edge")
    span = frame.plan.timespan
    if frame.mine:
        leaves = f"{frame.mine}==1 AND {leaves}"
    taken = [f"{column}=if({edge}==1,exact(0-{leaving or column}),{column})" for column in weights]
    lines = [
        *assign(
            [
                *(f"{column}={weight}" for column, weight in weights.items()),
                f'{edge}=if({leaves},mvappend("0","1"),"0")',
            ]
        ),
        f"| mvexpand {edge}",
        *assign([f"{edge}=tonumber({edge})"]),
        *assign([f"{TIME}=if({edge}==1,round(exact({TIME}+{span}),6),{TIME})", *taken]),
        frame.sort(*frame.keys, TIME, edge, *frame.shown(wanted)),
        f"| streamstats {', '.join(f'sum({column}) AS {column}' for column in weights)}"
        f"{frame.by(*frame.keys)}",
        f"| where {edge}==0",
    ]
    return Fired(lines, dict.fromkeys(weights, "last"), condition=condition, extra=shown)


def _times(column: str, factor: int) -> str:
    return column if factor == 1 else f"{factor}*{column}"
