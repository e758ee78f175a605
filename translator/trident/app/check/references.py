"""Rules that nothing uses and filters that name what is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from sigma.correlations import SigmaCorrelationRule

from trident.app.check.conventions import warning
from trident.base.diagnostics import Diagnostic
from trident.rule.identifier import reference
from trident.rule.references import below
from trident.rule.rules import Ruleset


def references(ruleset: Ruleset) -> Iterator[Diagnostic]:
    """A finding for a detection rule beside correlations that none refers to, and for a filter of
    a rule that was not loaded."""
    yield from _unused(ruleset)
    yield from _filters(ruleset)


def _unused(ruleset: Ruleset) -> Iterator[Diagnostic]:
    correlations = [r for r in ruleset.rules if isinstance(r.sigma, SigmaCorrelationRule)]
    used = {id(each) for rule in correlations for each in below(rule, ruleset)}
    files = {rule.document.span.path for rule in correlations}
    for rule in ruleset.rules:
        if rule.document.span.path in files and id(rule) not in used and rule not in correlations:
            yield warning("TRI640", "no correlation refers to this rule", rule.document.span)


def _filters(ruleset: Ruleset) -> Iterator[Diagnostic]:
    known = sorted(_names(ruleset))
    for _, document in ruleset.filters:
        listed = document.data["filter"].get("rules")
        for index, name in enumerate(listed if isinstance(listed, list) else ()):
            if reference(str(name)) not in known and not ruleset.is_broken(str(name)):
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f"did you mean {near[0]}?" if near else ""
                span = document.at("filter", "rules", index)
                yield warning("TRI641", f"no loaded rule is called {name!r}", span, hint)


def _names(ruleset: Ruleset) -> Iterable[str]:
    for rule in ruleset.rules:
        yield from filter(None, (rule.identity.name, rule.identity.id))
