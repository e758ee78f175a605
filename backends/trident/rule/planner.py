"""Sigma rules to plans: what a correlation means, read from pySigma's objects and the raw keys.

Everything that docs/semantics.md refuses as meaningless is refused here, at its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

from trident.base.diagnostics import Diagnostic, Refusal, Severity, Span, TridentError
from trident.rule.base_rule import plan_search
from trident.rule.bounds import check_nesting
from trident.rule.extension import read_extension
from trident.rule.plan import (
    Aggregate,
    Baseline,
    Branch,
    Correlation,
    Identity,
    Plan,
    Search,
    baseline_fields,
    output_fields,
)
from trident.rule.plan import pipelines as applied_pipelines
from trident.rule.raw import check_keys, check_length, texts
from trident.rule.references import below, circle, emitted, references
from trident.rule.rules import Document, Rule, Ruleset
from trident.rule.triggers import condition_fields, read_trigger

if TYPE_CHECKING:
    from trident.rule.pipelines import Pipelines

_TAXONOMY = "sigma"
_KEYS = ("type", "rules", "generate", "group-by", "timespan", "aliases", "condition")


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule to translate: its plan, or the errors that leave it without one."""

    identity: Identity
    plan: Plan | None
    document: Document
    diagnostics: tuple[Diagnostic, ...] = ()


def plan_all(ruleset: Ruleset, pipelines: Pipelines | None = None) -> list[Planned]:
    """The plans of all rules that are emitted: correlations, rules that nobody refers to, and
    the rules of a correlation with ``generate: true``; in the order of the documents."""
    planner = Planner(ruleset, pipelines)
    return [planner.planned(rule) for rule in emitted(ruleset)]


class Planner:
    """Plans the rules of one ruleset, each once, after the user's pipelines have changed it."""

    def __init__(self, ruleset: Ruleset, pipelines: Pipelines | None = None) -> None:
        self._ruleset = ruleset
        self._pipelines = pipelines
        self._listed = {id(each) for rule in ruleset.rules for each in below(rule, ruleset)}
        self._plans: dict[int, Plan | TridentError] = {}

    def planned(self, rule: Rule) -> Planned:
        """The rule's plan with its lint warnings, or its error."""
        try:
            plan = self.plan(rule)
        except TridentError as error:
            return Planned(rule.identity, None, rule.document, (error.diagnostic,))
        return Planned(rule.identity, plan, rule.document, tuple(self._lint(rule)))

    def plan(self, rule: Rule) -> Plan:
        """The plan of a rule.

        Raises:
            TridentError: TRI1xx, with the place of the key concerned.
        """
        known = self._plans.get(id(rule))
        if known is None:
            try:
                known = self._plan(rule)
            except TridentError as error:
                known = error.at(rule.document.span)
            self._plans[id(rule)] = known
        if isinstance(known, TridentError):
            raise known
        return known

    def _plan(self, rule: Rule) -> Plan:
        if isinstance(rule.sigma, SigmaRule):
            return self._search(rule, rule.sigma)
        if way := circle(rule, self._ruleset):
            chain = " -> ".join(each.identity.slug for each in way)
            raise TridentError(
                "TRI110",
                f"cycle of references: {chain}",
                span=_place_of_rules(rule.document),
            )
        check_nesting(rule, self._below, lambda: _place_of_rules(rule.document))
        return self._correlation(rule, rule.sigma)

    def _below(self, rule: Rule) -> list[Rule]:
        return below(rule, self._ruleset)

    def _search(self, rule: Rule, sigma: SigmaRule) -> Search:
        if self._pipelines is None:
            return plan_search(rule, sigma)
        names = self._pipelines.apply(rule, sigma, referred=id(rule) in self._listed)
        return replace(plan_search(rule, sigma), pipelines=names)

    def _correlation(self, rule: Rule, sigma: SigmaCorrelationRule) -> Correlation:
        document, raw = rule.document, rule.document.data["correlation"]
        check_keys(document, ("correlation",), raw, _KEYS)
        texts(document, "fields")
        listed = references(sigma)
        self._check_listed(document, listed)
        aliases = _aliases(document, raw.get("aliases") or {}, listed)
        group_by = _group_by(document, raw.get("group-by") or [])
        fields = condition_fields(document, sigma.type.name.lower())
        branches = []
        for reference in listed:
            matches = self._referred(document, reference)
            names = {alias: entry[reference] for alias, entry in aliases.items()}
            branches.append(
                Branch(
                    reference,
                    matches,
                    tuple(names.get(key, key) for key in group_by),
                    tuple(names.get(name, name) for name in fields),
                    tuple(names.items()),
                )
            )
        try:
            check_length(sigma.timespan.seconds)
        except ValueError as error:
            raise _meaningless(document.at("correlation", "timespan"), str(error)) from error
        trigger = read_trigger(document, sigma, listed, fields)
        extension = read_extension(document, trigger=trigger, branches=branches, group_by=group_by)
        below_it = [base for each in listed if (base := self._ruleset.find(each))]
        pipelines = (
            self._pipelines.apply_to_correlation(rule, sigma, below_it) if self._pipelines else ()
        )
        plan = Correlation(
            identity=rule.identity,
            branches=tuple(branches),
            group_by=group_by,
            timespan=sigma.timespan.seconds,
            trigger=trigger,
            lookback=extension.lookback,
            baseline=extension.baseline,
            outputs=tuple(sigma.fields or ()),
            columns=extension.columns,
            pipelines=pipelines,
        )
        return self._renamed(plan, below_it)

    def _renamed(self, plan: Correlation, below_it: list[Rule]) -> Correlation:
        """The correlation with its fields as the pipelines call them on each branch's rule; it
        keeps its own names, as with aliases."""
        pipelines = self._pipelines
        if pipelines is None:
            return plan
        branches = []
        for branch, rule in zip(plan.branches, below_it, strict=True):
            if not isinstance(branch.matches, Search):
                branches.append(branch)
                continue
            values = plan.trigger.fields if isinstance(plan.trigger, Aggregate) else ()
            used = (*plan.group_by, *values, *output_fields(plan), *baseline_fields(plan))
            own = {
                name: pipelines.field(branch.field(name), rule, plan.identity.span)
                for name in dict.fromkeys([*used, *dict(branch.aliases)])
            }
            branches.append(
                replace(
                    branch,
                    keys=tuple(own[name] for name in plan.group_by),
                    values=tuple(own[name] for name in values),
                    aliases=tuple(
                        pair for pair in own.items() if len(set(pair)) > 1 or pair in branch.aliases
                    ),
                )
            )
        return replace(plan, branches=tuple(branches))

    def _check_listed(self, document: Document, listed: tuple[str, ...]) -> None:
        if not listed:
            raise _meaningless(_place_of_rules(document), "a correlation needs rules")
        seen: set[object] = set()
        for reference in listed:
            rule = self._ruleset.find(reference)
            names = {reference, reference if rule is None else id(rule)}
            twice = not seen.isdisjoint(names)
            seen |= names
            if twice:
                raise _meaningless(
                    _place_of_rules(document),
                    f"{reference!r} is listed twice; a rule's match counts once",
                )

    def _referred(self, document: Document, reference: str) -> Plan:
        rule = self._ruleset.find(reference)
        span = _place_of_rules(document)
        if rule is None:
            if self._ruleset.is_broken(reference):
                raise TridentError(
                    "TRI108", f"the rule {reference!r} could not be loaded", span=span
                )
            raise TridentError("TRI102", f"no rule is called {reference!r}", span=span)
        try:
            plan = self.plan(rule)
        except Refusal:
            raise  # a pipeline refuses the rule, and so what is made of it
        except TridentError as error:
            raise TridentError(
                "TRI108",
                f"the rule {reference!r} has an error: {error.diagnostic.message} "
                f"({error.diagnostic.span})",
                span=span,
                hint=error.diagnostic.hint,
            ) from error
        if isinstance(plan, Correlation) and plan.lookback is not None:
            raise _meaningless(
                span,
                f"{reference!r} has a trident.lookback, which a rule that another correlation "
                "refers to cannot have",
            )
        return plan

    def _lint(self, rule: Rule) -> Iterator[Diagnostic]:
        """Warnings about a rule that has a plan, and those that it refers to."""
        match self.plan(rule):
            case Correlation(timespan=timespan, baseline=Baseline(newest=newest)) if (
                timespan > newest
            ):
                yield TridentError(
                    "TRI113",
                    "the timespan is longer than the current window, which bounds it",
                    span=rule.document.at("correlation", "timespan"),
                    severity=Severity.WARNING,
                ).diagnostic
        if (found := _foreign_taxonomy(rule, applied_pipelines(self.plan(rule)))) is not None:
            yield found
        for each in below(rule, self._ruleset):
            yield from self._lint(each)


def _foreign_taxonomy(rule: Rule, applied: tuple[str, ...]) -> Diagnostic | None:
    """A warning about a rule in other names than Sigma's that no pipeline has changed: "Other
    taxonomy must be handled by the used tool or transformed into the default taxonomy" (Sigma
    Rules Specification 2.1.0, Taxonomy)."""
    taxonomy = rule.document.data.get("taxonomy")
    if taxonomy in (None, _TAXONOMY) or applied:
        return None
    return TridentError(
        "TRI117",
        f"the taxonomy {taxonomy!r} is read as {_TAXONOMY!r}",
        span=rule.document.at("taxonomy"),
        severity=Severity.WARNING,
    ).diagnostic


def _group_by(document: Document, raw: Any) -> tuple[str, ...]:
    keys = [raw] if isinstance(raw, str) else raw
    span = document.at("correlation", "group-by")
    for key in keys:
        if not isinstance(key, str) or not key:
            raise _meaningless(span, f"{key!r} is no field name")
        if keys.count(key) > 1:
            raise _meaningless(span, f"{key!r} is listed twice")
    return tuple(keys)


def _aliases(
    document: Document, raw: Any, references: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    for alias, entries in raw.items():
        path = ("correlation", "aliases", alias)
        if not isinstance(alias, str):
            raise TridentError("TRI105", f"{alias!r} is no name", span=document.at(*path))
        for reference, name in entries.items():
            if not isinstance(name, str) or not name:
                raise TridentError(
                    "TRI105",
                    f"alias {alias!r}: {name!r} is no field name",
                    span=document.at(*path, reference),
                )
            if reference not in references:
                raise TridentError(
                    "TRI105",
                    f"alias {alias!r} has an entry for {reference!r}, which rules does not list",
                    span=document.at(*path, reference),
                )
        for reference in references:
            if reference not in entries:
                raise TridentError(
                    "TRI105",
                    f"alias {alias!r} has no entry for {reference!r}",
                    span=document.at(*path),
                )
    return {alias: dict(entries) for alias, entries in raw.items()}


def _place_of_rules(document: Document) -> Span:
    """Where a correlation names its rules: in a list, or else in its condition."""
    key = "rules" if "rules" in document.data["correlation"] else "condition"
    return document.at("correlation", key)


def _meaningless(span: Span, message: str, hint: str = "") -> TridentError:
    return TridentError("TRI106", message, span=span, hint=hint)
