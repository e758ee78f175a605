"""Translations and diagnostics as text and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from trident.app.report.report import Report
from trident.app.report.sources import Sources
from trident.app.report.text import finding as finding
from trident.app.report.text import remedy_lines
from trident.app.run.convert import Outcome
from trident.base.diagnostics import Diagnostic, Severity
from trident.base.printable import json_text
from trident.result.translation import SCHEMA_VERSION, Fidelity, Query, Translation
from trident.target import registry

_IN_LIST = " " * 4
"""Where an object begins that stands in a list of the JSON product."""


def blocks(translation: Translation, form: str) -> Iterator[str]:
    """A translation as ``trident convert --format`` writes it: the texts of its queries, or
    one JSON object."""
    if form == "json":
        # In JSON a line break only ever parts lines: in a string it is an escape.
        yield json_text(translation.to_dict()).rstrip("\n").replace("\n", "\n" + _IN_LIST)
    else:
        yield from query_texts(translation)


def joined(blocks: Iterable[bytes], form: str) -> bytes:
    """The product of a run from the ``blocks`` of its translations: each query below a comment
    that says what it is, a blank line between two queries; or one JSON object."""
    if form != "json":
        return b"\n".join(blocks)
    head = f'{{\n  "schema": {SCHEMA_VERSION},\n  "translations": ['.encode()
    parts = list(blocks)
    if not parts:
        return head + b"]\n}\n"
    parts[0] = head + f"\n{_IN_LIST}".encode() + parts[0]
    parts[-1] += b"\n  ]\n}\n"
    return f",\n{_IN_LIST}".encode().join(parts)


def query_texts(translation: Translation) -> Iterator[str]:
    """The text of each query of a translation; none for a refused one."""
    query = translation.query
    if query is None:
        return
    comment = registry.target(translation.target).comment
    count = len(query.texts)
    for number, body in enumerate(query.texts, 1):
        part = f", query {number} of {count}" if count > 1 else ""
        header = comment.lines(_header(translation, query, part))
        yield f"{header}{body.rstrip()}\n"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many translations there are of each level, refusals and errors."""

    levels: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    errors: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.levels + other.levels, self.refused + other.refused, self.errors + other.errors
        )

    def summary(self) -> str:
        """``6 translations: 4 exact, 2 covering; 1 refused; 0 errors``."""
        levels = [str(level) for level in Fidelity if self.levels[level]]
        counted = ", ".join(f"{self.levels[level]} {level}" for level in levels)
        return (
            f"{_number(self.levels.total(), 'translation')}{': ' if counted else ''}{counted}; "
            f"{self.refused} refused; {_number(self.errors, 'error')}"
        )


def tally(outcome: Outcome) -> Tally:
    """What came out of a run, counted."""
    levels = Counter(str(t.fidelity) for t in outcome.translations if t.query)
    return Tally(levels, outcome.refused, outcome.errors)


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic or refusal as printed; ``remedy`` are the lines of YAML that mend
    it, which stand below the first one that they mend."""

    place: tuple[str, int]
    text: str
    remedy: str


def placed_findings(outcome: Outcome) -> list[Finding]:
    """Every diagnostic and refusal of a run, in the order of its file and line."""
    sources = Sources()
    return [
        Finding(
            (diagnostic.span.file, diagnostic.span.line),
            finding(diagnostic, where, sources, remedy=False),
            diagnostic.remedy,
        )
        for diagnostic, where in _found(outcome)
    ]


def report(
    outcome: Outcome, command: str, further: Iterable[Diagnostic] = (), *, strict: bool = False
) -> Report:
    """The findings of a run for a report in any format: those printed, then ``further`` ones.

    What does not fail the run is tolerated: warnings, and without ``strict`` refusals.
    """
    placed = [
        replace(diagnostic, message=f"{diagnostic.message} ({where})") if where else diagnostic
        for diagnostic, where in _found(outcome)
    ]
    tolerated = {Severity.WARNING} if strict else {Severity.WARNING, Severity.REFUSED}
    return Report(command, (*placed, *further), tuple(outcome.inputs), frozenset(tolerated))


def _found(outcome: Outcome) -> list[tuple[Diagnostic, str]]:
    """Diagnostics and refusals, the latter with target and profile, by file and line."""
    findings = [(diagnostic, "") for diagnostic in outcome.diagnostics]
    known = set(outcome.diagnostics)  # a pipeline refuses a rule for every target
    findings += [
        (translation.error, f"{translation.target} {translation.profile}")
        for translation in outcome.translations
        if translation.error and translation.error not in known
    ]
    return sorted(findings, key=lambda each: (each[0].span.file, each[0].span.line))


def printed(findings: Iterable[Finding]) -> Iterator[str]:
    """Findings in the order given, each block of YAML once."""
    shown = {""}
    for each in findings:
        yield each.text
        if each.remedy not in shown:
            yield from remedy_lines(each.remedy)
            shown.add(each.remedy)


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _header(translation: Translation, query: Query, part: str) -> Iterator[str]:
    rule = translation.rule
    title = f": {rule.title}" if rule.title and rule.title != rule.slug else ""
    yield f"{rule.slug}{title}"
    yield f"{translation.target}, profile {translation.profile}{part}: {translation.level}"
    yield f"checked: {translation.checked}"
    for name, parameter in query.parameters.items():
        yield (
            f"parameter {name} ({parameter.type}): {parameter.path} "
            f"in the answer to {parameter.companion}"
        )
    if query.requests:
        names = ", ".join(request.name for request in query.requests)
        yield f"goes with {names} (--format json, or trident build)"
    for note in translation.notes:
        yield f"note {note.code}: {note.text}"
