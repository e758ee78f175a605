"""The commands of a search, as frozen dataclasses; nothing here knows how they are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trident.engines.spl.nodes import Expression, Subsearch, Term

Options = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """``search``, or the implied one at the start."""

    term: Term


@dataclass(frozen=True, slots=True)
class Eval:
    """``eval``: assignments, taken from left to right."""

    assignments: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Where:
    """``where``."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One statistic: its function, what it is taken of (None: the rows), its result's name."""

    function: str
    argument: str | Expression | None
    alias: str


@dataclass(frozen=True, slots=True)
class Stats:
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
class Sort:
    """``sort``; ``count`` is None when none is written, which is not the same as 0."""

    keys: tuple[SortKey, ...]
    count: int | None = None
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Dedup:
    """``dedup``."""

    names: tuple[str, ...]
    count: int = 1
    options: Options = field(default_factory=dict)
    sort_by: tuple[SortKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """``head``: a number of rows, or as long as a condition holds."""

    count: int | None
    condition: Expression | None
    options: Options


@dataclass(frozen=True, slots=True)
class Tail:
    """``tail``."""

    count: int


@dataclass(frozen=True, slots=True)
class Fields:
    """``fields``."""

    names: tuple[str, ...]
    remove: bool


@dataclass(frozen=True, slots=True)
class Table:
    """``table``."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rename:
    """``rename``: (old, new) pairs."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fillnull:
    """``fillnull``."""

    value: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rex:
    """``rex``."""

    pattern: str
    name: str
    options: Options


@dataclass(frozen=True, slots=True)
class Regex:
    """``regex``."""

    name: str
    pattern: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Makemv:
    """``makemv``."""

    name: str
    options: Options


@dataclass(frozen=True, slots=True)
class Mvexpand:
    """``mvexpand``; a limit of 0 is none."""

    name: str
    limit: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """``lookup``: (table field, event field) pairs."""

    table: str
    matches: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    mode: str
    options: Options


@dataclass(frozen=True, slots=True)
class Inputlookup:
    """``inputlookup``."""

    table: str
    where: Term | None
    options: Options


@dataclass(frozen=True, slots=True)
class Bin:
    """``bin``, ``bucket``."""

    name: str
    alias: str
    options: Options


@dataclass(frozen=True, slots=True)
class Append:
    """``append``."""

    subsearch: Subsearch
    options: Options


@dataclass(frozen=True, slots=True)
class Makeresults:
    """``makeresults``."""

    count: int


@dataclass(frozen=True, slots=True)
class Reverse:
    """``reverse``."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A command that is known but cannot be run here, or a macro in a command's place."""

    name: str
    aggregates: tuple[Aggregate, ...] = ()


Command = (
    Search
    | Eval
    | Where
    | Stats
    | Sort
    | Dedup
    | Head
    | Tail
    | Fields
    | Table
    | Rename
    | Fillnull
    | Rex
    | Regex
    | Makemv
    | Mvexpand
    | Lookup
    | Inputlookup
    | Bin
    | Append
    | Makeresults
    | Reverse
    | Opaque
)

Pipeline = tuple[Command, ...]
