"""A correlation's matches as one table: canonical columns over branches on different tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trident.kql import syntax
from trident.kql.script import NULLS, Period, Script, identifier, inline, where
from trident.mapping.binding import BoundBranch, BoundCorrelation, BoundSearch
from trident.meaning.contributions import carried


@dataclass(frozen=True, slots=True)
class RowColumn:
    """One canonical column: its name and type, and what it is on each branch that has it."""

    name: str
    type: str
    sources: dict[int, str] = field(compare=False)

    def project(self, branch: int) -> str:
        """This column's item in the ``project`` of a branch."""
        expression = self.sources.get(branch, NULLS.get(self.type, '""'))
        name = syntax.name(self.name)
        return name if expression == name else f"{name} = {expression}"


class Rows:
    """Canonical names for the time, the group keys and any Sigma field of a correlation.

    A column keeps its native name where all branches agree on it and it is free; otherwise it
    is called after the Sigma field. Types that differ are compared as text.
    """

    def __init__(
        self, script: Script, bound: BoundCorrelation, further: Sequence[str] = ()
    ) -> None:
        """``further`` are names that a correlation over this one reads besides the group keys."""
        self.script = script
        self._further = tuple(further)
        self.bound = bound
        self.time = bound.profile.time
        self._names = {self.time}
        self._columns: dict[tuple[str, tuple[int, ...]], RowColumn] = {}
        self.shown: dict[str, str] = {}
        """The rule's names of what the result shows, with their result columns."""
        everywhere = tuple(range(len(bound.branches)))
        self.keys = tuple(self.column(name, everywhere) for name in bound.plan.group_by)
        self.further = tuple(self.column(name, everywhere) for name in further)

    @property
    def key_names(self) -> tuple[str, ...]:
        """The quoted names of the group key columns."""
        return tuple(syntax.name(key.name) for key in self.keys)

    def claim(self, name: str) -> str:
        """A column name that no other column of this correlation has."""
        name = syntax.fresh(name, self._names)
        self._names.add(name)
        return name

    def column(self, field: str, branches: tuple[int, ...]) -> RowColumn:
        """The canonical column of the correlation's ``field`` on those branches."""
        known = self._columns.get((field, branches))
        if known is not None:
            return known
        natives = {i: self._native(self.bound.branches[i], field) for i in branches}
        names = {name for name, _, _ in natives.values()}
        kinds = {kind for _, kind, _ in natives.values()}
        kind = kinds.pop() if len(kinds) == 1 else "string"
        wanted = names.pop() if len(names) == 1 else identifier(field)
        if wanted.lower() in {name.lower() for name in self._names}:
            wanted = identifier(field)
        sources = {}
        for index, (_, type_, expression) in natives.items():
            sources[index] = expression if type_ == kind else f"tostring({expression})"
        made = RowColumn(self.claim(wanted), kind, sources)
        self._columns[field, branches] = made
        return made

    def having(self, field: str) -> tuple[int, ...]:
        """The branches whose matches carry ``field``."""
        having = []
        for index, branch in enumerate(self.bound.branches):
            name = branch.plan.field(field)
            if isinstance(branch.matches, BoundSearch):
                if branch.matches.find(name) is not None:
                    having.append(index)
            elif name in branch.matches.plan.group_by:
                having.append(index)
        return tuple(having)

    def branch(
        self,
        index: int,
        period: Period,
        columns: Iterable[RowColumn],
        *,
        extra: Sequence[str] = (),
        keyed: bool = True,
        time: str = "",
    ) -> list[str]:
        """The matches of one branch: its time (renamed to ``time``), keys and ``columns``.

        ``keyed`` leaves out matches with a missing group key.
        """
        branch = self.bound.branches[index]
        columns = list(dict.fromkeys([*self.keys, *columns]) if keyed else dict.fromkeys(columns))
        items = [column.project(index) for column in columns]
        matches = branch.matches
        if isinstance(matches, BoundSearch):
            predicate = self.script.detections.predicate(matches)
            lines = [
                syntax.name(matches.source.table.name),
                *period.where(self.time),
                *syntax.computed(matches.columns.values()),
                *self._present(matches, branch if keyed else None),
                *self.script.detections.joined,
                where(predicate),
            ]
        else:
            lines = [self.script.alerts(self.script, matches, period, self._carried(branch))]
        named = f"{time} = {self.time}" if time else self.time
        return [*lines, syntax.command("project", [named, *extra, *items])]

    def union(
        self,
        branches: Sequence[int],
        period: Period,
        columns: Sequence[RowColumn],
        *,
        rule: str = "",
        keyed: bool = True,
        time: str = "",
    ) -> list[str]:
        """The matches of several branches, one row each; ``rule`` names a branch index column."""
        parts = [
            self.branch(
                index,
                period,
                columns,
                extra=[f"{rule} = {index}"] if rule else [],
                keyed=keyed,
                time=time,
            )
            for index in branches
        ]
        if len(parts) == 1:
            return parts[0]
        return ["union", ",\n".join(map(inline, parts))]

    def _native(self, branch: BoundBranch, field: str) -> tuple[str, str, str]:
        """A field's native name, its type, and how a query of the branch reads it."""
        name = branch.plan.field(field)
        if isinstance(branch.matches, BoundSearch):
            column = branch.matches.column(name)
            plain = identifier(column.name) if column.container else column.name
            return plain, column.type, syntax.reference(column)
        group_by = branch.matches.plan.group_by
        names = self._carried(branch)
        inner = Rows(self.script, branch.matches, names)
        columns = dict(zip((*group_by, *names), (*inner.keys, *inner.further), strict=True))
        key = columns[name]
        return key.name, key.type, syntax.name(key.name)

    def _carried(self, branch: BoundBranch) -> tuple[str, ...]:
        """The names that are read of the matches behind a branch's alerts."""
        if isinstance(branch.matches, BoundSearch):
            return ()
        read = (*branch.plan.keys, *branch.plan.values, *map(branch.plan.field, self._further))
        return carried(branch.matches.plan, read)

    def _present(self, matches: BoundSearch, branch: BoundBranch | None) -> list[str]:
        if branch is None or not branch.plan.keys:
            return []
        tests = dict.fromkeys(
            self.script.detections.present(matches.column(key)) for key in branch.plan.keys
        )
        return [f"| where {' and '.join(tests)}"]
