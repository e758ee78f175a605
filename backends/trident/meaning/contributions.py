"""What an inner alert says besides its group: the fields of the matches behind it.

A correlation over a correlation may group by a name that the inner rule does not group by. The
inner alert then stands for one outer match per distinct tuple of such names among its contributing
matches, those of its window that its condition counts (docs/semantics.md, chained).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from trident.meaning.detection import missing, number, text
from trident.meaning.events import SECOND, Value
from trident.rule.plan import Aggregate, Branch, Correlation, Statistic


class Matched(Protocol):
    """A match: its time in microseconds, its branch's index, its fields."""

    @property
    def time(self) -> int: ...
    @property
    def branch(self) -> int: ...
    @property
    def fields(self) -> Mapping[str, Value]: ...


def carried(plan: Correlation, names: Sequence[str]) -> tuple[str, ...]:
    """Those of ``names`` that the alerts of ``plan`` have from their contributing matches."""
    return tuple(dict.fromkeys(name for name in names if name not in plan.group_by))


def tuples(
    plan: Correlation, matches: Sequence[Matched], time: int, names: Sequence[str]
) -> Iterator[dict[str, Value]]:
    """The distinct tuples of ``names`` among the matches behind an alert of ``plan`` at ``time``.

    ``matches`` are those of the alert's group, by time. A tuple without one of its parts is none;
    parts are compared as group keys are, as text.
    """
    seen = set()
    first = bisect_left(matches, time - plan.timespan * SECOND, key=_time)
    counted = plan.counted_branches
    for match in matches[first : bisect_right(matches, time, key=_time)]:
        branch = plan.branches[match.branch]
        if match.branch not in counted or not _has_value(plan, branch, match):
            continue
        values = {name: match.fields.get(branch.field(name)) for name in names}
        key = tuple(map(text, values.values()))
        if key not in seen and not any(map(missing, values.values())):
            seen.add(key)
            yield values


def _has_value(plan: Correlation, branch: Branch, match: Matched) -> bool:
    """Whether a statistic over values has one of the match."""
    match plan.trigger:
        case Aggregate(Statistic.COUNT):
            return True
        case Aggregate(Statistic.DISTINCT):
            return not any(missing(match.fields.get(name)) for name in branch.values)
        case Aggregate():
            return all(number(match.fields.get(name)) is not None for name in branch.values)
    return True


def _time(match: Matched) -> int:
    return match.time
