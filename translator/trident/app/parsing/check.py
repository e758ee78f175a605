"""Translations held against the parser of their language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from trident.app.parsing.checkers import checker, missing
from trident.app.parsing.process import Answer, Question, parsers
from trident.app.parsing.verdicts import Verdicts
from trident.app.run.convert import Outcome
from trident.base.diagnostics import Diagnostic, Severity, TridentError
from trident.mapping.profiles import Profile
from trident.result.translation import Checked, Fidelity, Query, Translation
from trident.rule.plan import Plan

REJECTED, NO_ANSWER = "TRI680", "TRI681"

_FILLED = {"number": "1", "strings": '""'}
"""A value of each type of parameter, as ``Parameter`` says how it is written."""

_AT_ONCE = 1000
"""So many translations are asked about at a time, since each brings its table's columns."""

Job = tuple[Plan, Translation, Profile]
"""A translation with the plan and the profile that it was made of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a translation's queries: how far they were checked, why they are rejected,
    or why a parser had nothing to say."""

    checked: Checked = Checked.NOT
    error: Diagnostic | None = None
    warning: Diagnostic | None = None

    @property
    def findings(self) -> list[Diagnostic]:
        """What there is to report."""
        return [each for each in (self.error, self.warning) if each]

    def applied(self, translation: Translation) -> Translation:
        """The translation with what is said of it; a rejected query is none."""
        if self.error is None:
            return replace(translation, checked=self.checked)
        return replace(
            translation,
            fidelity=Fidelity.REFUSED,
            proof=None,
            query=None,
            notes=(),
            error=self.error,
        )


class Checking:
    """Asks the parsers, ``jobs`` processes of them, and remembers in ``kept`` what has passed."""

    def __init__(self, kept: Verdicts | None = None, jobs: int = 1) -> None:
        self._kept = kept or Verdicts()
        self._jobs = jobs
        self._failed: dict[str, Answer] = {}

    def __call__(self, outcome: Outcome, profiles: Sequence[Profile]) -> bool:
        """Say of each translation how far it was checked; a rejected query becomes an error.
        False when a parser failed, so that another time may have another outcome."""
        by_name = {(profile.target, profile.name): profile for profile in profiles}
        jobs: dict[int, Job] = {}
        for index, (planned, translation) in enumerate(outcome.results):
            if planned.plan is not None and translation.query is not None:
                profile = by_name[translation.target, translation.profile]
                jobs[index] = (planned.plan, translation, profile)
        verdicts = self.verdicts(list(jobs.values()))
        for (index, (_, translation, _)), verdict in zip(jobs.items(), verdicts, strict=True):
            outcome.results[index] = (outcome.results[index][0], verdict.applied(translation))
        warnings = [each.warning for each in verdicts if each.warning]
        outcome.diagnostics += warnings
        return not warnings

    def verdicts(self, jobs: Sequence[Job]) -> list[Verdict]:
        """The verdict on each translation; ``not checked`` for one without a query."""
        verdicts: list[Verdict] = []
        for start in range(0, len(jobs), _AT_ONCE):
            some = jobs[start : start + _AT_ONCE]
            asked = [list(_questions(*job)) for job in some]
            answers = self._answers({each.digest: each for own in asked for each in own})
            verdicts += (
                _verdict(job, [answers[each.digest] for each in own])
                for job, own in zip(some, asked, strict=True)
            )
        return verdicts

    def _answers(self, questions: dict[str, Question]) -> dict[str, Answer]:
        passed = (digest for digest in questions if self._kept.has(digest))
        answers = {**self._failed, **dict.fromkeys(passed, Answer())}
        asked = {digest: each for digest, each in questions.items() if digest not in answers}
        if asked:
            said = parsers(self._jobs).answers(list(asked.values()))
            answers |= zip(asked, said, strict=True)
            passed = (digest for digest in asked if answers[digest] == Answer())
            self._kept.add(list(passed))
            self._failed |= {
                digest: answers[digest] for digest in asked if answers[digest] != Answer()
            }
        return answers


def hint(targets: Iterable[str]) -> str:
    """What has to be installed so that the queries of ``targets`` are checked; "" for nothing."""
    absent = {target: names for target in targets if (names := missing(target))}
    if not absent:
        return ""
    listed = ", ".join(f"{target} ({', '.join(names)})" for target, names in absent.items())
    how = "pip install 'sigma-trident[verify]', and see docs/verification.md"
    return f"not checked, for want of a parser: {listed}; {how}"


def _questions(plan: Plan, translation: Translation, profile: Profile) -> Iterator[Question]:
    target = profile.target
    if translation.query is None or missing(target):
        return
    if own := checker(target):
        names = own.names(plan, profile)
        for text in dict.fromkeys(_texts(translation.query)):
            yield Question(target, text, names)


def _texts(query: Query) -> Iterator[str]:
    """Every query that goes out with a translation, a value in the place of each parameter."""
    for text in (*query.texts, *_requested(query)):
        for name, parameter in query.parameters.items():
            text = text.replace(f"${{{name}}}", _FILLED[parameter.type])
        yield text


def _requested(query: Query) -> Iterator[str]:
    """The queries in the bodies of requests (elsewhere ``query`` is no text but a filter)."""
    for request in query.requests:
        body = request.body.get("body") if isinstance(request.body, Mapping) else None
        if isinstance(body, Mapping) and isinstance(body.get("query"), str):
            yield body["query"]


def _verdict(job: Job, answers: Sequence[Answer]) -> Verdict:
    _, translation, profile = job
    if not answers:
        return Verdict()
    span = translation.rule.span
    for each in answers:
        if each.problem:
            message = f"the query is not valid: {each.problem}"
            return Verdict(error=TridentError(REJECTED, message, span=span).diagnostic)
    for each in answers:
        if each.fault:
            which = f"{profile.target} {profile.name}"
            message = f"the query for {which} is not checked, its parser failed: {each.fault}"
            error = TridentError(NO_ANSWER, message, span=span, severity=Severity.WARNING)
            return Verdict(warning=error.diagnostic)
    own = checker(profile.target)
    assert own is not None  # it has asked
    return Verdict(own.passed)
