"""ES|QL's commands as lines of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trident.elastic.tables import index_of
from trident.esql import syntax
from trident.esql.stack import Stack
from trident.mapping.binding import BoundSearch
from trident.mapping.profiles import Table
from trident.predicates.layout import broken, joined, one_a_line
from trident.rule.plan import Firing


def source(searches: Sequence[BoundSearch], documents: bool) -> str:
    """The FROM line over the index patterns of the searches' tables; ``documents``: the rows of
    the result are documents, with what identifies one."""
    patterns = dict.fromkeys(
        syntax.index(index_of(search.source.table, search.profile)) for search in searches
    )
    # What a detection rule needs to tell documents apart, "Create an ES|QL rule":
    # https://www.elastic.co/docs/solutions/security/detect-and-alert/create-detection-rule
    read = " METADATA _id, _version, _index" if documents else ""
    return f"FROM {', '.join(patterns)}{read}"


def within(time: str, since: Sequence[int] | None, delay: int = 0) -> list[str]:
    """The WHERE line on the time column, both ends included; none without ``since``.

    The end lies ``delay`` seconds before now, the start ``since`` before that.
    """
    if since is None:
        return []
    column = syntax.name(time)
    return [f"| WHERE {column} >= {syntax.ago(*since, delay)} AND {column} <= {syntax.ago(delay)}"]


def after(time: str, firing: Firing) -> list[str]:
    """The WHERE line that leaves out the start of the times that count, where it is open."""
    if not firing.open:
        return []
    return [f"| WHERE {syntax.name(time)} > {syntax.ago(firing.back, firing.delay)}"]


def matching(tests: Sequence[Sequence[str]]) -> str:
    """The WHERE line that any of several conjunctions holds."""
    if len(set(map(tuple, tests))) == 1:
        return f"| WHERE {one_a_line(tests[0], 'AND')}"
    nested = [one_a_line(test, "AND", 8) for test in dict.fromkeys(map(tuple, tests))]
    return "| WHERE (" + ")\n    OR (".join(nested) + ")"


def evaluated(assignments: Sequence[str]) -> list[str]:
    """The EVAL line of some assignments; none without any."""
    return [f"| EVAL {syntax.listed(assignments)}"] if assignments else []


def case(cases: Sequence[str]) -> str:
    """A CASE of ``test, value`` texts."""
    return f"CASE({syntax.listed(cases, indent=8)})"


def select(table: Table, stack: Stack) -> list[str]:
    """The tests that tell a table's records from others in its index."""
    arrays = table.settings.get("arrays", ())
    return [
        stack.contains(syntax.name(column), value)
        if column in arrays
        else f"{syntax.name(column)} == {syntax.literal(value)}"
        for column, value in table.settings["select"].items()
    ]


def conjunction(tests: Sequence[str], indent: int) -> str:
    """All of the tests, with further lines at ``indent``."""
    return broken(joined(tests, "AND"), indent)


def stats(aggregates: Iterable[str], columns: Iterable[str]) -> str:
    """A STATS line: the aggregates per group of the columns, each column once."""
    parts = [syntax.listed(aggregates), f"BY {', '.join(dict.fromkeys(columns))}"]
    return f"| STATS {' '.join(part for part in parts if part)}"
