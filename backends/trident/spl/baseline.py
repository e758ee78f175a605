"""``trident.baseline``: the history's limit and values written onto the current matches.

The percentile is the value at its nearest rank, found by numbering the history's sorted values:
``percN`` and ``exactpercN`` may interpolate (Search Reference, *Aggregate functions*; limits.conf,
``perc_method``). A mean is compared as sum and count, without a division.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from trident.rule.plan import Baseline, Exceeds
from trident.spl import syntax
from trident.spl.frame import Frame
from trident.spl.stream import assign
from trident.spl.syntax import TIME


def passing(frame: Frame, baseline: Baseline) -> tuple[list[str], list[str]]:
    """Lines that keep the current matches that pass, and the columns that show the limit."""
    past, current = frame.claim("in_history"), frame.claim("in_current")
    delay = frame.plan.delay
    oldest, newest, now = (
        syntax.ago(back + delay) for back in (baseline.oldest, baseline.newest, 0)
    )
    lines = [
        *assign(
            [
                f"{past}=if({TIME}>={oldest} AND {TIME}<={newest},1,0)",
                f"{current}=if({TIME}>{newest} AND {TIME}<={now},1,0)",
            ]
        ),
        frame.where(f"{past}==1 OR {current}==1"),
    ]
    tests = [f"{current}==1"]
    shown: list[str] = []
    if baseline.exceeds is not None:
        limits, test, shown = _exceeds(frame, baseline.exceeds, past)
        lines += limits
        tests.append(test)
    if baseline.unseen:
        parts = _columns(frame, baseline.unseen)
        seen = frame.claim("seen")
        # eventstats writes the history's answer on the current rows: no subsearch, no row limit.
        lines.append(f"| eventstats max({past}) AS {seen}{frame.by(*parts)}")
        if baseline.unseen_empty:
            empty = " OR ".join(f'{part}==""' for part in parts)
            tests.append(f"({empty} OR {seen}==0)")
        else:
            tests += [*(f'{part}!=""' for part in parts), f"{seen}==0"]
    lines.append(frame.where(" AND ".join(tests)))
    return lines, shown


def _exceeds(frame: Frame, exceeds: Exceeds, past: str) -> tuple[list[str], str, list[str]]:
    """The lines that add the limit, the test against it, and the columns to show."""
    value = frame.stream.number(frame.rows, exceeds.field)
    groups = _columns(frame, exceeds.by)
    by = frame.by(*groups)
    factor = Fraction(str(exceeds.factor)) if exceeds.factor is not None else Fraction(1)
    history = frame.claim("history_value")
    learn = assign([f"{history}=if({past}==1,{value},null())"])
    if exceeds.statistic == "avg" and exceeds.stdevs is not None:
        mean, deviation, count = map(
            frame.claim, ("baseline_mean", "baseline_deviation", "baseline_values")
        )
        learn.append(
            f"| eventstats avg({history}) AS {mean}, stdev({history}) AS {deviation}, "
            f"count({history}) AS {count}{by}"
        )
        limit = f"{mean}+{syntax.number(exceeds.stdevs)}*{deviation}"
        return learn, f"{count}>=2 AND isnotnull({value}) AND {value}>{limit}", [mean, deviation]
    if exceeds.statistic == "avg":
        total, count = frame.claim("baseline_sum"), frame.claim("baseline_values")
        learn.append(f"| eventstats sum({history}) AS {total}, count({history}) AS {count}{by}")
        left = _product(f"{value}*{count}", factor.denominator)
        test = f"{left}>{_product(total, factor.numerator)}"
        return learn, f"{count}>0 AND isnotnull({value}) AND {test}", [total, count]
    limit = frame.claim("baseline_limit")
    if exceeds.statistic == "percentile":
        learn += _nearest_rank(frame, exceeds, history, limit, groups)
    else:
        learn.append(f"| eventstats {exceeds.statistic}({history}) AS {limit}{by}")
    test = f"{_product(value, factor.denominator)}>{_product(limit, factor.numerator)}"
    return learn, f"isnotnull({limit}) AND isnotnull({value}) AND {test}", [limit]


def _nearest_rank(
    frame: Frame, exceeds: Exceeds, history: str, limit: str, groups: list[str]
) -> list[str]:
    """``limit``: the value at 1-based rank max(1, (p*n + 99) // 100) of the history's values."""
    rank, count = frame.claim("rank"), frame.claim("baseline_values")
    wanted = f"max(1,floor(({exceeds.percentile}*{count}+99)/100))"
    by = frame.by(*groups)
    return [
        frame.sort(*groups, history),
        f"| streamstats count({history}) AS {rank}{by}",
        f"| eventstats count({history}) AS {count}{by}",
        *assign([f"{limit}=if(isnotnull({history}) AND {rank}=={wanted},{history},null())"]),
        f"| eventstats max({limit}) AS {limit}{by}",
    ]


def _columns(frame: Frame, names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(frame.stream.text(frame.rows, name) for name in names))


def _product(column: str, factor: int) -> str:
    return column if factor == 1 else f"{column}*{factor}"
