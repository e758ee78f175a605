"""Parts of rules that no event can satisfy, and correlations that take one event twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations

from trident.app.check import places
from trident.app.check.conventions import warning
from trident.base.diagnostics import Diagnostic
from trident.predicates.dead import Dead, Kind, implies
from trident.predicates.never import dead
from trident.rule.plan import (
    Aggregate,
    Branch,
    Correlation,
    Identity,
    Plan,
    RuleCount,
    Search,
    Statistic,
)
from trident.rule.planner import Planned
from trident.rule.rules import Document, Rule

_CODES = {Kind.EXCLUDED: "TRI644", Kind.FILTERED: "TRI645"}
_CANNOT_FIRE = "; the rule cannot fire"
_ADDED = (Statistic.COUNT, Statistic.SUM, Statistic.AVG, Statistic.PERCENTILE, Statistic.MEDIAN)
"""Statistics to which an event that is two matches contributes twice."""


def dead_tests(planned: Iterable[Planned], rules: Iterable[Rule]) -> Iterator[Diagnostic]:
    """Each part of a detection that its own tests make impossible, and each event counted twice."""
    documents = {rule.identity: rule.document for rule in rules}
    for each in planned:
        if each.plan is not None:
            yield from _of(each.plan, documents)


def _of(plan: Plan, documents: Mapping[Identity, Document]) -> Iterator[Diagnostic]:
    document = documents[plan.identity]
    if isinstance(plan, Search):
        for part in dead(plan, None):
            yield _finding(part, document)
        return
    for branch in plan.branches:
        yield from _of(branch.matches, documents)
    yield from _twice(plan, document)


def _finding(part: Dead, document: Document) -> Diagnostic:
    span = places.of_field(document, part.field, "detection")
    message = part.reason + (_CANNOT_FIRE if part.whole else "")
    return warning(_CODES[part.kind], message, span)


def _twice(plan: Correlation, document: Document) -> Iterator[Diagnostic]:
    """A finding for each listed rule whose every match is one of another listed rule."""
    trigger = plan.trigger
    counts = isinstance(trigger, Aggregate) and trigger.statistic in _ADDED
    if not counts and not isinstance(trigger, RuleCount):
        return
    for narrow, wide in permutations(plan.branches, 2):
        if _within(narrow, wide):
            yield warning(
                "TRI642",
                f"every event that {narrow.reference} finds is one that {wide.reference} finds: "
                "it is two matches",
                document.at("correlation", "rules"),
            )


def _within(narrow: Branch, wide: Branch) -> bool:
    one, other = narrow.matches, wide.matches
    if not isinstance(one, Search) or not isinstance(other, Search):
        return False
    return other.logsource.covers(one.logsource) and implies(one.condition, other.condition)
