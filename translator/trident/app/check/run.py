"""All checks on a set of rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trident.app.check.coverage import coverage
from trident.app.check.dead import dead_tests
from trident.app.check.hidden import hidden_characters
from trident.app.check.keys import misspelt_keys
from trident.app.check.metadata import metadata
from trident.app.check.queries import CODES, rejected
from trident.app.check.references import references
from trident.app.check.selection import Selection
from trident.app.check.suppress import superfluous, suppressed, suppressions
from trident.app.check.tags import tags
from trident.app.check.validators import validated
from trident.app.check.values import values
from trident.app.input.config import Config
from trident.app.input.sources import read_sources
from trident.app.parsing.check import Checking
from trident.app.report.report import Report
from trident.app.run.convert import plan_rules
from trident.base.diagnostics import Diagnostic
from trident.mapping.profiles import Profile
from trident.rule.planner import Planned
from trident.rule.rules import Ruleset

_BY_PROFILE = ("TRI2", "TRI3")
"""How the codes begin whose findings depend on the profiles."""


def check(
    paths: Iterable[str],
    profiles: Sequence[Profile],
    config: Config,
    selection: Selection,
    filters: Sequence[str] = (),
    *,
    narrowed: bool = False,
    checking: Checking | None = None,
) -> Report:
    """Every selected finding that no comment takes away, in the order of file and line.

    ``narrowed`` tells that the profiles are not all that the rules are written for, so that a
    suppression of what another profile lacks is not held to be superfluous. With ``checking`` each
    query is held against its parser, unless nobody selects what that finds.

    Raises:
        TridentError: as ``trident.app.run.convert.plan_rules``.
    """
    sources = read_sources(paths, named_filters=bool(filters))
    outcome = plan_rules(sources, config, filters)
    findings = [*outcome.diagnostics, *_about_rules(outcome.ruleset, outcome.planned)]
    findings += hidden_characters(sources)
    findings += dead_tests(outcome.planned, outcome.ruleset.rules, profiles)
    findings += coverage(outcome.planned, outcome.ruleset.rules, profiles)
    if checking is not None and any(map(selection.takes, CODES)):
        findings += rejected(outcome.planned, profiles, checking)
    known = list(suppressions(sources))
    kept = suppressed(dict.fromkeys(findings), known)
    kept += superfluous(
        each
        for each in known
        if selection.takes(each.code)
        and not (narrowed and each.code.startswith(_BY_PROFILE))
        and not (checking is None and each.code in CODES)
    )
    kept = [each for each in kept if selection.takes(each.code)]
    kept.sort(key=lambda each: (each.span.file, each.span.line, each.span.column, each.code))
    return Report("check", tuple(kept), tuple(outcome.inputs))


def _about_rules(ruleset: Ruleset, planned: Sequence[Planned]) -> Iterator[Diagnostic]:
    documents = [rule.document for rule in ruleset.rules]
    documents += (document for _, document in ruleset.filters)
    for document in documents:
        yield from misspelt_keys(document)
    yield from metadata(ruleset.rules, {each.identity for each in planned})
    for rule in ruleset.rules:
        yield from tags(rule)
    yield from references(ruleset)
    yield from values(ruleset.rules)
    yield from validated(ruleset.rules)
