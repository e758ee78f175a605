"""What an idiom works on, and what it hands back: rows in, firing rows out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trident.rule.plan import Correlation
from trident.spl.stream import Rows, Stream
from trident.spl.syntax import TIME


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field to show from the latest match of a place: a stage's (ordered) or a branch's
    (temporal) index, or None for the firing match itself."""

    name: str
    place: int | None


@dataclass(slots=True)
class Fired:
    """The rows on which a correlation may fire.

    Several rows of one group and time are one alert: ``combine`` says with which function each
    column is taken over them, after that ``derive`` assigns and ``condition`` decides.
    ``times`` and ``fields`` name the columns with the evidence, ``extra`` further ones to show.
    ``each`` means that every row is an alert's row as it is.
    """

    lines: list[str]
    combine: dict[str, str] = field(default_factory=dict)
    derive: list[str] = field(default_factory=list)
    condition: str = ""
    times: dict[int, str] = field(default_factory=dict)
    fields: dict[Wanted, str] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    each: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One correlation's rows inside the stream.

    ``mine`` is a column that is 1 on this correlation's rows where others stand beside them (a
    correlation that another refers to), and None where all rows are its own.
    """

    stream: Stream
    rows: Rows
    mine: str | None = None

    @property
    def plan(self) -> Correlation:
        """The correlation."""
        return self.rows.bound.plan

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the group key."""
        return tuple(self.stream.text(self.rows, name) for name in self.plan.group_by)

    def own(self, *columns: str) -> list[str]:
        """``columns``, each once, behind the one that keeps other correlations' rows apart."""
        return list(dict.fromkeys([*([self.mine] if self.mine else []), *columns]))

    def by(self, *columns: str) -> str:
        """A BY clause over ``columns``, other correlations' rows apart; "" for none."""
        keys = self.own(*columns)
        return f" BY {', '.join(keys)}" if keys else ""

    def where(self, test: str) -> str:
        """Drop this correlation's rows that fail ``test``."""
        return f"| where {self.mine}==0 OR ({test})" if self.mine else f"| where {test}"

    def sort(self, *columns: str) -> str:
        """All rows sorted (``sort 0``: without the default limit of 10,000 rows)."""
        return f"| sort 0 {', '.join(self.own(*columns))}"

    def is_branch(self, branches: Iterable[int]) -> str:
        """The test that a row is a match of one of the branches."""
        return self.stream.is_rule(self.rows.labels[branch] for branch in branches)

    def recent(self, time: str, span: int | None = None) -> str:
        """The test that ``time`` lies in the trailing window of the row's own time.

        Times are doubles of seconds; at today's values a difference is off by less than half a
        microsecond, which rounding to six places removes.
        """
        return f"round({TIME}-{time},6)<={self.plan.timespan if span is None else span}"

    def claim(self, wanted: str) -> str:
        """A name for a working column."""
        return self.stream.claim(wanted)

    def present(self) -> list[str]:
        """Drop matches with a missing part of the group key."""
        tests = [f'{key}!=""' for key in dict.fromkeys(self.keys)]
        return [self.where(" AND ".join(tests))] if tests else []

    def shown(self, wanted: Sequence[Wanted]) -> list[str]:
        """The columns of the wanted fields as each row itself has them."""
        return list(dict.fromkeys(self.stream.text(self.rows, each.name) for each in wanted))
