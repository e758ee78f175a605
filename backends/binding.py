"""Binding: a plan with each log source's table and each Sigma field's column looked up.

``bind`` is the one place where a plan meets a profile. Renderers read the bound tree and never
look a field up themselves; what a profile cannot say is refused here, with the rule's place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sigma.conditions import (
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionValueExpression,
)
from sigma.types import SigmaFieldReference

from backends.diagnostics import Refusal
from backends.plan import Branch, Correlation, Plan, Search
from backends.profiles import Column, Profile, Source, resolve, resolve_source
from backends.translation import Note
from backends.wording import reworded, selected


@dataclass(frozen=True, slots=True)
class BoundSearch:
    """A base rule on its table; ``columns`` maps every Sigma field that the plan uses.

    The plan's condition is the rule's in the log source's own words (``wording.py``), with the
    selector of the log source; a selector's columns stand in ``columns`` under their own names.
    """

    plan: Search
    profile: Profile
    source: Source
    columns: dict[str, Column]

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
        try:
            return self.column(field)
        except Refusal:
            return None


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


Bound = BoundSearch | BoundCorrelation


def bind(plan: Plan, profile: Profile) -> Bound:
    """Look up every table and column that ``plan`` needs in ``profile``.

    Raises:
        Refusal: TRI201 or TRI202, placed at the rule that needs the table or field; TRI203 for
            an output field that no branch has; TRI718 for a record's field that a firing one lacks.
    """
    if isinstance(plan, Search):
        return _bind_search(plan, profile)
    branches = tuple(BoundBranch(branch, bind(branch.matches, profile)) for branch in plan.branches)
    bound = BoundCorrelation(plan, profile, branches)
    try:
        for branch in branches:
            if isinstance(branch.matches, BoundSearch):
                baseline = map(branch.plan.field, baseline_fields(plan))
                for field in (*branch.plan.keys, *branch.plan.values, *baseline):
                    branch.matches.column(field)
    except Refusal as refusal:
        raise refusal.at(plan.identity.span) from None
    for field in output_fields(plan):
        if field not in plan.group_by and not any(
            has_field(branch.matches, branch.plan.field(field)) for branch in branches
        ):
            raise Refusal(
                "TRI203",
                f"output field {field} exists on no log source of this rule in "
                f"{profile.target} profile {profile.name}",
                span=plan.identity.span,
            )
    for field in plan.record:
        for branch in (branches[index] for index in plan.firing_branches):
            if not has_field(branch.matches, branch.plan.field(field)):
                raise Refusal(
                    "TRI718",
                    f"no alert could be linked to its event: {branch.matches.plan.identity.slug} "
                    f"has no {field} in {profile.target} profile {profile.name}",
                    span=plan.identity.span,
                )
    return bound


def has_field(bound: Bound, field: str) -> bool:
    """Whether matches of ``bound`` carry Sigma field ``field``."""
    if isinstance(bound, BoundSearch):
        return bound.find(field) is not None
    return field in bound.plan.group_by


def output_fields(plan: Correlation) -> tuple[str, ...]:
    """The Sigma fields that the rule's result shows, in order, each once."""
    named = [column.field for column in plan.columns if column.field]
    return tuple(dict.fromkeys([*plan.outputs, *named]))


def baseline_fields(plan: Correlation) -> tuple[str, ...]:
    """The Sigma fields that the rule's baseline compares, as the correlation names them."""
    baseline = plan.baseline
    if baseline is None:
        return ()
    exceeds = baseline.exceeds
    return (*((exceeds.field, *exceeds.by) if exceeds else ()), *baseline.unseen)


def bound_searches(bound: Bound) -> Iterator[BoundSearch]:
    """Every bound base rule, in listed order."""
    if isinstance(bound, BoundSearch):
        yield bound
        return
    for branch in bound.branches:
        yield from bound_searches(branch.matches)


def binding_notes(bound: Bound) -> tuple[Note, ...]:
    """The notes that the columns in use bring along, each once."""
    codes = {
        code: name
        for search in bound_searches(bound)
        for name, notes in (
            (search.source.table.name, search.source.notes),
            *((column.name, column.notes) for column in search.columns.values()),
        )
        for code in notes
    }
    return tuple(Note.of(code, column=name) for code, name in codes.items())


def condition_fields(condition: object) -> Iterator[str]:
    """The Sigma fields that a pySigma condition tree reads, with repetitions."""
    for test in condition_tests(condition):
        if isinstance(test, ConditionFieldEqualsValueExpression):
            yield test.field
            if isinstance(test.value, SigmaFieldReference):
                yield test.value.field


def condition_tests(
    condition: object,
) -> list[ConditionFieldEqualsValueExpression | ConditionValueExpression]:
    """The tests of fields and the keywords of a pySigma condition tree, in order."""
    found = []
    waiting = [condition]
    while waiting:
        # Tests first: ConditionItem is an abstract class, which isinstance is slow on.
        part = waiting.pop()
        if isinstance(part, ConditionFieldEqualsValueExpression | ConditionValueExpression):
            found.append(part)
        else:
            assert isinstance(part, ConditionItem)
            waiting.extend(reversed(part.args))
    return found


def _bind_search(plan: Search, profile: Profile) -> BoundSearch:
    try:
        source = resolve_source(plan.logsource, profile)
        condition = reworded(plan.condition, source.wording)
        columns = {
            field: resolve(plan.logsource, field, profile)
            for field in dict.fromkeys(condition_fields(condition))
        }
    except Refusal as refusal:
        raise refusal.at(plan.identity.span) from None
    columns |= {name: source.table.column(name) for name in source.wording.where}
    plan = replace(plan, condition=selected(condition, source.wording))
    return BoundSearch(plan, profile, source, columns)
