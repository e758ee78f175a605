"""A rule test against its rule: events and fields that cannot matter are mostly misspelt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from sigma.conditions import ConditionItem, ConditionValueExpression

from trident.app.verify.scenes import Placed, RuleTest
from trident.base.diagnostics import Diagnostic, Severity, Span, TridentError
from trident.rule.plan import Correlation, LogSource, Plan, Search, baseline_fields, output_fields
from trident.rule.tree import condition_fields

Reads = Mapping[LogSource, frozenset[str] | None]
"""The log sources of a rule and the Sigma fields it reads there; None where it reads them all."""


def fields_read(plan: Plan) -> Reads:
    """Every field that the rule's detections, keys, values, baseline or results take, by source.

    A keyword search reads every field of its log source.
    """
    reads: dict[LogSource, frozenset[str] | None] = {}
    for search, names in _searches(plan, frozenset()):
        known = reads.get(search.logsource, frozenset())
        keywords = _has_keywords(search.condition)
        reads[search.logsource] = None if keywords or known is None else known | names
    return reads


def compare(test: RuleTest, plan: Plan) -> list[Diagnostic]:
    """Warnings: TRI034 an event of a log source that the rule does not use, TRI035 a field that
    it does not read there, TRI036 a log that starts after ``now``; each once per place."""
    reads = fields_read(plan)
    warnings = [each for placed in test.placed for each in _event(placed, reads)]
    if all(placed.event.time > test.now for placed in test.placed):
        warnings.append(_warning("TRI036", "now is before the first event", test.span))
    return list(dict.fromkeys(warnings))


def _event(placed: Placed, reads: Reads) -> Iterator[Diagnostic]:
    source = placed.event.logsource
    rules = [names for mine, names in reads.items() if mine.covers(source)]
    if not rules:
        known = ", ".join(sorted(map(str, reads)))
        yield _warning("TRI034", f"the rule reads {known}, not {source}", placed.span)
        return
    if None in rules:
        return
    names = frozenset[str]().union(*(each for each in rules if each is not None))
    for field in placed.event.fields:
        if field not in names:
            near = get_close_matches(field, names, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"it reads {', '.join(sorted(names))}"
            message = f"the rule does not read {field} on {source}"
            yield _warning("TRI035", message, placed.span, hint)


def _searches(plan: Plan, wanted: frozenset[str]) -> Iterator[tuple[Search, frozenset[str]]]:
    if isinstance(plan, Search):
        yield plan, wanted | {*condition_fields(plan.condition), *plan.outputs}
        return
    shown = (*baseline_fields(plan), *output_fields(plan))
    for branch in plan.branches:
        names = frozenset((*branch.keys, *branch.values, *map(branch.field, shown)))
        if isinstance(branch.matches, Correlation):
            names = frozenset()  # its alerts carry its own keys only, which its branches name
        yield from _searches(branch.matches, names)


def _has_keywords(condition: object) -> bool:
    if isinstance(condition, ConditionItem):
        return any(_has_keywords(part) for part in condition.args)
    return isinstance(condition, ConditionValueExpression)


def _warning(code: str, message: str, span: Span, hint: str = "") -> Diagnostic:
    error = TridentError(code, message, span=span, hint=hint, severity=Severity.WARNING)
    return error.diagnostic
