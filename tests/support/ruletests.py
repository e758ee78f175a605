"""The shipped rules with the tests beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from trident.app.input.load import load
from trident.app.verify.ruletests import SUFFIX, read_rule_tests
from trident.app.verify.scenes import RuleTest
from trident.rule.plan import Plan
from trident.rule.planner import plan_all
from trident.rule.rules import Ruleset

ROOT = Path(__file__).resolve().parents[2]
RULES = tuple(
    path
    for folder in (ROOT / "rules", ROOT / "rules" / "examples")
    for path in sorted(folder.glob("*.yml"))
    if not path.name.endswith(SUFFIX)
)


@dataclass(frozen=True, slots=True)
class Case:
    """One rule test and the plan of its rule."""

    test: RuleTest
    plan: Plan

    def __str__(self) -> str:
        return f"{self.test.rule}-{self.test.span.line}"


@cache
def plans(rule: Path) -> dict[str, Plan]:
    """The plans of all rules that a file emits, by name."""
    loaded = load([str(rule)])
    ruleset = Ruleset.from_documents(loaded.documents)
    planned = plan_all(ruleset)
    found = [*loaded.diagnostics, *ruleset.diagnostics]
    found += [diagnostic for each in planned for diagnostic in each.diagnostics]
    assert not found, found
    return {each.identity.name: each.plan for each in planned if each.plan is not None}


@cache
def cases(rule: Path) -> tuple[Case, ...]:
    """The tests beside a rule file."""
    tests = read_rule_tests(str(rule.with_name(rule.stem + SUFFIX)))
    return tuple(Case(test, plans(rule)[test.rule]) for test in tests)
