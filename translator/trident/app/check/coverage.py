"""What the chosen profiles cannot say: log sources, fields, features, values.

Tables and columns are looked up without rendering. A rule with values that an engine could refuse
(regular expressions, addresses, keywords, wildcards for a column that is no string), and every
correlation, is translated, so that the target's own checks speak. The same finding for several
profiles is one finding that names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sigma.conditions import ConditionFieldEqualsValueExpression, ConditionItem
from sigma.types import SigmaBool, SigmaExpansion, SigmaNull, SigmaNumber, SigmaString

from trident.app.check import places
from trident.app.run.convert import internal_error
from trident.base.diagnostics import Diagnostic, Refusal, Severity, Span
from trident.mapping.binding import BoundSearch, bind_accepted
from trident.mapping.profiles import Profile
from trident.mapping.resolver import resolve, resolve_source
from trident.mapping.wording import reworded
from trident.rule.plan import Branch, Correlation, Identity, Plan, Search, baseline_fields
from trident.rule.planner import Planned
from trident.rule.rules import Document, Rule
from trident.rule.tree import condition_fields
from trident.translate.translate import translate

_PLAIN = (SigmaString, SigmaNumber, SigmaBool, SigmaNull)
"""Values that every target writes, whatever they are."""

_NO_TABLE, _NO_COLUMN = "TRI201", "TRI202"


@dataclass(slots=True)
class _Gap:
    """One finding and the profiles that it is about, each with its reason."""

    diagnostic: Diagnostic
    profiles: dict[str, str] = field(default_factory=dict)

    def finding(self) -> Diagnostic:
        first = self.diagnostic
        listed = "; ".join(
            f"{name}: {reason}" if reason else name for name, reason in self.profiles.items()
        )
        message = f"{first.message} ({listed})"
        return Diagnostic(first.code, message, first.span, first.hint, first.severity)


def coverage(
    planned: Iterable[Planned], rules: Iterable[Rule], profiles: Sequence[Profile]
) -> Iterator[Diagnostic]:
    """Everything that keeps a planned rule from being said for each of ``profiles``."""
    documents = {rule.identity: rule.document for rule in rules}
    for each in planned:
        if each.plan is None:
            continue
        gaps: dict[tuple[str, Span, str], _Gap] = {}
        for profile in profiles:
            name = f"{profile.target} {profile.name}"
            try:
                pairs = list(_gaps(each.plan, profile, documents))
            except Exception as error:  # a defect of ours must not cost the user the other rules
                pairs = [(internal_error(error, profile, each.identity.span), "")]
            for diagnostic, reason in pairs:
                key = (diagnostic.code, diagnostic.span, diagnostic.message)
                gap = gaps.setdefault(key, _Gap(diagnostic))
                gap.profiles[name] = reason
        yield from (gap.finding() for gap in gaps.values())


Found = tuple[Diagnostic, str]
"""A finding without its profile, and the profile's reason."""


def _gaps(plan: Plan, profile: Profile, documents: Mapping[Identity, Document]) -> Iterator[Found]:
    error = _refusal(plan, profile)
    if error is None:
        return
    unmapped = []
    if error.code in (_NO_TABLE, _NO_COLUMN):  # there may be more than the first
        unmapped = list(_unmapped(plan, profile, documents))
    yield from unmapped or [(error, "")]


def _refusal(plan: Plan, profile: Profile) -> Diagnostic | None:
    """The first thing that the profile cannot say, without rendering where that cannot fail."""
    if not isinstance(plan, Search) or _may_be_refused(plan.condition):
        return translate(plan, profile).error
    try:
        bound = bind_accepted(plan, profile)
    except Refusal as refusal:
        return refusal.diagnostic
    assert isinstance(bound, BoundSearch)
    return None if _fits(bound.plan.condition, bound) else translate(plan, profile).error


def _unmapped(
    plan: Plan, profile: Profile, documents: Mapping[Identity, Document]
) -> Iterator[Found]:
    """Each log source without a table and each field without a column."""
    if isinstance(plan, Search):
        document = documents[plan.identity]
        try:
            source = resolve_source(plan.logsource, profile)
            condition = reworded(plan.condition, source.wording)
        except Refusal as refusal:
            yield _no_table(plan, profile, refusal, document)
            return
        for name in dict.fromkeys(condition_fields(condition)):
            yield from _no_column(plan, name, profile, document, "detection")
        return
    for branch in plan.branches:
        below = list(_unmapped(branch.matches, profile, documents))
        yield from below
        if isinstance(branch.matches, Search) and not any(f.code == _NO_TABLE for f, _ in below):
            document = documents[plan.identity]
            for name in dict.fromkeys(_compared(plan, branch)):
                yield from _no_column(branch.matches, name, profile, document)


def _compared(plan: Correlation, branch: Branch) -> tuple[str, ...]:
    """The fields of a branch's rule that its correlation needs, as the rule names them."""
    return (*branch.keys, *branch.values, *map(branch.field, baseline_fields(plan)))


def _no_table(plan: Search, profile: Profile, refusal: Refusal, document: Document) -> Found:
    cause = refusal.diagnostic
    if cause.code != _NO_TABLE:
        return Diagnostic(
            cause.code, cause.message, plan.identity.span, cause.hint, cause.severity
        ), ""
    reason = cause.message.partition(f"profile {profile.name}: ")[2]
    message = f"log source {plan.logsource} has no table"
    return _refused(_NO_TABLE, message, document.at("logsource"), cause.hint), reason


def _no_column(
    plan: Search, name: str, profile: Profile, document: Document, *below: str
) -> Iterator[Found]:
    try:
        resolve(plan.logsource, name, profile)
    except Refusal as refusal:
        source = resolve_source(plan.logsource, profile)
        message = f"field {name} of log source {plan.logsource} has no column"
        span = places.of_field(document, name, *below)
        reason = source.why_not(name)
        yield _refused(_NO_COLUMN, message, span, refusal.diagnostic.hint), reason


def _refused(code: str, message: str, span: Span, hint: str) -> Diagnostic:
    return Diagnostic(code, message, span, hint, Severity.REFUSED)


def _fits(condition: object, bound: BoundSearch) -> bool:
    """Whether every value with wildcards is for a column of strings, which has them anywhere."""
    if isinstance(condition, ConditionItem):
        return all(_fits(part, bound) for part in condition.args)
    if not isinstance(condition, ConditionFieldEqualsValueExpression):
        return True
    value = condition.value
    values = value.values if isinstance(value, SigmaExpansion) else [value]
    return bound.column(condition.field).type == "string" or not any(
        isinstance(each, SigmaString) and each.contains_special() for each in values
    )


def _may_be_refused(condition: object) -> bool:
    """Whether the detection has a value that not every engine takes."""
    if isinstance(condition, ConditionItem):
        return any(map(_may_be_refused, condition.args))
    if not isinstance(condition, ConditionFieldEqualsValueExpression):
        return True
    value = condition.value
    values = value.values if isinstance(value, SigmaExpansion) else [value]
    return not all(isinstance(each, _PLAIN) for each in values)
