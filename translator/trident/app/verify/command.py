"""What the ``verify`` command does with its options; reports findings on standard error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trident.app.input.config import Config
from trident.app.report import console
from trident.app.report.formats import FORMATS
from trident.app.report.text import printed
from trident.app.run.convert import convert
from trident.app.run.progress import Progress, counting
from trident.app.verify import report as shown
from trident.app.verify.exported import Reading, profile_of, read_exported
from trident.app.verify.ruletests import SUFFIX
from trident.app.verify.session import Fuzz, Report, tests_of
from trident.app.verify.session import verify as run
from trident.app.verify.update import against as differences
from trident.app.verify.update import update_file
from trident.base.diagnostics import Diagnostic, Severity, TridentError
from trident.base.printable import printable
from trident.mapping.profiles import Profile, load_profiles
from trident.meaning.evaluate import evaluate, matching
from trident.meaning.events import Event
from trident.rule.planner import Planned
from trident.target import registry


def planned(
    paths: Sequence[str], config: Config, filters: Sequence[str]
) -> tuple[list[Planned], list[Diagnostic]]:
    """The rules that are emitted, and everything that was wrong with the others."""
    outcome = convert(paths, (), config, filters)
    return outcome.planned, outcome.diagnostics


def verify(
    rules: Sequence[Planned],
    diagnostics: Sequence[Diagnostic],
    profiles: Sequence[Profile],
    form: str,
    fuzz: int | None,
    seed: int,
) -> tuple[str, bool]:
    """The report in the wanted format, and whether anything failed."""
    report = run(rules, profiles, Fuzz(fuzz, seed) if fuzz else None)
    _say([*diagnostics, *report.diagnostics])
    broken = any(d.severity is Severity.ERROR for d in (*diagnostics, *report.diagnostics))
    own = {"text": shown.text, "json": shown.as_json, "junit": shown.as_junit}
    if form in own:
        product = own[form](report)
    else:
        product = FORMATS[form](shown.findings(report, diagnostics))
    if form != "text":
        console.say(shown.summary(report))
    return product, broken or report.failed


def update(rules: Sequence[Planned], diagnostics: Sequence[Diagnostic]) -> int:
    """Write the evaluator's alerts into the rules' test files; the exit code."""
    _say(diagnostics)
    plans = {each.identity.slug: each.plan for each in rules if each.plan is not None}
    sources = {Path(each.identity.span.path) for each in rules if each.identity.span.path}
    for source in sorted(sources):
        file = source.parent / (source.stem + SUFFIX)
        if file.exists() and (changed := update_file(file, plans)):
            console.say(f"{file}: {changed} scenes changed; review them")
    return int(any(each.severity is Severity.ERROR for each in diagnostics))


def against(
    rules: Sequence[Planned], old_rules: str, config: Config, filters: Sequence[str]
) -> int:
    """Print what each rule's tests gain and lose against the old rules; the exit code."""
    old, diagnostics = planned([old_rules], config, filters)
    _say(diagnostics)
    report = Report()
    tests = tests_of(rules, report)
    before = {each.identity.slug: each.plan for each in old}
    for index, each in enumerate(rules):
        name = each.identity.slug
        previous = before.get(name)
        if each.plan is None or index not in tests:
            continue
        if previous is None:
            console.show(f"{name}: not among the old rules\n")
            continue
        for kind, alert in differences(previous, each.plan, tests[index]):
            console.show(f"{name}: {kind}  {shown.alert(alert)}\n")
    _say(report.diagnostics)
    return int(any(d.severity is Severity.ERROR for d in (*diagnostics, *report.diagnostics)))


def own_data(
    rules: Sequence[Planned], diagnostics: Sequence[Diagnostic], file: Path, source: str
) -> int:
    """Print each rule's alerts, with their evidence, on exported logs; the exit code.

    The clock stands at the newest event, so that a look-back or a baseline ends with the data.
    """
    _say(diagnostics)
    profile = profile_of(
        source,
        {name: p for target in registry.names() for name, p in load_profiles(target).items()},
    )
    for each in rules:
        if each.plan is None:
            continue
        try:
            reading = Reading.of(each.plan, profile)
        except TridentError as error:
            _say([error.at(each.identity.span).diagnostic])
            continue
        with Progress(file.name) as progress:
            step = counting(progress, file.stat().st_size)
            newest = Newest(read_exported(file, reading, step))
            kept = list(matching(each.plan, newest))
        alerts = evaluate(each.plan, kept, newest.time)
        console.show(f"{each.identity.slug}: {newest.count} events, {len(alerts)} alerts\n")
        for alert in alerts:
            console.show(printable(f"  {shown.alert((alert.group, alert.time))}") + "\n")
            for match in alert.evidence:
                fields = " ".join(f"{name}={value!r}" for name, value in match.fields.items())
                console.show(printable(f"    {shown.when(match.time)}  {fields}") + "\n")
    return int(any(each.severity is Severity.ERROR for each in diagnostics))


@dataclass(slots=True)
class Newest:
    """Events passed on, with the newest time and the count of those seen."""

    events: Iterable[Event]
    time: int = 0
    count: int = 0

    def __iter__(self) -> Iterator[Event]:
        for event in self.events:
            self.time = max(self.time, event.time)
            self.count += 1
            yield event


def _say(diagnostics: Sequence[Diagnostic]) -> None:
    for line in printed(dict.fromkeys(diagnostics)):
        console.say(line)
