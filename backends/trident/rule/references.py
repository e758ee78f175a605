"""Which rule refers to which: what is emitted, and which references run in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition

from trident.rule.rules import Rule, Ruleset


def references(sigma: SigmaCorrelationRule) -> tuple[str, ...]:
    """The rules that a correlation lists, or that its condition names where it has no list."""
    if sigma.rules is None:
        assert isinstance(sigma.condition, SigmaExtendedCorrelationCondition)
        return tuple(sigma.condition.get_referenced_rules())
    return tuple(str(reference.reference) for reference in sigma.rules)


def below(rule: Rule, ruleset: Ruleset) -> list[Rule]:
    """The rules that ``rule`` refers to and that were loaded."""
    if not isinstance(rule.sigma, SigmaCorrelationRule):
        return []
    bases = (ruleset.find(reference) for reference in references(rule.sigma))
    return [each for each in bases if each is not None]


def circle(rule: Rule, ruleset: Ruleset) -> list[Rule]:
    """The shortest way along references from ``rule`` back to it, both ends given; or nothing."""
    ways = [[rule]]
    seen: set[int] = set()
    for way in ways:
        for each in below(way[-1], ruleset):
            if each is rule:
                return [*way, each]
            if id(each) not in seen:
                seen.add(id(each))
                ways.append([*way, each])
    return []


def emitted(ruleset: Ruleset) -> Iterator[Rule]:
    """The rules that get a query of their own: those that no other rule refers to, and those of
    a correlation with ``generate: true``; also those in a circle, which would go unreported."""
    referred: set[int] = set()
    generated: set[int] = set()
    for rule in ruleset.rules:
        for each in below(rule, ruleset):
            referred.add(id(each))
            if isinstance(rule.sigma, SigmaCorrelationRule) and rule.sigma.generate:
                generated.add(id(each))
    for rule in ruleset.rules:
        if id(rule) not in referred or id(rule) in generated or circle(rule, ruleset):
            yield rule
