"""One pass over all events: which rule each row is a match of, and the columns read from it.

Every base rule under a correlation reads into one stream of rows. A row's ``rule`` says which
listed rule it matches; an event that matches two becomes two rows. Columns that the correlations
need are read once, per rule from its own fields, and ``table`` drops the rest: it is a
transforming command, after which ``streamstats`` runs over all results (Search Reference,
*streamstats*, Description; *table*, Usage).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from trident.base.diagnostics import Refusal
from trident.mapping.binding import BoundCorrelation, BoundSearch
from trident.mapping.profiles import Column
from trident.result.translation import Note
from trident.rule.plan import Aggregate, Firing, output_fields
from trident.spl import syntax
from trident.spl.detections import SplDetections
from trident.spl.prefilter import place, search_clause, tests
from trident.spl.tokens import conjunction


@dataclass(frozen=True, slots=True)
class Read:
    """A working column, and the raw field it holds on the rows of each base rule's label."""

    name: str
    numeric: bool
    natives: dict[str, str]


@dataclass(slots=True)
class Rows:
    """The rows of one correlation in the stream: a label per branch, a column per field."""

    bound: BoundCorrelation
    labels: tuple[str, ...]
    inner: dict[int, Rows]
    reads: dict[tuple[str, bool], Read] = field(default_factory=dict)

    def column(self, branch: int, name: str) -> Column | None:
        """The raw field of correlation field ``name`` on a base rule's branch, if it has one."""
        bound = self.bound.branches[branch]
        if not isinstance(bound.matches, BoundSearch):
            return None
        return bound.matches.find(bound.plan.field(name))

    def inner_key(self, branch: int, name: str) -> int | None:
        """Where correlation field ``name`` stands in the key of the correlation ``branch`` is."""
        if branch not in self.inner:
            return None
        wanted = self.bound.branches[branch].plan.field(name)
        keys = self.inner[branch].bound.plan.group_by
        return keys.index(wanted) if wanted in keys else None

    def having(self, name: str) -> tuple[int, ...]:
        """The branches whose matches carry correlation field ``name``."""
        return tuple(
            index
            for index in range(len(self.labels))
            if self.column(index, name) or self.inner_key(index, name) is not None
        )


class Stream:
    """The stream under construction: names, labels, columns, and the lines that start it."""

    def __init__(self, bound: BoundCorrelation, shown: Collection[str]) -> None:
        self.detections = SplDetections()
        self.leaves: list[tuple[str, BoundSearch]] = []
        self._own = set(shown)
        self._natives = set(_natives(bound))
        self._names = syntax.Names([*self._natives, *shown])
        self._labels = syntax.Names(())
        self.rule = self.claim("rule")
        self.root = self._rows(bound)
        self.labelled = not (
            len(self.leaves) == 1 and isinstance(bound.plan.trigger, Aggregate)
        ) or bool(self.root.inner)

    @property
    def notes(self) -> list[Note]:
        """The notes of the detections and of the idioms."""
        return self.detections.notes

    def note(self, note: Note) -> None:
        """Keep a note for the translation, once."""
        self.detections.note(note)

    def claim(self, wanted: str) -> str:
        """A name for a working column."""
        return self._names.claim(wanted)

    def text(self, rows: Rows, name: str) -> str:
        """The working column that holds a correlation field's text, "" where it is missing."""
        return self._read(rows, name, numeric=False)

    def number(self, rows: Rows, name: str) -> str:
        """The working column that holds a correlation field's number, null where it is none."""
        return self._read(rows, name, numeric=True)

    def is_rule(self, labels: Iterable[str]) -> str:
        """The test that a row is a match of one of the labelled rules."""
        return " OR ".join(f"{self.rule}=={syntax.literal(label)}" for label in labels)

    def head(self, seconds: int | None, firing: Firing | None) -> list[str]:
        """The lines from the search to rows with all columns; call it when all are claimed."""
        searches = [search for _, search in self.leaves]
        delay = firing.delay if firing else 0
        ends = [f"{syntax.TIME}<={syntax.ago(delay)}"] if firing else []
        matched = [
            conjunction([test, self.detections.predicate(search)])
            for test, search in zip(tests(searches), searches, strict=True)
        ]
        reads = [read for rows in _all(self.root) for read in rows.reads.values()]
        kept = dict.fromkeys(name for read in reads for name in read.natives.values())
        columns = [column for search in searches for column in search.columns.values()]
        lines = [search_clause(searches, seconds, delay), *syntax.computed(columns)]
        if not self.labelled:
            lines.append(f"| where {conjunction([*ends, matched[0]])}")
        else:
            labels = [syntax.literal(label) for label, _ in self.leaves]
            lines.append(f"| eval {self.rule}={self._labelling(labels, matched)}")
            lines.append(f"| where {' AND '.join([f'isnotnull({self.rule})', *ends])}")
            kept = dict.fromkeys([self.rule, *kept])
        # table ends the events' part: streamstats behind it runs over all results, in their order.
        lines.append(f"| table {', '.join(map(syntax.name, [syntax.TIME, *kept]))}")
        if self._overlapping():
            self.note(Note.of("TRI431"))
            lines.append(f"| mvexpand {self.rule}")
        lines += assign(map(self._assignment, reads))
        return lines

    def _rows(self, bound: BoundCorrelation) -> Rows:
        labels = tuple(self._labels.claim(branch.plan.reference) for branch in bound.branches)
        inner = {}
        for index, (label, branch) in enumerate(zip(labels, bound.branches, strict=True)):
            if isinstance(branch.matches, BoundSearch):
                self.leaves.append((label, branch.matches))
            else:
                inner[index] = self._rows(branch.matches)
        return Rows(bound, labels, inner)

    def _read(self, rows: Rows, name: str, *, numeric: bool) -> str:
        known = rows.reads.get((name, numeric))
        if known is None:
            natives = {
                rows.labels[index]: syntax.native(column)
                for index in range(len(rows.labels))
                if (column := rows.column(index, name)) is not None
            }
            own = rows is self.root and not numeric and name in self._own
            wanted = f"{name}_number" if numeric else name
            working = self.claim_shown(name) if own else self.claim(wanted)
            known = rows.reads[name, numeric] = Read(working, numeric, natives)
        return known.name

    def claim_shown(self, name: str) -> str:
        """A shown field keeps its name where that is a plain one and no raw field's."""
        if name in (syntax.TIME, syntax.RAW):
            raise Refusal("TRI304", f"{name} is Splunk's own field, no result column")
        if syntax.is_identifier(name) and name not in self._natives:
            return name
        return self.claim(name)

    def _overlapping(self) -> bool:
        """Whether one event could match two rules: two of them read the same table."""
        places = [place(search.source.table, search.profile) for _, search in self.leaves]
        return len(set(places)) < len(places)

    def _labelling(self, labels: Sequence[str], matched: Sequence[str]) -> str:
        pairs = list(zip(labels, matched, strict=True))
        if not self._overlapping():
            return f"case({', '.join(f'{test},{label}' for label, test in pairs)})"
        return f"mvappend({', '.join(f'if({test},{label},null())' for label, test in pairs)})"

    def _assignment(self, read: Read) -> str:
        rules: dict[str, list[str]] = {}
        for label, native in read.natives.items():
            rules.setdefault(syntax.field(native), []).append(label)
        if len(rules) == 1 and len(read.natives) == len(self.leaves):
            value = next(iter(rules))
        elif rules:
            cases = (f"{self.is_rule(labels)},{native}" for native, labels in rules.items())
            value = f"case({', '.join(cases)})"
        else:  # read from inner alerts only, which are not there yet
            return f"{read.name}=null()" if read.numeric else f'{read.name}=""'
        return f"{read.name}=" + (f"tonumber({value})" if read.numeric else f'coalesce({value},"")')


def assign(assignments: Iterable[str]) -> list[str]:
    """An eval line, or none without assignments."""
    listed = list(assignments)
    return [f"| eval {', '.join(listed)}"] if listed else []


def _all(rows: Rows) -> Iterable[Rows]:
    yield rows
    for inner in rows.inner.values():
        yield from _all(inner)


def _natives(bound: BoundCorrelation) -> Iterable[str]:
    """Every raw field name that the rule's tables have or its fields could stand in."""
    shown = output_fields(bound.plan)
    for branch in bound.branches:
        if isinstance(branch.matches, BoundSearch):
            table = branch.matches.source.table
            yield from table.columns
            yield from table.settings.get("selector", {})
            shown_columns = [branch.matches.find(branch.plan.field(name)) for name in shown]
            columns = [*branch.matches.columns.values(), *shown_columns]
            yield from (syntax.native(column) for column in columns if column is not None)
        else:
            yield from _natives(branch.matches)
