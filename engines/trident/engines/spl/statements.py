"""The commands of a search, as frozen dataclasses; nothing here knows how they are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trident.engines.spl.nodes import Expression, Statement, Subsearch, Term

Options = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Search(Statement):
    """``search``, or the implied one at the start."""

    term: Term


@dataclass(frozen=True, slots=True)
class Eval(Statement):
    """``eval``: assignments, taken from left to right."""

    assignments: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Where(Statement):
    """``where``."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One statistic: its function, what it is taken of (None: the rows), its result's name."""

    function: str
    argument: str | Expression | None
    alias: str


@dataclass(frozen=True, slots=True)
class Stats(Statement):
    """``stats``, ``eventstats`` or ``streamstats``; ``resets`` has the expressions of its
    ``reset_before`` and ``reset_after``."""

    command: str
    aggregates: tuple[Aggregate, ...]
    by: tuple[str, ...]
    options: Options = field(default_factory=dict)
    resets: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field to sort by; ``kind`` is auto, num, str or ip."""

    name: str
    descending: bool = False
    kind: str = "auto"


@dataclass(frozen=True, slots=True)
class Sort(Statement):
    """``sort``; ``count`` is None when none is written, which is not the same as 0."""

    keys: tuple[SortKey, ...]
    count: int | None = None
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Dedup(Statement):
    """``dedup``."""

    names: tuple[str, ...]
    count: int = 1
    options: Options = field(default_factory=dict)
    sort_by: tuple[SortKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Head(Statement):
    """``head``: a number of rows, or as long as a condition holds."""

    count: int | None
    condition: Expression | None
    options: Options


@dataclass(frozen=True, slots=True)
class Tail(Statement):
    """``tail``."""

    count: int


@dataclass(frozen=True, slots=True)
class Fields(Statement):
    """``fields``."""

    names: tuple[str, ...]
    remove: bool


@dataclass(frozen=True, slots=True)
class Table(Statement):
    """``table``."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rename(Statement):
    """``rename``: (old, new) pairs."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fillnull(Statement):
    """``fillnull``."""

    value: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rex(Statement):
    """``rex``."""

    pattern: str
    name: str
    options: Options


@dataclass(frozen=True, slots=True)
class Regex(Statement):
    """``regex``."""

    name: str
    pattern: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Makemv(Statement):
    """``makemv``."""

    name: str
    options: Options


@dataclass(frozen=True, slots=True)
class Mvexpand(Statement):
    """``mvexpand``; a limit of 0 is none."""

    name: str
    limit: int


@dataclass(frozen=True, slots=True)
class Lookup(Statement):
    """``lookup``: (table field, event field) pairs."""

    table: str
    matches: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    mode: str
    options: Options


@dataclass(frozen=True, slots=True)
class Inputlookup(Statement):
    """``inputlookup``."""

    table: str
    where: Term | None
    options: Options


@dataclass(frozen=True, slots=True)
class Bin(Statement):
    """``bin``, ``bucket``."""

    name: str
    alias: str
    options: Options


@dataclass(frozen=True, slots=True)
class Append(Statement):
    """``append``."""

    subsearch: Subsearch
    options: Options


@dataclass(frozen=True, slots=True)
class Makeresults(Statement):
    """``makeresults``."""

    count: int


@dataclass(frozen=True, slots=True)
class Reverse(Statement):
    """``reverse``."""


@dataclass(frozen=True, slots=True)
class Opaque(Statement):
    """A command that is known but cannot be run here, or a macro in a command's place."""

    name: str
    aggregates: tuple[Aggregate, ...] = ()


Pipeline = tuple[Statement, ...]
