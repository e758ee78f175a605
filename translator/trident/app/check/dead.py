"""Parts of rules that no event can satisfy, and correlations that take one event twice."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from trident.app.check import places
from trident.app.check.conventions import warning
from trident.base.diagnostics import Diagnostic, Span
from trident.mapping.known import Known, known_in
from trident.mapping.profiles import Profile
from trident.predicates.dead import Dead, Kind, dead_parts
from trident.predicates.never import absent_fields, taken_twice
from trident.rule.plan import Identity, Plan, Search
from trident.rule.planner import Planned
from trident.rule.rules import Document, Rule

_CODES = {
    Kind.EXCLUDED: "TRI644",
    Kind.FILTERED: "TRI645",
    Kind.ABSENT: "TRI646",
    Kind.UNHELD: "TRI649",
}
_CANNOT_FIRE = "; the rule cannot fire"
_NEAREST = 6
"""How many of the fields that are there a hint names."""


def dead_tests(
    planned: Iterable[Planned], rules: Iterable[Rule], profiles: Sequence[Profile]
) -> Iterator[Diagnostic]:
    """Each part of a detection that is impossible, by its own tests or since the events lack a
    field wherever they are stored; each field of a correlation that they lack; and each event
    counted twice."""
    documents = {rule.identity: rule.document for rule in rules}
    for each in planned:
        if each.plan is not None:
            yield from _of(each.plan, documents, profiles)


def _of(
    plan: Plan, documents: Mapping[Identity, Document], profiles: Sequence[Profile]
) -> Iterator[Diagnostic]:
    document = documents[plan.identity]
    if isinstance(plan, Search):
        for part, where in _on(plan, profiles, lambda known: dead_parts(plan.condition, known)):
            span = places.of_field(document, part.field, "detection")
            yield _finding(_CODES[part.kind], part, where, span)
        yield from _lacking(plan, plan.outputs, profiles, "TRI648", document.at("fields"))
        return
    for branch in plan.branches:
        yield from _of(branch.matches, documents, profiles)
        if isinstance(branch.matches, Search):
            names, span = (*branch.keys, *branch.values), document.at("correlation")
            yield from _lacking(branch.matches, names, profiles, "TRI647", span)
    for narrow, wide in taken_twice(plan):
        yield warning(
            "TRI642",
            f"every event that {narrow.reference} finds is one that {wide.reference} finds: "
            "it is two matches",
            document.at("correlation", "rules"),
        )


def _lacking(
    search: Search, names: Sequence[str], profiles: Sequence[Profile], code: str, span: Span
) -> Iterator[Diagnostic]:
    """A finding for each field of a rule that its events never have."""
    for part, where in _on(search, profiles, lambda known: absent_fields(search, names, known)):
        yield _finding(code, part, where, span)


def _on(
    search: Search, profiles: Sequence[Profile], parts: Callable[[Known | None], Iterable[Dead]]
) -> Iterator[tuple[Dead, str]]:
    """What is dead, and on which profiles if that is not so on all that store the events."""
    stored = [(profile, known) for profile in profiles if (known := known_in(profile)(search))]
    where: dict[Dead, list[str]] = {}
    for profile, known in stored:
        for part in parts(known):
            where.setdefault(part, []).append(f"{profile.target} {profile.name}")
    for part in () if stored else parts(None):
        where[part] = []
    for part, names in where.items():
        yield part, f" ({', '.join(names)})" if len(names) < len(stored) else ""


def _finding(code: str, part: Dead, where: str, span: Span) -> Diagnostic:
    message = part.reason + (_CANNOT_FIRE if part.whole else "") + where
    return warning(code, message, span, _hint(part))


def _hint(part: Dead) -> str:
    """What is there, the nearest names first; "" where nothing is known."""
    names = [name for name in part.instead if name != part.lacking]
    near = difflib.get_close_matches(part.lacking, names, n=_NEAREST, cutoff=0)
    if not near:
        return ""
    return f"the events have {', '.join(near)}{', ...' if len(names) > len(near) else ''}"
