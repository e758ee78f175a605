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
    reached = [rule]
    before: dict[int, Rule] = {}
    for last in reached:
        for each in below(last, ruleset):
            if each is rule:
                way = [last]
                while way[-1] is not rule:
                    way.append(before[id(way[-1])])
                return [*reversed(way), rule]
            if id(each) not in before:
                before[id(each)] = last
                reached.append(each)
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
    circular = _near_circles(ruleset)
    for rule in ruleset.rules:
        of_its_own = id(rule) not in referred or id(rule) in generated
        if of_its_own or (id(rule) in circular and circle(rule, ruleset)):
            yield rule


def _near_circles(ruleset: Ruleset) -> set[int]:
    """The rules that are left when those that refer to none of the rest are taken away, again and
    again: every rule of a circle, and what refers to one."""
    referring: dict[int, list[int]] = {}
    open_references: dict[int, int] = {}
    for rule in ruleset.rules:
        listed = below(rule, ruleset)
        open_references[id(rule)] = len(listed)
        for each in listed:
            referring.setdefault(id(each), []).append(id(rule))
    done = [key for key, number in open_references.items() if not number]
    for key in done:
        for above in referring.get(key, ()):
            open_references[above] -= 1
            if not open_references[above]:
                done.append(above)
    return open_references.keys() - set(done)
