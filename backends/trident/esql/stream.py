"""One pipeline over all events: which rule each row is a match of, and the columns read from it.

ES|QL has one stream of rows. All base rules under a correlation are read by one FROM, and a row's
``rule`` says which listed rule it matches; an event that matches two becomes two rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from trident.base.diagnostics import Refusal
from trident.esql import syntax
from trident.esql.commands import case, conjunction, evaluated, matching, select, source, within
from trident.esql.detections import EsqlDetections, textual
from trident.esql.stack import Stack
from trident.mapping.binding import BoundCorrelation, BoundSearch

MAX_NESTED = 3
"""Calls of MV_APPEND in one another. Elastic's parser takes 10 ms for three around a CASE, a second
for four; for 25 with the tests of rules it had no answer after 50 s."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A base rule in the stream: its label, and the group key that its rows must have."""

    label: str
    search: BoundSearch
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column of a correlation's rows: its name and type, and what it is on each branch.

    Where all branches that have it agree, it is the native column itself.
    """

    name: str
    type: str
    sources: dict[int, str] = field(compare=False)


class Stream:
    """The pipeline under construction: the base rules, their labels, and names in use.

    ``time`` is the column with a row's time in milliseconds since the epoch, ``rule`` the one
    with its label.
    """

    def __init__(self, bound: BoundCorrelation) -> None:
        self.bound = bound
        self.detections = EsqlDetections()
        self.stack = Stack.of(bound.profile)
        self.leaves: list[Leaf] = []
        self._names = {bound.profile.time, *_natives(bound)}
        self._labels: set[str] = set()
        self.time = self.claim("time")
        self.rule = self.claim("rule")
        self.root = Rows(self, bound)

    @property
    def labelled(self) -> bool:
        """Whether rows of several rules stand in the stream."""
        return len(self.leaves) > 1

    def claim(self, wanted: str) -> str:
        """A column name that no other column of the pipeline has."""
        return _fresh(wanted, self._names)

    def label(self, reference: str) -> str:
        """The label of a rule's rows; letters, digits and ``_``, so that it can be one part of
        a delimited text."""
        return _fresh(syntax.identifier(reference), self._labels)

    def is_rule(self, labels: Sequence[str]) -> str:
        """The test that a row is a match of one of the labelled rules."""
        return syntax.one_of(self.rule, labels)

    def head(
        self,
        since: Sequence[int] | None,
        delay: int = 0,
        *,
        keyed: bool = True,
        documents: bool = False,
    ) -> list[str]:
        """The lines from FROM to labelled rows with their ``time``.

        ``since`` sums up to the seconds before ``delay`` before now that are read, None leaves
        that to the request. ``keyed`` leaves out matches with a missing group key.
        ``documents``: the rows come out as they are, so what identifies a document is read and
        ``time`` is not needed.
        """
        tests = [self._tests(leaf, keyed) for leaf in self.leaves]
        lines = [source([leaf.search for leaf in self.leaves], documents)]
        lines += within(self.bound.profile.time, since, delay)
        lines.append(matching(tests))
        made = [f"{self.time} = TO_LONG({syntax.name(self.bound.profile.time)})"]
        if documents:
            made = []
        if not self.labelled:
            return [*lines, *evaluated(made)]
        labels = [syntax.literal(leaf.label) for leaf in self.leaves]
        if not self._overlapping():
            cases = self._told_apart(labels)
            made.append(f"{self.rule} = {case(cases)}")
            return [*lines, *evaluated(made)]
        # MV_APPEND of null is null, so a rule that does not match is marked and dropped.
        marks = [
            f'CASE({conjunction(test, 12)}, {label}, "")'
            for test, label in zip(tests, labels, strict=True)
        ]
        made += self._appended(marks)
        return [
            *lines,
            *evaluated(made),
            f"| MV_EXPAND {self.rule}",
            f'| WHERE {self.rule} != ""',
        ]

    def _tests(self, leaf: Leaf, keyed: bool) -> list[str]:
        search = leaf.search
        present = [self.detections.given(textual(search.column(k))) for k in leaf.keys if keyed]
        return [
            *self._select(search),
            *dict.fromkeys(present),
            self.detections.predicate(search),
        ]

    def _select(self, search: BoundSearch) -> list[str]:
        return select(search.source.table, self.stack)

    def _told_apart(self, labels: Sequence[str]) -> list[str]:
        """Cases that label a record by what its table's records have; the last label is for those
        that no other table has, as of a table that is an index whole.

        Raises:
            Refusal: TRI372 where there are two such tables.
        """
        selects = [self._select(leaf.search) for leaf in self.leaves]
        whole = [number for number, tests in enumerate(selects) if not tests]
        if len(whole) > 1:
            named = " and ".join(self.leaves[number].search.source.table.name for number in whole)
            raise Refusal("TRI372", f"nothing tells the records of {named} apart")
        (last,) = whole or [len(selects) - 1]
        told = [number for number in range(len(selects)) if number != last]
        cases = [f"{conjunction(selects[number], 8)}, {labels[number]}" for number in told]
        return [*cases, labels[last]]

    def _appended(self, marks: Sequence[str]) -> list[str]:
        """The label's column with all marks, appended in turn where calls would nest too deep.

        EVAL "can use columns defined left of this one", and "only the rightmost duplicate creates a
        column" (https://elastic.co/docs/reference/query-languages/esql/commands/eval).
        """
        made: list[str] = []
        waiting = list(marks)
        while waiting:
            before = [self.rule] if made else []
            count = MAX_NESTED + 1 - len(before)
            *outer, appended = [*before, *waiting[:count]]
            waiting = waiting[count:]
            for mark in reversed(outer):
                appended = f"MV_APPEND({mark},\n        {appended})"
            made.append(f"{self.rule} = {appended}")
        return made

    def _overlapping(self) -> bool:
        """Whether one event could match two rules: two of them read the same table."""
        tables = [leaf.search.source.table.name for leaf in self.leaves]
        return len(set(tables)) < len(tables)


class Rows:
    """The rows of one correlation: a label and a bound match per branch, a column per field."""

    def __init__(self, stream: Stream, bound: BoundCorrelation) -> None:
        self.stream = stream
        self.bound = bound
        self.labels: list[str] = []
        self.inner: dict[int, Rows] = {}
        self.shown: dict[str, str] = {}
        """The rule's names of what the result shows, with their result columns."""
        self._columns: dict[tuple[str, tuple[int, ...]], RowColumn] = {}
        for index, branch in enumerate(bound.branches):
            self.labels.append(stream.label(branch.plan.reference))
            if isinstance(branch.matches, BoundSearch):
                leaf = Leaf(self.labels[-1], branch.matches, branch.plan.keys)
                stream.leaves.append(leaf)
            else:
                self.inner[index] = Rows(stream, branch.matches)
        self.keys = tuple(self.column(name) for name in bound.plan.group_by)

    @property
    def shows(self) -> bool:
        """Whether these rows are the query's result, and not another correlation's matches."""
        return self.stream.root is self

    @property
    def key_names(self) -> list[str]:
        """The quoted names of the group key columns, each once."""
        return list(dict.fromkeys(syntax.name(key.name) for key in self.keys))

    @property
    def everywhere(self) -> tuple[int, ...]:
        """All branches."""
        return tuple(range(len(self.labels)))

    def labels_of(self, branches: Iterable[int]) -> list[str]:
        """The labels of some branches."""
        return [self.labels[branch] for branch in branches]

    def column(self, name: str, branches: tuple[int, ...] | None = None) -> RowColumn:
        """The column of the correlation's field on those branches (all, if none are given)."""
        branches = self.everywhere if branches is None else branches
        known = self._columns.get((name, branches))
        if known is None:
            known = self._columns[name, branches] = self._column(name, branches)
        return known

    def having(self, name: str) -> tuple[int, ...]:
        """The branches whose matches carry the correlation's field."""
        return tuple(index for index in self.everywhere if self._native(index, name) is not None)

    def natives(self) -> list[str]:
        """The native columns that the columns made so far read from base rules."""
        return list(
            dict.fromkeys(
                native[0]
                for name, branches in self._columns
                for index in branches
                if index not in self.inner and (native := self._native(index, name))
            )
        )

    def assigned(self, columns: Iterable[RowColumn]) -> list[str]:
        """The EVAL line for those columns that are not a native one."""
        made = []
        for column in dict.fromkeys(columns):
            cases: dict[str, list[int]] = {}
            for index, native in column.sources.items():
                cases.setdefault(native, []).append(index)
            if syntax.name(column.name) in cases:
                continue
            if len(cases) == 1 and len(column.sources) == len(self.labels):
                made.append(f"{syntax.name(column.name)} = {next(iter(cases))}")
                continue
            tests = [
                f"{self.stream.is_rule(self.labels_of(indices))}, {native}"
                for native, indices in cases.items()
            ]
            made.append(f"{syntax.name(column.name)} = {case(tests)}")
        return evaluated(made)

    def _column(self, name: str, branches: tuple[int, ...]) -> RowColumn:
        natives = {i: column for i in branches if (column := self._native(i, name))}
        kinds = {kind for _, kind in natives.values()}
        agreed = set(natives.values()) if len(natives) == len(self.labels) else set()
        if len(agreed) == 1:
            native, kind = agreed.pop()
            return RowColumn(native, kind, dict.fromkeys(natives, syntax.name(native)))
        kind = kinds.pop() if len(kinds) == 1 else "string"
        sources = {
            index: syntax.name(own) if type_ == kind else f"TO_STRING({syntax.name(own)})"
            for index, (own, type_) in natives.items()
        }
        return RowColumn(self.stream.claim(syntax.identifier(name)), kind, sources)

    def _native(self, index: int, name: str) -> tuple[str, str] | None:
        branch = self.bound.branches[index]
        own = branch.plan.field(name)
        if isinstance(branch.matches, BoundSearch):
            column = branch.matches.find(own)
            return (column.name, textual(column).type) if column else None
        keys = branch.matches.plan.group_by
        if own not in keys:
            return None
        key = self.inner[index].keys[keys.index(own)]
        return key.name, key.type


def _natives(bound: BoundCorrelation) -> Iterator[str]:
    """Every column that the rule's tables have, and those that it reads."""
    for branch in bound.branches:
        if isinstance(branch.matches, BoundSearch):
            yield from branch.matches.source.table.columns
            yield from (column.name for column in branch.matches.columns.values())
        else:
            yield from _natives(branch.matches)


def _fresh(wanted: str, taken: set[str]) -> str:
    """``wanted``, with a number behind it when it is taken; it is taken now."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    taken.add(name)
    return name
