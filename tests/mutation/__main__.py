"""``python -m tests.mutation`` writes docs/mutations.md: seeded defects and what finds them.

Each defect of mutants.yml is written into the queries of the shipped rules; the rules' own tests,
run as ``trident verify`` runs them, must fail for at least one rule.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from trident.app.input.config import Config
from trident.app.verify.command import planned
from trident.app.verify.compare import Observed, compare
from trident.app.verify.ruletests import SUFFIX, read_rule_tests
from trident.app.verify.runners import EngineFault, Runner, runner
from trident.app.verify.scenes import RuleTest
from trident.app.verify.session import alerts_of
from trident.mapping.profiles import default_profile, load_profiles
from trident.result.translation import Companion, Translation
from trident.rule.planner import Planned
from trident.translate.translate import translate

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "mutations.md"
MUTANTS: Mapping[str, list[list[str]]] = yaml.safe_load(
    Path(__file__).with_name("mutants.yml").read_text("utf-8")
)


def mutated(translation: Translation, pattern: str, replacement: str) -> Translation | None:
    """The translation with the defect in its text and its requests; None where it has no place."""
    query = translation.query
    if query is None:
        return None
    text = re.sub(pattern, replacement, query.text)
    if text == query.text:
        return None
    companions = tuple(
        Companion(c.name, c.kind, _in_request(c.body, query.text, text)) for c in query.companions
    )
    return replace(translation, query=replace(query, text=text, companions=companions))


def _in_request(body: object, old: str, new: str) -> object:
    if isinstance(body, dict):
        return {key: _in_request(value, old, new) for key, value in body.items()}
    return new.rstrip() if isinstance(body, str) and body.rstrip() == old.rstrip() else body


def shipped() -> list[tuple[Planned, list[RuleTest]]]:
    """The shipped rules with their tests, the hunts first."""
    rules, _ = planned([str(ROOT / "rules")], Config(), ())
    found = []
    for each in rules:
        source = Path(each.identity.span.file)
        tests = read_rule_tests(str(source.parent / (source.stem + SUFFIX)))
        own = [test for test in tests if test.rule == each.identity.slug]
        if own:
            found.append((each, own))
    return sorted(found, key=lambda pair: "examples" in pair[0].identity.span.file)


def finder(engine: Runner, target: str, pattern: str, replacement: str) -> Iterator[str]:
    """What finds the defect: the rules whose test fails, and how, one after the other."""
    profile = load_profiles(target)[default_profile(target)]
    for rule, tests in shipped():
        assert rule.plan is not None
        right = translate(rule.plan, profile)
        wrong = mutated(right, pattern, replacement)
        if wrong is None:
            continue
        for test in tests:
            kept = [engine.seen(event, profile) for event in test.events]
            want = alerts_of(rule.plan, kept, test.now)
            try:
                found = engine.alerts(rule.plan, wrong, profile, kept, test.now)
            except EngineFault as fault:
                reason = str(fault).splitlines()[0][:60]
                yield f"{rule.identity.slug}: the engine rejects it ({reason})"
                continue
            verdict = compare(rule.plan, right, kept, want, found)
            if verdict.observed is Observed.DIFFERS:
                yield (
                    f"{rule.identity.slug}: {len(verdict.missing)} missing, "
                    f"{len(verdict.extra)} extra"
                )


def page() -> str:
    """The table of all defects.

    Raises:
        AssertionError: for a defect that no shipped test finds.
    """
    lines = [
        "# Mutations",
        "",
        "Seeded defects in the queries, and the shipped test that finds each when `trident verify`",
        "runs. Written by `python -m tests.mutation`, from `tests/mutation/mutants.yml`.",
        "",
        "| target | defect | found by |",
        "|---|---|---|",
    ]
    for target, mutants in MUTANTS.items():
        engine = runner(target)
        for name, pattern, replacement in mutants:
            found = next(finder(engine, target, pattern, replacement), None)
            assert found is not None, f"{target}: no shipped test finds that {name}"
            lines.append(f"| {target} | {name} | {found.replace('|', chr(92) + '|')} |")
            print(lines[-1], file=sys.stderr, flush=True)
        engine.close()
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
