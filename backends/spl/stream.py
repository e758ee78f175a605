"""One pass over all events: which rule each row is a match of, and the columns read from it.

Every base rule under a correlation reads into one stream of rows. A row's ``rule`` says which
listed rule it matches; an event that matches two becomes two rows. Columns that the correlations
need are read once, per rule from its own fields, and ``table`` drops the rest: it is a
transforming command, after which ``streamstats`` runs over all results (Search Reference,
*streamstats*, Description; *table*, Usage).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from backends.binding import BoundBranch, BoundCorrelation, BoundSearch, bound_searches
from backends.spl import syntax
from backends.spl.backend import SplDetections
from backends.spl.prefilter import place, search_clause, tests
from backends.translation import Note


@dataclass(slots=True)
class Leaf:
    """A base rule where a correlation lists it, under the label its rows carry."""

    label: str
    search: BoundSearch


@dataclass(slots=True)
class Rows:
    """The rows of one correlation in the stream: a label per branch, columns by field."""

    bound: BoundCorrelation
    labels: tuple[str, ...]
    inner: dict[int, Rows]
    columns: dict[tuple[str, bool], str] = field(default_factory=dict)

    def native(self, branch: int, name: str) -> BoundSearch | None:
        """The base rule that reads correlation field ``name`` on ``branch``, if it has it."""
        matches = self.bound.branches[branch].matches
        if not isinstance(matches, BoundSearch):
            return None
        return matches if matches.find(self._plan(branch).field(name)) is not None else None

    def inner_key(self, branch: int, name: str) -> int | None:
        """The position of ``name`` in the group key of the correlation that ``branch`` is."""
        rows = self.inner.get(branch)
        if rows is None:
            return None
        keys, wanted = rows.bound.plan.group_by, self.bound.branches[branch].plan.field(name)
        return keys.index(wanted) if wanted in keys else None

    def having(self, name: str) -> tuple[int, ...]:
        """The branches whose matches carry correlation field ``name``."""
        return tuple(
            index
            for index in range(len(self.labels))
            if self.native(index, name) or self.inner_key(index, name) is not None
        )

    def _plan(self, branch: int) -> BoundBranch:
        return self.bound.branches[branch].plan  # type: ignore[return-value]
