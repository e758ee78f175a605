"""Where each part of a base rule's query comes from: table, columns, and the piece per test.

The pieces are those that the target's own detection backend puts together; nothing is looked for
in the finished query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sigma.conditions import ConditionAND, ConditionItem

from trident.app.explain.detections import Origin, detection_words
from trident.app.explain.meaning import Line, line, logsource_words
from trident.app.explain.values import Shown, visible
from trident.app.explain.words import Test, tests
from trident.base.data import shipped
from trident.base.diagnostics import Diagnostic, Refusal
from trident.mapping.binding import BoundSearch, bind
from trident.mapping.evidence import with_evidence
from trident.mapping.profiles import Column, Profile, Source
from trident.mapping.resolver import resolve_source
from trident.mapping.wording import reworded
from trident.predicates.walk import Detections, Fragment
from trident.rule.plan import (
    Aggregate,
    Correlation,
    Identity,
    Ordered,
    Plan,
    Search,
    baseline_fields,
    output_fields,
)
from trident.rule.tree import condition_fields, condition_tests
from trident.target import registry

Roles = Mapping[str, Sequence[str]]
"""What a base rule's fields are used for, by Sigma field."""

YOURS = "trident.yml"
"""The source of a mapping that the shipped data do not have."""


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A Sigma field and its native column; ``reason`` says why it has none, ``sources`` are the
    codes of field_sources.yml, ``notes`` the codes of the notes that using it brings."""

    field: str
    used_for: tuple[str, ...]
    column: str = ""
    type: str = ""
    held: str = ""
    confidence: str = ""
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the query; ``shared``: it says other tests of the rule, too."""

    text: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class TestOrigin:
    """One test in words with its pieces; or the refusal that it causes. ``below_not``: the test
    must fail, since it stands below a ``not`` in the rule and in the query."""

    test: Line
    below_not: bool = False
    pieces: tuple[Piece, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class RuleOrigin:
    """One base rule on a target: its table, how its records are told, its fields, its tests."""

    name: str
    file: str
    line: int
    logsource: str
    mapping: str = ""
    table: str = ""
    where: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fields: tuple[FieldUse, ...] = ()
    tests: tuple[TestOrigin, ...] = ()


def rule_origins(
    plan: Plan, profile: Profile, items: Any, shown: Shown
) -> Iterator[tuple[RuleOrigin, list[Diagnostic]]]:
    """Every base rule of a plan once, with the refusals that it causes by itself."""
    seen: set[Identity] = set()
    for search, roles in _searches(plan):
        if search.identity not in seen:
            seen.add(search.identity)
            rule = _Rule(search, roles, profile, alone=isinstance(plan, Search))
            yield rule.origin(items(search), shown)


@cache
def source_meanings() -> Mapping[str, str]:
    """What the source codes of the fields data mean."""
    named: Mapping[str, str] = shipped("trident.mapping", "field_sources.yml")
    return named


def detection_backend(target: str, alone: bool) -> Detections:
    """A new detection backend of a target, imported when it is first needed; ``alone`` as
    ``Detections`` has it."""
    record = registry.target(target)
    detections: Detections = record.load(record.detections)(alone)
    return detections


class _Rule:
    """One base rule under one profile, whether or not it can be translated."""

    def __init__(self, search: Search, roles: Roles, profile: Profile, *, alone: bool) -> None:
        self.search, self.roles, self.profile, self.alone = search, roles, profile, alone
        self.refusals: list[Diagnostic] = []

    def origin(self, origin: Origin, shown: Shown) -> tuple[RuleOrigin, list[Diagnostic]]:
        search = self.search
        made = RuleOrigin(
            visible(search.identity.slug),
            search.identity.span.file,
            search.identity.span.line,
            logsource_words(search.logsource),
        )
        try:
            source = resolve_source(search.logsource, self.profile)
        except Refusal as refusal:
            self._refuse(refusal)
            return made, self.refusals
        words = list(tests(detection_words(search.condition, origin)))
        bound = self._bound()
        return (
            replace(
                made,
                mapping=logsource_words(source.logsource),
                table=source.table.name,
                where=tuple(_where(source, self.profile)),
                records=tuple(self._records(bound, source)),
                notes=source.notes,
                fields=tuple(self._fields(source, bound)),
                tests=tuple(self._tests(words, bound, source, shown)),
            ),
            self.refusals,
        )

    def _bound(self) -> BoundSearch | None:
        """The search bound, with the columns of all fields that it is used with."""
        try:
            bound = bind(self.search, self.profile)
        except Refusal:
            return None  # the field or value behind it is found one by one
        assert isinstance(bound, BoundSearch)
        return bound

    def _refuse(self, refusal: Refusal) -> None:
        self.refusals.append(refusal.at(self.search.identity.span).diagnostic)

    def _fields(self, source: Source, bound: BoundSearch | None) -> Iterator[FieldUse]:
        roles = dict(self.roles)
        for name in bound.columns if bound else ():
            if name not in source.wording.where:
                roles.setdefault(name, ["detection, in the records' words"])
        moved = () if bound is None else set(self.roles) - set(bound.columns)
        for name, used_for in roles.items():
            column = source.column(name)
            if column is not None:
                shown = with_evidence(column, name, source, self.profile)
                yield _field_use(name, tuple(used_for), shown)
            elif name in moved and list(used_for) == ["detection"]:
                yield FieldUse(visible(name), tuple(used_for), reason="tested on other fields here")
            else:
                reason = source.refused.get(name, "none is known here")
                yield FieldUse(visible(name), tuple(used_for), reason=reason)

    def _records(self, bound: BoundSearch | None, source: Source) -> list[str]:
        """The pieces that tell the log source's records from others in the table."""
        if bound is None or not source.wording.where:
            return []
        fragments = self._fragments(bound) or ()
        leaves = {id(leaf) for part in _selector(bound) for leaf in condition_tests(part)}
        return [each.text for each in fragments if leaves & set(map(id, each.leaves))]

    def _tests(
        self,
        words: Sequence[tuple[Test, bool]],
        bound: BoundSearch | None,
        source: Source,
        shown: Shown,
    ) -> Iterator[TestOrigin]:
        fragments = self._fragments(bound) if bound else None
        if bound is None or fragments is None:
            for test, below_not in words:
                refused = self._refused(test, source)
                yield TestOrigin(line(test, shown), below_not, refused=refused)
            return
        places = dict(_pairs(self.search.condition, _without_selector(bound)))
        for test, below_not in words:
            mine = {key for leaf in test.leaves for key in places[id(leaf)]}
            pieces = [
                Piece(each.text, not {id(leaf) for leaf in each.leaves} <= mine)
                for each in fragments
                if mine & {id(leaf) for leaf in each.leaves}
            ]
            yield TestOrigin(line(test, shown), below_not, tuple(dict.fromkeys(pieces)))

    def _fragments(self, bound: BoundSearch) -> tuple[Fragment, ...] | None:
        try:
            return detection_backend(self.profile.target, self.alone).fragments(bound)
        except Refusal:
            return None  # the value behind it is found one by one

    def _refused(self, test: Test, source: Source) -> str:
        """The refusal that one test alone causes, "" for none; each of its leaves is tried."""
        for leaf in test.leaves:
            try:
                reworded(leaf, source.wording)
                bound = bind(replace(self.search, condition=leaf), self.profile)
                assert isinstance(bound, BoundSearch)
                detection_backend(self.profile.target, self.alone).predicate(bound)
            except Refusal as refusal:
                self._refuse(refusal)
                return refusal.diagnostic.code
        return ""


def _searches(plan: Plan) -> Iterator[tuple[Search, dict[str, list[str]]]]:
    """Each base rule with the fields that the detection and the rule around it use."""
    if isinstance(plan, Search):
        roles = _detection_roles(plan)
        for name in plan.outputs:
            roles.setdefault(name, []).append("shown")
        yield plan, roles
        return
    absent = plan.trigger.absent if isinstance(plan.trigger, Ordered) else ()
    for index, branch in enumerate(plan.branches):
        if isinstance(branch.matches, Correlation):
            yield from _searches(branch.matches)
            continue
        outputs = () if index in absent else output_fields(plan)
        roles = _detection_roles(branch.matches)
        condition = plan.trigger.fields if isinstance(plan.trigger, Aggregate) else ()
        used = [
            *(
                (own, "group-by", name)
                for own, name in zip(branch.keys, plan.group_by, strict=True)
            ),
            *((own, "condition", name) for own, name in zip(branch.values, condition, strict=True)),
            *((branch.field(name), "baseline", name) for name in baseline_fields(plan)),
            *((branch.field(name), "shown", name) for name in outputs),
        ]
        for own, role, name in used:
            said = role if own == name else f"{role} as {visible(name)}"
            roles_said = roles.setdefault(own, [])
            if said not in roles_said:
                roles_said.append(said)
        yield branch.matches, roles


def _detection_roles(search: Search) -> dict[str, list[str]]:
    return {name: ["detection"] for name in dict.fromkeys(condition_fields(search.condition))}


def _field_use(name: str, used_for: tuple[str, ...], column: Column) -> FieldUse:
    held = ""
    if column.container:
        held = f"property of {column.container}"
        held += f" ({column.format} text)" if column.format else ""
    elif column.expression:
        held = f"computed: {column.expression}"
    return FieldUse(
        visible(name),
        used_for,
        column.name,
        column.type,
        held,
        column.confidence,
        tuple(column.sources.split()) or (YOURS,),
        column.notes,
    )


def _where(source: Source, profile: Profile) -> Iterator[str]:
    """How a query gets at the table, where its name alone does not say."""
    record = registry.target(profile.target)
    if record.reached:
        yield from record.load(record.reached)(source.table, profile)


def _selector(bound: BoundSearch) -> list[object]:
    """The tests of the log source's selector, which stand first (``wording.selected``)."""
    condition, count = bound.plan.condition, len(bound.source.wording.where)
    return [*condition.args[:count]] if isinstance(condition, ConditionAND) else []


def _without_selector(bound: BoundSearch) -> object:
    condition, count = bound.plan.condition, len(bound.source.wording.where)
    if not count:
        return condition
    assert isinstance(condition, ConditionAND)
    rest = condition.args[count:]
    return rest[0] if len(rest) == 1 else ConditionAND(rest)


def _pairs(written: object, bound: object) -> Iterator[tuple[int, list[int]]]:
    """For each leaf of the rule (by identity) the leaves that it has become in the records' own
    words; where the two trees part ways, all leaves below stand together."""
    if not isinstance(written, ConditionItem):
        yield id(written), [id(leaf) for leaf in condition_tests(bound)]
    elif (
        isinstance(bound, ConditionItem)
        and type(written) is type(bound)
        and len(written.args) == len(bound.args)
    ):
        for before, after in zip(written.args, bound.args, strict=True):
            yield from _pairs(before, after)
    else:
        together = [id(leaf) for leaf in condition_tests(bound)]
        yield from ((id(leaf), together) for leaf in condition_tests(written))
