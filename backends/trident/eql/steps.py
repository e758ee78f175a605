"""The steps of a sequence: each branch's records, detection and group key as one condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trident.base.diagnostics import Refusal
from trident.eql import literals
from trident.eql.counted import counted, key_columns
from trident.eql.detections import EqlDetections
from trident.eql.variants import Step
from trident.mapping.binding import BoundBranch, BoundCorrelation, BoundSearch
from trident.mapping.profiles import Column, Table
from trident.predicates.layout import Enclosed, joined, one_a_line

KEY_TYPES = {"int": "long"}
"""Types that join with each other."""


@dataclass(frozen=True, slots=True)
class Part:
    """One branch: its bound search, its tests (also as they stand below a ``not``), its keys, and
    how many of its matches in a row it takes."""

    search: BoundSearch
    tests: list[str]
    negatable: list[str]
    keys: tuple[Column, ...]
    runs: int = 1

    @property
    def table(self) -> Table:
        """The data set of the branch."""
        return self.search.source.table


def tests(backend: EqlDetections, search: BoundSearch, negated: bool = False) -> list[str]:
    """The tests for the matches of one base rule: the records of its data set, its detection.

    ``negated``: they will stand below a ``not``.
    """
    records = [
        f"{literals.field(name)} == {literals.string(value)}"
        for name, value in search.source.table.settings["select"].items()
    ]
    return [*records, backend.predicate(search, negated)]


class Steps:
    """Writes the steps of one correlation.

    ``extra`` gives further tests for the matches of a branch.
    """

    def __init__(
        self,
        bound: BoundCorrelation,
        backend: EqlDetections,
        extra: Callable[[BoundBranch], Sequence[str]] = lambda _: (),
    ) -> None:
        self.parts = [_part(branch, backend, extra(branch)) for branch in bound.branches]

    def together(self) -> list[Step]:
        """The branches that can share a step: those with the same key columns."""
        groups: dict[tuple[Column, ...], list[int]] = {}
        for branch, part in enumerate(self.parts):
            groups.setdefault(part.keys, []).append(branch)
        return [tuple(group) for group in groups.values()]

    def keys(self, step: Step) -> tuple[Column, ...]:
        """The key columns of a step's branches, which are the same."""
        return self.parts[step[0]].keys

    def runs(self, step: Step) -> int:
        """How often a step is repeated.

        Raises:
            Refusal: TRI353 for a count that shares its step with another rule.
        """
        runs = [self.parts[branch].runs for branch in step]
        if max(runs) > 1 and len(runs) > 1:
            raise Refusal("TRI353", "a count and another rule cannot fill one step of a sequence")
        return runs[0]

    def disjoint(self, branches: Sequence[int]) -> bool:
        """Whether no event can match two of the branches: each reads a data set of its own."""
        names = [self.parts[branch].table.name for branch in branches]
        return len(set(names)) == len(names)

    def tables(self, branches: Sequence[int]) -> list[Table]:
        """The data sets that the branches read, each once."""
        return list({self.parts[b].table.name: self.parts[b].table for b in branches}.values())

    def condition(self, step: Step, absent: Step = ()) -> str:
        """The condition of a step: any of its branches, with a group key.

        An event that is also a match of an ``absent`` branch of the same group cannot take part:
        its own time lies in the interval that must be free of them.
        """
        matches = [self._without(branch, absent) for branch in step]
        if len(matches) == 1:
            conjuncts = matches[0]
        else:
            any_of = "\n      or ".join(f"({conjunction(each, 8)})" for each in matches)
            conjuncts = [f"(\n      {any_of}\n    )"]
        # A sequence joins events without the key with each other; Sigma leaves them out.
        present = [
            f'{name} != null and {name} != ""' if key.type == "string" else f"{name} != null"
            for key in self.keys(step)
            for name in [literals.field(key.name)]
        ]
        return conjunction([*conjuncts, *present], 4)

    def join(self, steps: Sequence[Step]) -> tuple[str, list[str]]:
        """The ``by`` of the whole sequence, or else that of each step.

        Raises:
            Refusal: TRI357 when the keys of two steps have different types.
        """
        keys = [self.keys(step) for step in steps]
        for columns in zip(*keys, strict=True):
            types = {KEY_TYPES.get(column.type, column.type) for column in columns}
            if len(types) > 1:
                names = ", ".join(sorted({column.name for column in columns}))
                raise Refusal("TRI357", f"EQL cannot join fields of different types: {names}")
        written = [", ".join(literals.field(key.name) for key in columns) for columns in keys]
        if len(set(written)) == 1:
            return (f" by {written[0]}" if written[0] else ""), [""] * len(steps)
        return "", [f" by {each}" for each in written]

    def _without(self, branch: int, absent: Step) -> list[str]:
        part = self.parts[branch]
        excluded = [
            Enclosed("not (", joined(other.negatable, "and"), ")")
            for other in (self.parts[index] for index in absent)
            if other.table.name == part.table.name and other.keys == part.keys
        ]
        return [*part.tests, *excluded]


def conjunction(conjuncts: Sequence[str], indent: int) -> str:
    """All of the tests, one a line."""
    return one_a_line(conjuncts, "and", indent)


def _part(branch: BoundBranch, backend: EqlDetections, extra: Sequence[str]) -> Part:
    search, runs = branch.matches, 1
    if not isinstance(search, BoundSearch):
        search, runs = counted(branch)
    return Part(
        search,
        [*tests(backend, search), *extra],
        tests(backend, search, negated=True),
        key_columns(branch),
        runs,
    )
