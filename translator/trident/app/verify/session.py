"""``trident verify``: rules and their tests, every target and profile, one verdict each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from trident.app.verify.compare import Observed, Verdict, compare
from trident.app.verify.fuzz import shrink, timeline
from trident.app.verify.relevance import compare as compare_with_rule
from trident.app.verify.ruletests import SUFFIX, read_rule_tests
from trident.app.verify.runners import EngineFault, NotRun
from trident.app.verify.scenes import AlertId, RuleTest
from trident.app.verify.site import site
from trident.app.verify.worker import Worker
from trident.base.diagnostics import Diagnostic, TridentError
from trident.mapping.profiles import Profile
from trident.meaning.evaluate import evaluate
from trident.meaning.events import Event
from trident.result.translation import Translation
from trident.rule.identifier import reference
from trident.rule.plan import Plan
from trident.rule.planner import Planned
from trident.target import registry
from trident.translate.translate import translate

DEFINITION = "definition"
"""The target name under which a test's expectation is held against the evaluator."""


@dataclass(frozen=True, slots=True)
class Log:
    """Events to run a rule on at a pinned time, and where they come from."""

    events: tuple[Event, ...]
    now: int
    origin: str
    test: RuleTest | None = None


@dataclass(slots=True)
class Result:
    """One rule on one target and profile: what it declares, and the verdict on each log."""

    planned: Planned
    target: str
    profile: str
    declared: str
    verdicts: list[tuple[Log, Verdict]] = field(default_factory=list)

    @property
    def worst(self) -> Verdict | None:
        """The verdict that counts: a failure if there is one, else the least exact."""
        failed = [verdict for _, verdict in self.verdicts if verdict.failed]
        rest = (verdict for _, verdict in self.verdicts)
        return failed[0] if failed else max(rest, key=lambda v: v.observed.rank, default=None)

    @property
    def failed(self) -> bool:
        """Whether some log shows that the query is not what it says it is."""
        return any(verdict.failed for _, verdict in self.verdicts)


@dataclass(slots=True)
class Report:
    """All results, and what was wrong with the tests themselves."""

    results: list[Result] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    untested: list[Planned] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything contradicts what is declared or expected."""
        return any(result.failed for result in self.results)


@dataclass(frozen=True, slots=True)
class Fuzz:
    """Random timelines per rule: how many, from which seed."""

    count: int
    seed: int = 0


def tests_of(planned: Sequence[Planned], report: Report) -> Mapping[int, list[RuleTest]]:
    """The rule tests beside the rules' files, by the index of the rule that each names.

    A broken test file, and a test of no rule, become diagnostics of ``report``.
    """
    files: dict[str, Path] = {}
    for each in planned:
        source = Path(each.identity.span.path)
        beside = source.parent / (source.stem + SUFFIX)
        if source.name and beside.exists():
            files[str(beside)] = beside
    tests_of: dict[int, list[RuleTest]] = {}
    names = {reference(each.identity.slug): index for index, each in enumerate(planned)}
    for name in files:
        try:
            tests = read_rule_tests(name)
        except TridentError as error:
            report.diagnostics.append(error.diagnostic)
            continue
        for test in tests:
            rule = names.get(reference(test.rule))
            if rule is None:
                unknown = TridentError("TRI037", f"no rule is called {test.rule!r}", span=test.span)
                report.diagnostics.append(unknown.diagnostic)
                continue
            tests_of.setdefault(rule, []).append(test)
    return tests_of


def verify(
    planned: Sequence[Planned], profiles: Sequence[Profile], fuzz: Fuzz | None = None
) -> Report:
    """Hold every rule's tests, and random timelines, against the evaluator and every engine.

    Each target's engine runs in one process of its own, all of them side by side.
    """
    report = Report()
    tests = tests_of(planned, report)
    logs: list[tuple[Planned, Plan, list[Log]]] = []
    for index, each in enumerate(planned):
        if each.plan is None:
            continue
        own = [Log(tuple(t.events), t.now, str(t.span), t) for t in tests.get(index, ())]
        for test in tests.get(index, ()):
            report.diagnostics += compare_with_rule(test, each.plan)
        if own:
            report.results.append(_definition(each, each.plan, own))
        else:
            report.untested.append(each)
        logs.append((each, each.plan, own))
    by_target: dict[str, list[Profile]] = {}
    for profile in profiles:
        by_target.setdefault(profile.target, []).append(profile)
    with ExitStack() as stack, ThreadPoolExecutor(len(by_target) or 1) as pool:
        runs = [
            pool.submit(_target, stack.enter_context(Worker(target)), chosen, logs, fuzz)
            for target, chosen in by_target.items()
        ]
        for run in runs:
            report.results += run.result()
    order = {id(each): index for index, each in enumerate(planned)}
    report.results.sort(key=lambda result: order[id(result.planned)])
    return report


def _definition(planned: Planned, plan: Plan, logs: Sequence[Log]) -> Result:
    """The tests' expectations against the reference evaluator."""
    result = Result(planned, DEFINITION, "", "exact")
    for log in logs:
        assert log.test is not None
        alerts = alerts_of(plan, log.events, log.now)
        expected = frozenset(log.test.expected)
        same = alerts == expected
        result.verdicts.append(
            (
                log,
                Verdict(
                    Observed.EXACT if same else Observed.DIFFERS,
                    expected,
                    alerts,
                    expected - alerts,
                    alerts - expected,
                ),
            )
        )
    return result


def _target(
    worker: Worker,
    profiles: Sequence[Profile],
    logs: Sequence[tuple[Planned, Plan, list[Log]]],
    fuzz: Fuzz | None,
) -> list[Result]:
    results = []
    for planned, plan, own in logs:
        for profile in profiles:
            translation = translate(plan, profile)
            result = Result(planned, profile.target, profile.name, translation.level)
            results.append(result)
            if translation.query is None:
                reason = translation.error.message if translation.error else ""
                result.verdicts.append((_NO_LOG, Verdict(Observed.REFUSED, problem=reason)))
                continue
            stored = site(plan, profile)
            for log in own:
                verdict = run(worker, plan, translation, stored, log)
                result.verdicts.append((log, verdict))
            if fuzz is not None and not result.failed:
                result.verdicts += _fuzzed(worker, plan, translation, stored, fuzz)
    return results


_NO_LOG = Log((), 0, "")


def run(
    worker: Worker, plan: Plan, translation: Translation, profile: Profile, log: Log
) -> Verdict:
    """The verdict of one query on one log, as the SIEM would keep the log's events."""
    try:
        kept = worker.seen(log.events, profile)
        alerts = worker.alerts(plan, translation, profile, kept, log.now)
    except NotRun as reason:
        return Verdict(Observed.NOT_RUN, problem=str(reason))
    except EngineFault as fault:
        return Verdict(Observed.FAULT, problem=str(fault))
    return compare(plan, translation, kept, alerts_of(plan, kept, log.now), alerts)


def _fuzzed(
    worker: Worker, plan: Plan, translation: Translation, profile: Profile, fuzz: Fuzz
) -> Iterator[tuple[Log, Verdict]]:
    """Verdicts on random timelines up to the first failure, which is shrunk."""
    tick = registry.target(translation.target).tick
    now = NOW
    worst: tuple[Log, Verdict] | None = None
    for number in range(fuzz.count):
        name = f"fuzz {fuzz.seed}/{number}"
        events = timeline(plan, Random(f"{fuzz.seed}/{number}"), now, tick)
        log = Log(events, now, name)
        verdict = run(worker, plan, translation, profile, log)
        if verdict.failed:

            def fails(fewer: Sequence[Event], name: str = name) -> bool:
                smaller = Log(tuple(fewer), now, name)
                return run(worker, plan, translation, profile, smaller).failed

            small = Log(shrink(events, fails), now, name)
            yield small, run(worker, plan, translation, profile, small)
            return
        if verdict.observed is Observed.NOT_RUN:
            yield log, verdict
            return
        if worst is None or verdict.observed.rank > worst[1].observed.rank:
            worst = (log, verdict)
    if worst is not None:
        yield worst


NOW = 1_768_478_400_000_000
"""When random timelines take place: 2026-01-15T12:00:00Z, in microseconds."""


def alerts_of(plan: Plan, events: Sequence[Event], now: int) -> frozenset[AlertId]:
    """The definition's alert identities."""
    return frozenset((alert.group, alert.time) for alert in evaluate(plan, events, now))
