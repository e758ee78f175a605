"""Sigma rules to plans: what a correlation means, read from pySigma's objects and the raw keys.

Everything that docs/semantics.md refuses as meaningless is refused here, at its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sigma.conditions import (
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule
from sigma.types import Placeholder, SigmaRegularExpression, SigmaString

from backends.conditions import expression, stages
from backends.diagnostics import Diagnostic, Severity, TridentError
from backends.extension import read_extension
from backends.plan import (
    Aggregate,
    Branch,
    Correlation,
    Identity,
    LogSource,
    Operator,
    Ordered,
    Plan,
    RuleCount,
    Search,
    Statistic,
    Together,
    Trigger,
)
from backends.raw import check_keys, seconds
from backends.rules import Document, Rule, Ruleset

_KEYS = ("type", "rules", "generate", "group-by", "timespan", "aliases", "condition")


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule to translate: its plan, or the errors that leave it without one."""

    identity: Identity
    plan: Plan | None
    document: Document
    diagnostics: tuple[Diagnostic, ...] = ()


def plan_all(ruleset: Ruleset) -> list[Planned]:
    """The plans of all rules that are emitted: correlations, rules that nobody refers to, and
    the rules of a correlation with ``generate: true``; in the order of the documents."""
    planner = Planner(ruleset)
    return [planner.planned(rule) for rule in _emitted(ruleset)]


class Planner:
    """Plans the rules of one ruleset, each once."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._plans: dict[int, Plan | TridentError] = {}
        self._open: list[Rule] = []

    def planned(self, rule: Rule) -> Planned:
        """The rule's plan with its lint warnings, or its error."""
        try:
            plan = self.plan(rule)
        except TridentError as error:
            return Planned(rule.identity, None, rule.document, (error.diagnostic,))
        return Planned(rule.identity, plan, rule.document, tuple(_lint(plan)))

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
            return _search(rule, rule.sigma)
        if rule in self._open:
            chain = " -> ".join(r.identity.slug for r in [*self._open, rule])
            raise TridentError(
                "TRI110", f"cycle of references: {chain}", span=rule.document.at("correlation")
            )
        self._open.append(rule)
        try:
            return self._correlation(rule, rule.sigma)
        finally:
            self._open.pop()

    def _correlation(self, rule: Rule, sigma: SigmaCorrelationRule) -> Correlation:
        document, raw = rule.document, rule.document.data["correlation"]
        check_keys(document, ("correlation",), raw, _KEYS)
        references = _references(sigma)
        _reject_repeats(document, references)
        aliases = _aliases(document, raw.get("aliases") or {}, references)
        group_by = tuple(sigma.group_by or ())
        fields = _condition_fields(document, raw)
        branches = []
        for reference in references:
            matches = self._referred(document, reference)
            names = {alias: entry[reference] for alias, entry in aliases.items()}
            branch = Branch(
                reference,
                matches,
                tuple(names.get(key, key) for key in group_by),
                tuple(names.get(name, name) for name in fields),
                tuple(names.items()),
            )
            _check_inner(document, branch, group_by)
            branches.append(branch)
        trigger = _trigger(document, raw, sigma, references, fields)
        extension = read_extension(document, trigger=trigger, branches=branches, group_by=group_by)
        return Correlation(
            identity=rule.identity,
            branches=tuple(branches),
            group_by=group_by,
            timespan=_timespan(document, raw),
            trigger=trigger,
            lookback=extension.lookback,
            baseline=extension.baseline,
            outputs=tuple(sigma.fields or ()),
            columns=extension.columns,
        )

    def _referred(self, document: Document, reference: str) -> Plan:
        rule = self._ruleset.find(reference)
        span = document.at("correlation", "rules")
        if rule is None:
            if reference in self._ruleset.broken:
                raise TridentError(
                    "TRI108", f"the rule {reference!r} could not be loaded", span=span
                )
            raise TridentError("TRI102", f"no rule is called {reference!r}", span=span)
        try:
            plan = self.plan(rule)
        except TridentError as error:
            if error.diagnostic.code == "TRI110":
                raise
            raise TridentError(
                "TRI108",
                f"the rule {reference!r} has an error: {error.diagnostic.message} "
                f"({error.diagnostic.span})",
                span=span,
                hint=error.diagnostic.hint,
            ) from error
        if isinstance(plan, Correlation) and plan.lookback is not None:
            raise TridentError(
                "TRI106",
                f"{reference!r} has a trident.lookback, which a rule that another correlation "
                "refers to cannot have",
                span=span,
            )
        return plan


def _emitted(ruleset: Ruleset) -> Iterator[Rule]:
    referred: set[int] = set()
    generated: set[int] = set()
    for rule in ruleset.rules:
        if isinstance(rule.sigma, SigmaCorrelationRule):
            for reference in _references(rule.sigma):
                if (found := ruleset.find(reference)) is not None:
                    referred.add(id(found))
                    if rule.sigma.generate:
                        generated.add(id(found))
    for rule in ruleset.rules:
        if id(rule) in generated or id(rule) not in referred:
            yield rule


def _references(sigma: SigmaCorrelationRule) -> tuple[str, ...]:
    if sigma.rules is None:
        assert isinstance(sigma.condition, SigmaExtendedCorrelationCondition)
        return tuple(sigma.condition.get_referenced_rules())
    return tuple(str(reference.reference) for reference in sigma.rules)


def _reject_repeats(document: Document, references: tuple[str, ...]) -> None:
    for reference in references:
        if references.count(reference) > 1:
            raise TridentError(
                "TRI106",
                f"{reference!r} is listed twice; a rule's match counts once",
                span=document.at("correlation", "rules"),
            )


def _search(rule: Rule, sigma: SigmaRule) -> Search:
    try:
        parsed = [condition.parsed for condition in sigma.detection.parsed_condition]
    except SigmaError as error:
        raise TridentError(
            "TRI101", str(error), span=rule.document.at("detection", "condition")
        ) from error
    if not parsed or any(condition is None for condition in parsed):
        raise TridentError(
            "TRI101", "the condition is empty", span=rule.document.at("detection", "condition")
        )
    missing = [name for condition in parsed for name in _placeholders(condition)]
    if missing:
        raise TridentError(
            "TRI109",
            f"the placeholder %{missing[0]}% has no value",
            span=rule.document.at("detection"),
        )
    source = sigma.logsource
    return Search(
        rule.identity,
        LogSource(source.category, source.product, source.service),
        parsed[0] if len(parsed) == 1 else ConditionOR(parsed),
        tuple(sigma.fields or ()),
    )


def _placeholders(condition: object) -> Iterator[str]:
    """The names of the placeholders that are left in a condition tree."""
    if isinstance(condition, ConditionItem):
        for part in condition.args:
            yield from _placeholders(part)
        return
    assert isinstance(condition, ConditionFieldEqualsValueExpression | ConditionValueExpression)
    value = condition.value
    text = value.regexp if isinstance(value, SigmaRegularExpression) else value
    if isinstance(text, SigmaString):
        yield from (part.name for part in text.s if isinstance(part, Placeholder))


def _timespan(document: Document, raw: Mapping[str, Any]) -> int:
    try:
        return seconds(raw["timespan"])
    except ValueError as error:
        raise TridentError(
            "TRI106", str(error), span=document.at("correlation", "timespan")
        ) from error


def _aliases(
    document: Document, raw: Any, references: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    for alias, entries in raw.items():
        path = ("correlation", "aliases", alias)
        for reference in entries:
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


def _check_inner(document: Document, branch: Branch, group_by: tuple[str, ...]) -> None:
    """A correlation's alerts carry its group keys and nothing else."""
    if isinstance(branch.matches, Search):
        return
    inner = branch.matches.group_by
    for name in (*branch.keys, *branch.values):
        if name not in inner:
            key = "group-by" if name in branch.keys else "condition"
            raise TridentError(
                "TRI106",
                f"{branch.reference!r} does not group by {name!r}, so its alerts do not have it",
                span=document.at("correlation", key),
                hint=f"its alerts have: {', '.join(inner) or 'no fields'}",
            )


def _condition_fields(document: Document, raw: Mapping[str, Any]) -> tuple[str, ...]:
    condition = raw.get("condition")
    if not isinstance(condition, Mapping) or "field" not in condition:
        return ()
    named = condition["field"]
    fields = tuple(map(str, named)) if isinstance(named, list) else (str(named),)
    if not fields or (len(fields) > 1 and raw.get("type") != "value_count"):
        raise TridentError(
            "TRI106",
            f"{raw.get('type')} takes one field",
            span=document.at("correlation", "condition", "field"),
        )
    return fields


def _trigger(
    document: Document,
    raw: Mapping[str, Any],
    sigma: SigmaCorrelationRule,
    references: tuple[str, ...],
    fields: tuple[str, ...],
) -> Trigger:
    kind = sigma.type.name.lower()
    if isinstance(sigma.condition, SigmaExtendedCorrelationCondition):
        index = {reference: position for position, reference in enumerate(references)}
        parsed = sigma.condition.parsed
        try:
            if kind == "temporal":
                together = Together(expression(parsed, index))
                if not together.positive:
                    raise ValueError("the condition has no rule without not")
                return together
            return stages(parsed, index)
        except ValueError as error:
            raise TridentError(
                "TRI106", str(error), span=document.at("correlation", "condition")
            ) from error
    op, wanted = _comparison(document, raw.get("condition"), len(references))
    if kind == "temporal_ordered":
        if op not in (Operator.GTE, Operator.EQ) or wanted != len(references):
            raise TridentError(
                "TRI106",
                "an ordered correlation needs all its rules; leave the condition out",
                span=document.at("correlation", "condition"),
            )
        return Ordered(tuple((index,) for index in range(len(references))))
    if kind == "temporal":
        _check_possible(document, op, wanted, most=len(references))
        return RuleCount(op, int(wanted))
    statistic = Statistic(kind)
    if statistic is Statistic.COUNT:
        _check_possible(document, op, wanted, most=None)
    if statistic is Statistic.DISTINCT and wanted < 0:
        raise _impossible(document, "a number of values is never negative")
    return Aggregate(statistic, op, wanted, fields, _percentile(document, raw, statistic))


def _comparison(document: Document, raw: Any, everything: int) -> tuple[Operator, int | float]:
    """The operator and its number, read raw: pySigma 1.5.1 cuts fractions off."""
    if raw is None:
        return Operator.GTE, everything
    op = next(op for op in Operator if op in raw)
    wanted = raw[op]
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        try:
            wanted = float(str(wanted))
        except ValueError:
            wanted = float("nan")
    if wanted - wanted != 0:
        raise TridentError(
            "TRI106",
            f"{raw[op]!r} is no number",
            span=document.at("correlation", "condition", str(op)),
        )
    return op, int(wanted) if float(wanted).is_integer() else wanted


def _check_possible(
    document: Document, op: Operator, wanted: int | float, most: int | None
) -> None:
    """A window holds the match it ends with, so a count is at least 1 (and at most ``most``)."""
    if not float(wanted).is_integer():
        raise _impossible(document, f"a count is a whole number, not {wanted}")
    if wanted < 0:
        raise _impossible(document, "a count is never negative")
    never = {
        Operator.LT: wanted <= 1,
        Operator.LTE: wanted < 1,
        Operator.EQ: wanted < 1,
    }
    if most is not None:
        never |= {
            Operator.GT: wanted >= most,
            Operator.GTE: wanted > most,
            Operator.EQ: wanted < 1 or wanted > most,
        }
    if never.get(op, False):
        raise _impossible(document, f"{op} {wanted} never holds for a window with a match in it")


def _impossible(document: Document, message: str) -> TridentError:
    return TridentError("TRI112", message, span=document.at("correlation", "condition"))


def _percentile(document: Document, raw: Mapping[str, Any], statistic: Statistic) -> int | None:
    if statistic is Statistic.MEDIAN:
        return 50
    if statistic is not Statistic.PERCENTILE:
        return None
    given = raw["condition"].get("percentile")
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= 100:
        raise TridentError(
            "TRI106",
            f"percentile must be a whole number from 1 to 100, not {given!r}",
            span=document.at("correlation", "condition"),
        )
    return given


def _lint(plan: Plan) -> Iterator[Diagnostic]:
    if isinstance(plan, Search) or plan.baseline is None:
        return
    if plan.timespan > plan.baseline.newest:
        yield Diagnostic(
            "TRI113",
            "the timespan is longer than the current window, which bounds it",
            plan.identity.span,
            severity=Severity.WARNING,
        )
