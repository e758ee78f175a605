"""Binding: a plan with each log source's table and each Sigma field's column looked up.

``bind`` is the one place where a plan meets a profile. Renderers read the bound tree and never
look a field up themselves; what a profile cannot say is refused here, with the rule's place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from trident.base.diagnostics import Refusal
from trident.mapping import unmapped
from trident.mapping.partial import Dropped, answerable, names
from trident.mapping.profiles import Column, Profile, Source
from trident.mapping.resolver import resolve, resolve_source
from trident.mapping.wording import UnknownValue, reworded, selected
from trident.result.translation import PARTLY, Fidelity, Note
from trident.rule.monotone import Effect, effects
from trident.rule.plan import (
    Branch,
    Correlation,
    LogSource,
    Plan,
    Search,
    baseline_fields,
    output_fields,
)
from trident.rule.tree import Test, condition_fields


@dataclass(slots=True)
class BoundSearch:
    """A base rule on its table; ``columns`` maps every Sigma field that the plan uses, and grows
    by those that a renderer asks for besides: the notes of all of them belong to the query.

    The plan's condition is the rule's in the log source's own words (``wording.py``), with the
    selector of the log source; a selector's columns stand in ``columns`` under their own names.
    """

    plan: Search
    profile: Profile
    source: Source
    columns: dict[str, Column]
    dropped: tuple[Dropped, ...] = ()
    """The tests that the records cannot answer, left out with the user's consent."""

    def column(self, field: str) -> Column:
        """The native column of a Sigma field.

        Raises:
            Refusal: TRI202 when the profile has none.
        """
        if field not in self.columns:
            self.columns[field] = resolve(self.plan.logsource, field, self.profile)
        return self.columns[field]

    def find(self, field: str) -> Column | None:
        """The native column of a Sigma field, or None where this log source has none."""
        if field not in self.columns and self.source.column(field) is None:
            return None
        return self.column(field)


@dataclass(frozen=True, slots=True)
class BoundBranch:
    """A branch with its source bound; ``plan`` has the field names that ``matches`` knows."""

    plan: Branch
    matches: BoundSearch | BoundCorrelation


@dataclass(frozen=True, slots=True)
class BoundCorrelation:
    """A correlation whose branches are bound."""

    plan: Correlation
    profile: Profile
    branches: tuple[BoundBranch, ...]


Made = TypeVar("Made")

Bound = BoundSearch | BoundCorrelation


def bind(plan: Plan, profile: Profile, goal: Fidelity = Fidelity.EXACT) -> Bound:
    """Look up every table and column that ``plan`` needs in ``profile``. With the goal ``sound`` or
    ``wide``, tests that its records cannot answer are left out where the alerts then are fewer, or
    more.

    Raises:
        Refusal: TRI201 or TRI202, placed at the rule that needs the table or field; TRI203 for
            an output field that no branch has; TRI718 for a record's field that a firing one lacks.
    """
    if isinstance(plan, Search):
        return _bind_search(plan, profile, plan.outputs, goal)
    bound = BoundCorrelation(
        plan,
        profile,
        tuple(
            _bind_branch(branch, plan, profile, _branch_goal(goal, effect))
            for branch, effect in zip(plan.branches, effects(plan), strict=True)
        ),
    )
    for field in output_fields(plan):
        if field not in plan.group_by:
            _check_output(field, bound)
    _check_record(bound)
    return bound


def bind_accepted(plan: Plan, profile: Profile) -> Bound:
    """``plan`` bound as its translation is: in part, where that is all that the profile's records
    answer and the profile accepts it.

    Raises:
        Refusal: as ``bind``.
    """
    return reached(profile, lambda goal: bind(plan, profile, goal))


def reached(profile: Profile, make: Callable[[Fidelity], Made]) -> Made:
    """What ``make`` makes of the best goal that it does not refuse: ``exact``, or else one of the
    levels of a part, where the profile accepts it.

    Raises:
        Refusal: that of ``exact``.
    """
    try:
        return make(Fidelity.EXACT)
    except Refusal:
        for goal in PARTLY:
            if goal in profile.accept:
                with suppress(Refusal):
                    return make(goal)
        raise


def _branch_goal(goal: Fidelity, fewer: Effect) -> Fidelity:
    """What a rule's matches must be for the alerts of the correlation over it to be ``goal``."""
    if goal is Fidelity.EXACT or fewer is Effect.FEWER:
        return goal
    if fewer is Effect.UNKNOWN:
        return Fidelity.EXACT
    return Fidelity.WIDE if goal is Fidelity.SOUND else Fidelity.SOUND


def _bind_branch(
    branch: Branch, plan: Correlation, profile: Profile, goal: Fidelity
) -> BoundBranch:
    if not isinstance(branch.matches, Search):
        return BoundBranch(branch, bind(branch.matches, profile, goal))
    baseline = map(branch.field, baseline_fields(plan))
    needed = (*branch.keys, *branch.values, *baseline)
    search = _bind_search(branch.matches, profile, needed, goal)
    try:
        search.columns.update(_columns(search.plan.logsource, needed, (), search.source, profile))
    except Refusal as refusal:
        raise refusal.at(plan.identity.span) from None
    return BoundBranch(branch, search)


def _check_output(field: str, bound: BoundCorrelation) -> None:
    """An output field needs a column on some branch; a kept one is read on all of them."""
    if any(has_field(branch.matches, branch.plan.field(field)) for branch in bound.branches):
        return
    profile = bound.profile
    own = [
        (branch.matches, branch.plan.field(field))
        for branch in bound.branches
        if isinstance(branch.matches, BoundSearch)
    ]
    if not profile.keep or not own:
        refusal = Refusal(
            "TRI203",
            f"output field {field} exists on no log source of this rule in "
            f"{profile.target} profile {profile.name}",
            span=bound.plan.identity.span,
        )
        for search, name in own[:1]:
            refusal.with_remedy(unmapped.field_lines([name], profile, search.source.logsource))
        raise refusal
    for search, name in own:
        search.column(name)


def _check_record(bound: BoundCorrelation) -> None:
    """Every rule that can fire has the fields that link an alert to its event."""
    plan, profile = bound.plan, bound.profile
    for field in plan.record:
        for branch in (bound.branches[index] for index in plan.firing_branches):
            if not has_field(branch.matches, branch.plan.field(field)):
                raise Refusal(
                    "TRI718",
                    f"no alert could be linked to its event: {branch.matches.plan.identity.slug} "
                    f"has no {field} in {profile.target} profile {profile.name}",
                    span=plan.identity.span,
                )


def has_field(bound: Bound, field: str) -> bool:
    """Whether matches of ``bound`` carry Sigma field ``field``."""
    if isinstance(bound, BoundSearch):
        return bound.find(field) is not None
    return field in bound.plan.group_by


def bound_searches(bound: Bound) -> Iterator[BoundSearch]:
    """Every bound base rule, in listed order."""
    if isinstance(bound, BoundSearch):
        yield bound
        return
    for branch in bound.branches:
        yield from bound_searches(branch.matches)


def binding_notes(bound: Bound, goal: Fidelity = Fidelity.EXACT) -> tuple[Note, ...]:
    """The notes that the columns in use and the tests left out for ``goal`` bring, each once."""
    codes = {
        code: name
        for search in bound_searches(bound)
        for name, notes in (
            (search.source.table.name, search.source.notes),
            *((column.name, column.notes) for column in search.columns.values()),
        )
        for code in notes
    }
    return (
        *(Note.of(code, column=name) for code, name in codes.items()),
        *_kept_notes([*bound_searches(bound)]),
        *_dropped_notes(bound_searches(bound), goal),
        *_decided_notes(bound_searches(bound)),
    )


def _dropped_notes(searches: Iterable[BoundSearch], goal: Fidelity) -> Iterator[Note]:
    for search in searches:
        noted: dict[str, list[Dropped]] = {}
        for each in search.dropped:
            unheld = each.refusal.diagnostic.code == "TRI205"
            code = "TRI419" if goal is Fidelity.WIDE else "TRI418" if unheld else "TRI417"
            noted.setdefault(code, []).append(each)
        for code, dropped in noted.items():
            yield Note.of(code, rule=search.plan.identity.slug, tests="; ".join(names(dropped)))


def _decided_notes(searches: Iterable[BoundSearch]) -> Iterator[Note]:
    for plan in (search.plan for search in searches):
        if plan.decisive:
            source = str(plan.logsource)
            yield Note.of("TRI420", rule=plan.identity.slug, field=plan.decisive, logsource=source)


def _kept_notes(searches: list[BoundSearch]) -> Iterator[Note]:
    """What the profile does not have and passes through: log sources by place, fields by name."""
    sources = {
        str(search.source.logsource): search.source.table.name
        for search in searches
        if search.source.kept
    }
    for logsource, name in sources.items():
        yield Note.of("TRI400", logsource=logsource, place=f"trident_{name}")
    fields = {
        field for search in searches for field, column in search.columns.items() if column.kept
    }
    if fields:
        yield Note.of("TRI409", fields=", ".join(sorted(fields)))


def _bind_search(
    plan: Search, profile: Profile, needed: tuple[str, ...], goal: Fidelity
) -> BoundSearch:
    """``needed`` are the fields that the rule is read by besides its detection."""
    dropped: tuple[Dropped, ...] = ()
    try:
        source = _source(plan, profile, needed)
        condition = plan.condition
        if goal is not Fidelity.EXACT:
            condition, dropped = answerable(
                condition,
                lambda test: _unanswered(test, plan.logsource, source, profile),
                shrink=goal is Fidelity.SOUND,
            )
        try:
            condition = reworded(condition, source.wording)
        except UnknownValue as refusal:
            lines = unmapped.field_lines([refusal.field], profile, source.logsource)
            raise refusal.with_remedy(lines) from None
        fields = tuple(dict.fromkeys(condition_fields(condition)))
        columns = _columns(plan.logsource, fields, needed, source, profile)
    except Refusal as refusal:
        raise refusal.at(plan.identity.span) from None
    columns |= {name: source.table.column(name) for name in source.wording.where}
    plan = replace(plan, condition=selected(condition, source.wording))
    return BoundSearch(plan, profile, source, columns, dropped)


def _unanswered(
    test: Test, logsource: LogSource, source: Source, profile: Profile
) -> Refusal | None:
    """Why the profile's records cannot answer a test, if they cannot."""
    try:
        for name in condition_fields(reworded(test, source.wording)):
            resolve(logsource, name, profile)
    except Refusal as refusal:
        return refusal
    return None


def _columns(
    logsource: LogSource,
    fields: tuple[str, ...],
    needed: tuple[str, ...],
    source: Source,
    profile: Profile,
) -> dict[str, Column]:
    """The columns of ``fields``; where one is missing, the lines shown add all that are."""
    try:
        return {field: resolve(logsource, field, profile) for field in fields}
    except Refusal as refusal:
        missing = [field for field in (*fields, *needed) if source.column(field) is None]
        lines = unmapped.field_lines(missing, profile, source.logsource)
        raise refusal.with_remedy(lines) from None


def _source(plan: Search, profile: Profile, needed: tuple[str, ...]) -> Source:
    try:
        return resolve_source(plan.logsource, profile)
    except Refusal as refusal:
        names = (*condition_fields(plan.condition), *needed)
        raise refusal.with_remedy(unmapped.table_lines(names, profile, plan.logsource)) from None
