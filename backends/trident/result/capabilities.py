"""What each target can say, read from its ``capabilities.yml``: the single source for refusals,
fidelity, notes, ``trident list capabilities``, ``docs/capabilities.md`` and the tests.

A plan is taken apart into *features*; each has one cell in a target's table. A translation's
fidelity is the worst of its plan's cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from trident.base.data import shipped
from trident.base.diagnostics import Refusal
from trident.result.translation import PARTLY, Fidelity, Proof
from trident.rule.plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Baseline,
    Correlation,
    Expression,
    Has,
    Not,
    Operator,
    Ordered,
    Plan,
    RuleCount,
    Search,
    Statistic,
    Together,
)
from trident.target import registry

PERCENTILES = (Statistic.PERCENTILE, Statistic.MEDIAN)

_TESTS: Mapping[str, str] = {
    "equals": "a field is a text, in any case",
    "equals_cased": "a field is exactly a text",
    "startswith": "a field starts with a text",
    "startswith_cased": "a field starts with exactly a text",
    "endswith": "a field ends with a text",
    "endswith_cased": "a field ends with exactly a text",
    "contains": "a field holds a text",
    "contains_cased": "a field holds exactly a text",
    "like": "a field is a text with wildcards",
    "like_cased": "a field is exactly a text with wildcards",
    "regex": "a regular expression that ignores case",
    "regex_cased": "a regular expression",
    "number": "a field is a number",
    "boolean": "a field is true or false",
    **{op: f"a number {op} N" for op in ("lt", "lte", "gt", "gte")},
    "cidr": "an address in a range",
    "time_part": "the minute, hour, day, week, month or year of a time",
    "field": "a field is another field",
    "field_startswith": "a field starts with another field",
    "field_endswith": "a field ends with another field",
    "field_contains": "a field holds another field",
    "missing": "a field is missing, null or empty",
    "present": "a field has a value",
    "keyword": "a word anywhere in the record",
    "keyword_cased": "exactly a word anywhere in the record",
    "keyword_regex": "a regular expression anywhere in the record",
}
DETECTIONS: Mapping[str, str] = {f"detection.{test}": text for test, text in _TESTS.items()}
"""What a detection may ask of a field (``trident.predicates.leaf.Op``), with its meaning."""

FEATURES: Mapping[str, str] = {
    "detection": "a rule without correlation",
    **{f"{statistic}.{op}": f"{statistic} with {op}" for statistic in Statistic for op in Operator},
    "value_count.several_fields": "distinct tuples of several fields",
    "temporal.all": "every listed rule in the window, in any order",
    **{f"temporal.{op}": f"number of distinct rules {op} N" for op in Operator},
    "temporal.condition": "temporal with a condition string of and/or",
    "temporal.not": "not in the condition string of a temporal rule",
    "temporal_ordered": "two stages in order",
    "temporal_ordered.chain": "three or more stages in order",
    "temporal_ordered.or": "a stage that any of several rules fills",
    "temporal_ordered.not": "a rule that must not match between first and last stage",
    "group_by.none": "no group-by: all matches form one group",
    "group_by.one": "one group-by field",
    "group_by.several": "several group-by fields",
    "alias": "group-by or condition field under different names per rule",
    "several_rules": "several rules in one count, sum, ... ",
    "range": "several operators in one condition, all of which hold",
    "chained": "a correlation over correlations",
    "chained.carried": "a group-by or condition field that the inner correlation does not group by",
    "lookback": "trident.lookback",
    **{
        f"baseline.exceeds.{statistic}": f"value above the history's {statistic}"
        for statistic in ("percentile", "avg", "max", "min")
    },
    "baseline.factor": "limit times a factor",
    "baseline.stdevs": "limit plus standard deviations",
    "baseline.by": "history grouped by fields",
    "baseline.unseen": "a value that does not occur in the history",
    "baseline.unseen_several": "a tuple of values that does not occur in the history",
    "baseline.unseen_empty": "a missing value counts as unseen",
}
"""Every plan feature, with its meaning in a few words."""

CELLS: Mapping[str, str] = {**FEATURES, **DETECTIONS}
"""Everything that a target's table has a row for, in the order of the printed matrix."""

_FIDELITIES = tuple(Fidelity)
_PROOFS = tuple(Proof)


@dataclass(frozen=True, slots=True)
class Capability:
    """One cell: how well a target says a feature; a refused one has a code and a reason, and
    under ``partly`` the levels at which the target can say it where the user accepts them."""

    feature: str
    level: Fidelity
    proof: Proof | None = None
    code: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    partly: Mapping[Fidelity, Capability] = field(default_factory=dict)

    def towards(self, goal: Fidelity) -> Capability:
        """The cell for a query that may be ``goal``."""
        return self.partly.get(goal, self)

    def refusal(self) -> Refusal:
        """The refusal that a rule with this feature gets."""
        return Refusal(self.code, self.reason)


@cache
def capabilities(target: str) -> Mapping[str, Capability]:
    """The table of ``target``; a key ``value_sum.*`` in the file stands for all six operators."""
    cells: dict[str, Capability] = {}
    for key, cell in shipped(registry.target(target).package, "capabilities.yml").items():
        names = [key[:-1] + op for op in Operator] if key.endswith(".*") else [key]
        for name in names:
            cells[name] = _cell(name, cell)
    return cells


def _cell(name: str, cell: Mapping[str, Any]) -> Capability:
    partly = {
        level: _cell(name, {"level": level, **cell[level]}) for level in PARTLY if level in cell
    }
    return Capability(
        name,
        Fidelity(cell["level"]),
        Proof(cell["proof"]) if "proof" in cell else None,
        cell.get("code", ""),
        cell.get("reason", ""),
        tuple(cell.get("notes", ())),
        partly,
    )


def capability(target: str, feature: str) -> Capability:
    """The cell of a feature; a refused one for a feature that the target's table does not name."""
    cell = capabilities(target).get(feature)
    if cell is not None:
        return cell
    error = unnamed(target, feature).diagnostic
    return Capability(feature, Fidelity.REFUSED, None, error.code, error.message)


def unnamed(target: str, feature: str) -> Refusal:
    """The refusal of a feature that a target says nothing of."""
    meaning = f" ({CELLS[feature]})" if feature in CELLS else ""
    return Refusal("TRI306", f"target {target} does not say {feature}{meaning}")


def detection_feature(test: str) -> str:
    """The name of a detection's test (an ``Op``) as a feature."""
    return f"detection.{test}"


def worst(
    target: str,
    features: Iterable[str],
    level: Fidelity,
    proof: Proof,
    goal: Fidelity = Fidelity.EXACT,
) -> tuple[Fidelity, Proof, tuple[str, ...]]:
    """A level and a proof as the cells of ``features`` lower them, and the notes' codes that those
    cells bring, for a query that may be ``goal``."""
    cells = [capability(target, feature).towards(goal) for feature in features]
    levels = [level, *(cell.level for cell in cells)]
    proofs = [proof, *(cell.proof for cell in cells if cell.proof)]
    codes = tuple(dict.fromkeys(code for cell in cells for code in cell.notes))
    return max(levels, key=_FIDELITIES.index), max(proofs, key=_PROOFS.index), codes


def judge(
    plan: Plan, target: str, goal: Fidelity = Fidelity.EXACT
) -> tuple[Fidelity, Proof, tuple[str, ...]]:
    """The fidelity, the proof and the codes of the notes that ``plan`` has on ``target``, for a
    query that may be ``goal``.

    Raises:
        Refusal: with the cell's code and reason when the target cannot say a feature.
    """
    named = tuple(dict.fromkeys(features(plan)))
    for feature in named:
        cell = capability(target, feature).towards(goal)
        if cell.level is Fidelity.REFUSED:
            raise cell.refusal().at(plan.identity.span)
    return worst(target, named, _FIDELITIES[0], _PROOFS[0], goal)


def features(plan: Plan) -> Iterator[str]:
    """The features of ``plan`` and of every correlation below it, with repetitions."""
    if isinstance(plan, Search):
        yield "detection"
        return
    yield from _trigger_features(plan)
    yield "group_by." + ("none", "one", "several")[min(len(plan.group_by), 2)]
    if any(branch.keys != plan.group_by for branch in plan.branches) or (
        isinstance(plan.trigger, Aggregate)
        and any(branch.values != plan.trigger.fields for branch in plan.branches)
    ):
        yield "alias"
    if plan.lookback is not None:
        yield "lookback"
    if plan.baseline is not None:
        yield from _baseline_features(plan.baseline)
    for branch in plan.branches:
        if isinstance(branch.matches, Correlation):
            yield "chained"
            if not {*branch.keys, *branch.values} <= {*branch.matches.group_by}:
                yield "chained.carried"
            yield from features(branch.matches)


def _trigger_features(plan: Correlation) -> Iterator[str]:
    match plan.trigger:
        case Aggregate(statistic, comparisons, fields):
            yield from (f"{statistic}.{each.op}" for each in comparisons)
            if len(comparisons) > 1:
                yield "range"
            if len(fields) > 1:
                yield "value_count.several_fields"
            if len(plan.branches) > 1:
                yield "several_rules"
        case RuleCount() as trigger if trigger.everything(len(plan.branches)):
            yield "temporal.all"
        case RuleCount(comparisons):
            yield from (f"temporal.{each.op}" for each in comparisons)
            if len(comparisons) > 1:
                yield "range"
        case Together(expression):
            yield "temporal.condition"
            if _negates(expression):
                yield "temporal.not"
        case Ordered(stages, absent):
            yield "temporal_ordered"
            if len(stages) > 2:
                yield "temporal_ordered.chain"
            if any(len(stage) > 1 for stage in stages):
                yield "temporal_ordered.or"
            if absent:
                yield "temporal_ordered.not"


def _baseline_features(baseline: Baseline) -> Iterator[str]:
    if baseline.exceeds:
        yield f"baseline.exceeds.{baseline.exceeds.statistic}"
        if baseline.exceeds.factor is not None:
            yield "baseline.factor"
        if baseline.exceeds.stdevs is not None:
            yield "baseline.stdevs"
        if baseline.exceeds.by:
            yield "baseline.by"
    if baseline.unseen:
        yield "baseline.unseen_several" if len(baseline.unseen) > 1 else "baseline.unseen"
        if baseline.unseen_empty:
            yield "baseline.unseen_empty"


def _negates(expression: Expression) -> bool:
    match expression:
        case Has():
            return False
        case Not():
            return True
        case AllOf(parts) | AnyOf(parts):
            return any(_negates(part) for part in parts)
