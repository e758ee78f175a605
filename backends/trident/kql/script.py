"""The query under construction: ``let`` statements, fresh names, the time each table is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from trident.kql.detections import KqlDetections
from trident.kql.syntax import ago, fresh
from trident.mapping.binding import BoundCorrelation
from trident.predicates.layout import broken
from trident.rule.plan import Firing
from trident.rule.raw import timespan

NULLS = {
    "string": '""',
    "dynamic": "dynamic(null)",
    "bool": "bool(null)",
    "datetime": "datetime(null)",
    "int": "int(null)",
    "long": "long(null)",
    "real": "real(null)",
}
"""What a column of each type holds where a table does not have it; strings are never null."""


@dataclass(slots=True)
class Script:
    """The statements before the final one, and one detection backend for all predicates.

    ``alerts`` renders a correlation that another one refers to, with the names that it reads of
    the matches behind each alert, and returns its let's name.
    """

    alerts: Callable[[Script, BoundCorrelation, Period, Sequence[str]], str]
    lets: list[str] = field(default_factory=list)
    detections: KqlDetections = field(default_factory=KqlDetections)
    _names: set[str] = field(default_factory=set)

    def let(self, name: str, lines: Sequence[str], *, reused: bool = False) -> str:
        """Name a tabular expression; one that is read twice is computed once."""
        name = fresh(identifier(name), self._names)
        self._names.add(name)
        body = "\n".join(lines)
        self.lets.append(
            f"let {name} = materialize(\n{indent(body)});" if reused else f"let {name} = {body};"
        )
        return name

    def finish(self, lines: Sequence[str]) -> str:
        """The whole query."""
        return "\n".join([*self.lets, *lines]) + "\n"


@dataclass(frozen=True, slots=True)
class Period:
    """How far back tables are read: ``back`` seconds, and ``before`` for what leads up to it.

    ``back`` None leaves the time to the search's own range. The end lies ``delay`` seconds before
    now; with ``open`` the start of ``back`` is excluded.
    """

    back: int | None
    before: tuple[int, ...] = ()
    delay: int = 0
    open: bool = False

    @classmethod
    def of(cls, firing: Firing | None) -> Period:
        """The period in which alerts count."""
        return cls(firing.back, (), firing.delay, firing.open) if firing else cls(None)

    def earlier(self, seconds: int) -> Period:
        """The same period read ``seconds`` further back."""
        return replace(self, before=(*self.before, seconds))

    def where(self, time: str) -> list[str]:
        """The filter line on the time column ``time``; both ends are included."""
        if self.back is None:
            return []
        start, end = self._start, ago(self.delay) if self.delay else "now()"
        if self.open and not self.before:
            return [f"| where {time} > {start} and {time} <= {end}"]
        return [f"| where {time} between ({start} .. {end})"]

    def since(self, time: str) -> list[str]:
        """The filter line that leaves out times before the period; none where it has no start."""
        if self.back is None:
            return []
        return [f"| where {time} {'>' if self.open else '>='} {self._start}"]

    @property
    def _start(self) -> str:
        return ago(self.back or 0, *self.before, self.delay)


def identifier(name: str) -> str:
    """A Sigma name as a plain KQL identifier."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "rule"
    return f"_{plain}" if plain[0].isdigit() else plain


def indent(text: str) -> str:
    """Two spaces before each line."""
    return "\n".join("  " + line for line in text.split("\n"))


def where(predicate: str) -> str:
    """The line that filters by a condition, broken where it is long."""
    return f"| where {broken(predicate, column=len('| where '))}"


def inline(lines: Sequence[str]) -> str:
    """A tabular expression in parentheses, for a join or a union."""
    return "(\n" + indent("\n".join(lines)) + ")"


def slots(time: str, span: int) -> str:
    """Both time slots in which a match of the window that ends at ``time`` can lie.

    A window [t - T, t] touches the slots of t and of t - T only, so a join on the slot compares
    each match with at most two slots' matches, and finds each pair once.
    """
    first = f"bin({time}, {timespan(span)})"
    return f"| mv-expand Slot = pack_array({first}, {first} - {timespan(span)}) to typeof(datetime)"


def slot(time: str, span: int) -> str:
    """The one time slot of a match."""
    return f"bin({time}, {timespan(span)})"
