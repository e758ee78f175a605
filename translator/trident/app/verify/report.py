"""What ``trident verify`` found, as text, JSON, JUnit and findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from trident.app.report import junit
from trident.app.report import report as reports
from trident.app.verify.compare import Observed, Verdict, timeline
from trident.app.verify.paste import as_test
from trident.app.verify.scenes import AlertId
from trident.app.verify.session import DEFINITION, Log, Report, Result
from trident.base.diagnostics import Diagnostic, TridentError
from trident.base.printable import json_text, printable
from trident.meaning.events import Event, to_datetime

SCHEMA_VERSION = 1
MOST = 5
"""How many differing alerts of one result are shown with their timeline."""


def text(report: Report) -> str:
    """Rule by rule, one line a target and profile; below a failure what differs."""
    lines: list[str] = []
    rule = None
    for result in report.results:
        identity = result.planned.identity
        if identity is not rule:
            lines += [*([""] if lines else []), f"{identity.slug}  ({identity.span})"]
            rule = identity
        lines.append(f"  {_line(result)}")
        for log, verdict in result.verdicts:
            if verdict.failed:
                lines += [f"    {line}" for line in _failure(result, log, verdict)]
    return "".join(f"{printable(line)}\n" for line in [*lines, "", summary(report)])


def summary(report: Report) -> str:
    """Counts by what was observed: ``61 exact, 12 covering, 9 refused, 2 not run; 0 failed``."""
    counted = Counter(str(r.worst.observed) for r in report.results if r.worst)
    shown = ", ".join(f"{counted[str(kind)]} {kind}" for kind in Observed if counted[str(kind)])
    failed = sum(result.failed for result in report.results)
    without = f"; {len(report.untested)} without a test" if report.untested else ""
    return f"{shown or 'nothing verified'}; {failed} failed{without}"


def as_json(report: Report) -> str:
    """One object: per result the levels and, per log, expected, found and different alerts."""
    return json_text(
        {
            "schema": SCHEMA_VERSION,
            "results": [_json(result) for result in report.results],
            "untested": [planned.identity.slug for planned in report.untested],
            "failed": report.failed,
        }
    )


def as_junit(report: Report) -> str:
    """A test suite a rule, a test case a target and profile; refused and not run are skipped."""
    return junit.document("trident verify", map(_case, report.results))


def findings(report: Report, earlier: Iterable[Diagnostic]) -> reports.Report:
    """What failed as findings at the rules, after ``earlier``, for SARIF and GitHub annotations."""
    failures = (_finding(result, log, v) for result in report.results for log, v in result.verdicts)
    every = (*earlier, *report.diagnostics, *filter(None, failures))
    files = (result.planned.identity.span.file for result in report.results)
    return reports.Report("verify", tuple(dict.fromkeys(every)), tuple(dict.fromkeys(files)))


def alert(identity: AlertId) -> str:
    """An alert as shown: its time and its group."""
    group, time = identity
    return f"{when(time)}  {', '.join(group) or '(one group)'}"


def when(micros: int) -> str:
    """A time in UTC, with microseconds where it has them."""
    return to_datetime(micros).isoformat().replace("+00:00", "Z")


def event_line(event: Event) -> str:
    """An event on one line: time, log source, fields."""
    fields = " ".join(f"{name}={value!r}" for name, value in event.fields.items())
    return f"{when(event.time)}  {event.logsource}  {fields}"


def _line(result: Result) -> str:
    name = f"{result.target:10} {result.profile:16}"
    worst = result.worst
    if worst is None:
        return f"{name} {result.declared:24} no test"
    if worst.observed is Observed.REFUSED:
        return f"{name} refused: {worst.problem}"
    observed = f"{result.declared:24} {worst.observed}"
    if worst.observed in (Observed.NOT_RUN, Observed.FAULT):
        return f"{name} {observed}: {worst.problem}"
    sizes = [
        (len(v.expected), len(v.emitted), len(v.missing), len(v.extra)) for v in _verdicts(result)
    ]
    expected, emitted, missing, extra = (sum(column) for column in zip(*sizes, strict=True))
    counts = f"{expected} expected, {emitted} found"
    if missing or extra:
        counts += f", {missing} missing, {extra} extra"
    return f"{name} {observed:38} {counts}"


def _case(result: Result) -> junit.Case:
    identity, worst = result.planned.identity, result.worst
    skipped = None
    if worst is None or worst.observed in (Observed.NOT_RUN, Observed.REFUSED):
        skipped = worst.problem if worst else "no test"
    failures = tuple(
        (f"{verdict.observed} on {log.origin}", "\n".join(_failure(result, log, verdict)))
        for log, verdict in result.verdicts
        if verdict.failed
    )
    name = " ".join(filter(None, (result.target, result.profile)))
    return junit.Case(identity.slug, name, identity.span.file, failures, skipped)


def _finding(result: Result, log: Log, verdict: Verdict) -> Diagnostic | None:
    if not verdict.failed:
        return None
    where = " ".join(filter(None, (result.target, result.profile)))
    if verdict.observed is Observed.FAULT:
        code, what = "TRI772", verdict.problem
    else:
        code, what = "TRI771", f"{len(verdict.missing)} missing, {len(verdict.extra)} extra alerts"
    span = result.planned.identity.span
    return TridentError(code, f"{where} on {log.origin}: {what}", span=span).diagnostic


def _verdicts(result: Result) -> Iterable[Verdict]:
    return [verdict for _, verdict in result.verdicts]


def _failure(result: Result, log: Log, verdict: Verdict) -> Iterator[str]:
    yield f"on {log.origin}:"
    if verdict.observed is Observed.FAULT:
        yield f"  {verdict.problem}"
    differing = [("missing", each) for each in sorted(verdict.missing, key=_by_time)]
    differing += [("extra", each) for each in sorted(verdict.extra, key=_by_time)]
    for kind, identity in differing[:MOST]:
        yield f"  {kind}: {alert(identity)}"
        expected = log.test.expected.get(identity) if log.test else None
        if expected is not None:
            yield f"    because {expected.why} ({expected.span})"
        plan = result.planned.plan
        if plan is not None:
            for event in timeline(plan, log.events, identity):
                yield f"    {event_line(event)}"
    if len(differing) > MOST:
        yield f"  and {len(differing) - MOST} more"
    if log.test is None and result.target != DEFINITION:
        yield "  as a test:"
        name = result.planned.identity.slug
        yield from (f"    {line}" for line in as_test(name, log.events, log.now, verdict.expected))


def _by_time(identity: AlertId) -> tuple[int, tuple[str, ...]]:
    return identity[1], identity[0]


def _json(result: Result) -> dict[str, Any]:
    return {
        "rule": result.planned.identity.slug,
        "target": result.target,
        "profile": result.profile,
        "declared": result.declared,
        "observed": str(result.worst.observed) if result.worst else None,
        "failed": result.failed,
        "logs": [
            {
                "origin": log.origin,
                "observed": str(verdict.observed),
                "problem": verdict.problem,
                **{
                    name: [
                        {"group": list(group), "time": when(time)}
                        for group, time in sorted(alerts, key=_by_time)
                    ]
                    for name, alerts in (
                        ("expected", verdict.expected),
                        ("found", verdict.emitted),
                        ("missing", verdict.missing),
                        ("extra", verdict.extra),
                        ("noted", verdict.noted),
                    )
                },
            }
            for log, verdict in result.verdicts
        ],
    }
