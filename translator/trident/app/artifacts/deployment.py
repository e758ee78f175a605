"""A rule made ready for one SIEM: metadata, schedule, and the queries that its artifacts carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from trident.app.artifacts.metadata import Entity, Metadata
from trident.app.artifacts.schedule import Adjust, fitted, overlapping, period
from trident.app.artifacts.unique import Claim
from trident.base.data import shipped
from trident.base.diagnostics import Diagnostic, Refusal, TridentError
from trident.mapping.profiles import Profile
from trident.mapping.resolver import resolve
from trident.result.translation import Note, Translation
from trident.rule.plan import Correlation, Identity, Plan, Run, Search, scheduled
from trident.rule.planner import Planned
from trident.rule.rules import Rule
from trident.rule.tree import condition_fields
from trident.translate.translate import translate


@dataclass(frozen=True, slots=True)
class Terms:
    """What a SIEM asks of the rules that it runs.

    ``required`` are Sigma fields that it wants in every result, ``record`` those of the one event
    that an alert is linked to, ``overlap`` the seconds that its runs look at again, ``adjust`` its
    limits on schedules.
    """

    required: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    overlap: int = 0
    adjust: Adjust | None = None


UNBOUNDED = "TRI359"
"""The refusal of a run by a language without a current time: its SIEM's schedule bounds it."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One rule under one profile, for the artifact writers.

    ``hunt`` is the rule as written, with the columns of its entities; ``rule`` one run of
    ``run``, looking ``overlap`` seconds further back and reading ``period`` seconds; a language
    that cannot bound a run (EQL) has the plain query there, is not ``bounded``, and the SIEM's own
    schedule bounds it.
    Both have a query, made of the plan ``shown``, which has the columns that the SIEM asks for.
    ``stem`` names files; ``notes`` tell where the schedule is not the one that
    was asked for; ``filters`` are those that are not applied, each as a rule that matches what it
    keeps.
    """

    planned: Planned
    profile: Profile
    metadata: Metadata
    hunt: Translation
    rule: Translation
    run: Run
    period: int
    stem: str
    entities: tuple[Entity, ...]
    shown: Plan
    notes: tuple[Note, ...] = ()
    overlap: int = 0
    bounded: bool = True
    filters: tuple[Rule, ...] = ()

    @property
    def plan(self) -> Plan:
        """The rule's plan."""
        assert self.planned.plan is not None
        return self.planned.plan

    @property
    def is_correlation(self) -> bool:
        """Whether the rule correlates matches."""
        return isinstance(self.plan, Correlation)

    def column(self, name: str) -> str | None:
        """The result column that holds a Sigma field or a name under ``trident.columns``.

        A rule without correlation and ``fields`` shows whole records: every mapped field. None
        where the result has no such column.
        """
        query = self.rule.query
        assert query is not None
        if name in query.columns:
            return query.columns[name]
        if query.alert and name in query.alert.group:
            return query.alert.group[name]
        if isinstance(self.plan, Search) and not query.columns:
            return _whole(self.plan, name, self.profile)
        return None


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file for a SIEM: ``path`` below ``<target>/<profile>/``, the rules in it, and what of
    them it says otherwise."""

    path: str
    text: str
    rules: tuple[Deployment, ...]
    notes: tuple[Note, ...] = ()


Writer = Callable[[Sequence[Deployment]], "Made"]
"""Makes the artifacts of one kind from all rules deployed under one profile."""


@dataclass(slots=True)
class Made:
    """What a writer makes of its deployments, what their SIEM knows them by (``claims``), and what
    kept artifacts from being made: all of it, and ``about`` each rule."""

    artifacts: list[Artifact] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    about: dict[Identity, list[Diagnostic]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)

    def claim(self, what: str, name: str, deployment: Deployment) -> None:
        """Say that a rule is deployed by a name that nothing else of ``what`` may have."""
        self.claims.append(Claim(what, name, deployment.planned.identity))

    def refuse(self, deployment: Deployment, error: TridentError) -> None:
        """Report why a rule has no artifact, placed at the rule unless it says where."""
        rule = deployment.planned.identity
        diagnostic = error.at(rule.span).diagnostic
        self.diagnostics.append(diagnostic)
        self.about.setdefault(rule, []).append(diagnostic)


def deploy(
    planned: Planned,
    written: Translation,
    profile: Profile,
    metadata: Metadata,
    run: Run,
    stem: str,
    terms: Terms,
) -> Deployment | None:
    """The rule made ready for a profile, ``written`` being its translation as it is; None where it
    has no query that stands on its own.

    Raises:
        TridentError: TRI701 for a rule that cannot run on a schedule; the refusal of a query that
            runs on one, or shows what ``terms`` require; what ``terms.adjust`` raises.
    """
    assert planned.plan is not None
    entities = metadata.entities or tuple(_usual_entities(planned.plan, profile))
    named = [name for entity in entities for name in entity.identifiers.values()]
    plan = _showing(planned.plan, dict.fromkeys([*terms.required, *named]), terms.record, profile)
    schedule = fitted(plan, run, terms.adjust)
    run, reading = overlapping(plan, schedule.run, terms.overlap)
    hunt = written if plan == planned.plan else translate(plan, profile)
    rule = translate(scheduled(plan, reading), profile)
    bounded = rule.error is None or rule.error.code != UNBOUNDED
    if not bounded:
        rule = translate(_unbounded(plan), profile)
    for error in (hunt.error, rule.error):
        if error is not None:
            raise TridentError(
                error.code,
                f"no artifact for {profile.target} {profile.name}: {error.message}",
                span=error.span,
                hint=error.hint,
                severity=error.severity,
            )
    assert rule.query is not None
    if rule.query.parameters:
        return None
    return Deployment(
        planned=planned,
        profile=profile,
        metadata=metadata,
        hunt=hunt,
        rule=rule,
        run=run,
        period=period(plan, reading),
        stem=stem,
        entities=entities,
        shown=plan,
        notes=schedule.notes,
        overlap=reading.frequency - run.frequency,
        bounded=bounded,
    )


def _unbounded(plan: Plan) -> Plan:
    return replace(plan, lookback=None) if isinstance(plan, Correlation) else plan


def _showing(
    plan: Plan, names: Mapping[str, None], record: Sequence[str], profile: Profile
) -> Plan:
    """The plan with result columns for ``names``, those that its log sources have, and for the
    ``record`` of an alert.

    A rule without correlation and ``fields`` shows everything as it is.
    """
    if isinstance(plan, Search):
        if not plan.outputs:
            return plan
        shown = set(plan.outputs)
        names = {**dict.fromkeys(record), **names}
    else:
        shown = {*plan.outputs, *plan.group_by, *record, *(c.name for c in plan.columns)}
        plan = replace(plan, record=tuple(record))
    added = [name for name in names if name not in shown and _has(plan, name, profile)]
    return replace(plan, outputs=(*plan.outputs, *added))


def _has(plan: Plan, name: str, profile: Profile) -> bool:
    if isinstance(plan, Search):
        return _native(plan, name, profile) is not None
    return any(
        isinstance(branch.matches, Search)
        and _native(branch.matches, branch.field(name), profile) is not None
        for branch in plan.branches
    )


def _whole(search: Search, name: str, profile: Profile) -> str | None:
    """The column of a field in a result of whole records: one that they hold as such, or that the
    query computes for its own condition."""
    try:
        column = resolve(search.logsource, name, profile)
    except Refusal:
        return None
    used = not (column.expression or column.kept) or name in condition_fields(search.condition)
    return column.name if used and not column.container else None


def _native(search: Search, name: str, profile: Profile) -> str | None:
    try:
        column = resolve(search.logsource, name, profile)
    except Refusal:
        return None
    return None if column.kept else column.name  # nobody has said that there is such a field


@cache
def _entity_fields() -> Mapping[str, tuple[str, str]]:
    fields: Mapping[str, Any] = shipped("trident.app.artifacts", "entities.yml")
    return {name: (kind, identifier) for name, (kind, identifier) in fields.items()}


def _usual_entities(plan: Plan, profile: Profile) -> Iterator[Entity]:
    """Entities of a rule that names none: those that its fields usually are, one per type."""
    if isinstance(plan, Search):
        names = ["Computer", "User", *plan.outputs, *condition_fields(plan.condition)]
    else:
        names = [*plan.group_by, *plan.outputs]
    seen = set()
    for name in dict.fromkeys(names):
        kind, identifier = _entity_fields().get(name, ("", ""))
        if not kind or kind in seen:
            continue
        if name in getattr(plan, "group_by", ()) or _has(plan, name, profile):
            seen.add(kind)
            yield Entity(kind, {identifier: name})
