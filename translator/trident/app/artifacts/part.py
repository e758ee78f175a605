"""What the rules become under one profile: queries, artifacts, and what was found about them.

Profiles need nothing of each other, so each may be made in a process of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trident.app.artifacts.deployment import Deployment, deploy
from trident.app.artifacts.metadata import Metadata, read_metadata
from trident.app.artifacts.unique import Claim
from trident.app.artifacts.writers import kind_of
from trident.app.input.config import Config
from trident.app.parsing.check import Checking
from trident.app.run.convert import Outcome, translated
from trident.app.run.naming import safe_names
from trident.app.run.output import query_texts
from trident.base.diagnostics import Diagnostic, TridentError
from trident.base.printable import json_text
from trident.mapping.profiles import Profile
from trident.result.translation import Note, Translation
from trident.rule.plan import Identity, Run
from trident.rule.planner import Planned
from trident.rule.rules import Rule
from trident.rule.schedule import read_run
from trident.target import registry


@dataclass(slots=True)
class Part:
    """One profile's share of a build, by rule; ``place`` is its folder, ``target/profile``.

    ``about`` is what was found about a rule's artifacts, which ``diagnostics`` hold, too;
    ``claims`` are the names that nothing else of the build may have.
    """

    place: str
    translations: dict[Identity, Translation] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    made: dict[Identity, set[str]] = field(default_factory=lambda: defaultdict(set))
    notes: dict[Identity, dict[Note, None]] = field(default_factory=lambda: defaultdict(dict))
    about: dict[Identity, dict[Diagnostic, None]] = field(default_factory=lambda: defaultdict(dict))
    diagnostics: list[Diagnostic] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def add(self, path: str, text: str, *rules: Identity) -> None:
        """A file below the profile's folder, and the rules in it, one at least."""
        path = f"{self.place}/{path}"
        self.files[path] = text.encode()
        self.claims.append(Claim("file", path, rules[0]))
        for rule in rules:
            self.made[rule].add(path)


class Rules:
    """All rules of a build, ready for any profile; called with one, its ``Part`` comes back."""

    def __init__(
        self,
        planned: Sequence[Planned],
        off: Sequence[Rule],
        config: Config,
        checking: Checking | None = None,
    ) -> None:
        self._planned = planned
        self._checking = checking
        self._off = tuple(off)
        self._stems = safe_names({each.identity: each.identity.slug for each in planned})
        self._said: Mapping[Identity, tuple[Metadata, Run] | TridentError] = {
            each.identity: read_said(each, config) for each in planned if each.plan is not None
        }

    def __call__(self, profile: Profile) -> Part:
        """Translate for a profile, check the queries, and write what its SIEM takes."""
        part = Part(f"{profile.target}/{profile.name}")
        kind = kind_of(profile)
        deployments: list[Deployment] = []
        outcome = Outcome(diagnostics=part.diagnostics)
        for planned in self._planned:
            outcome.results += translated(planned, profile, part.diagnostics)
        if self._checking is not None:
            self._checking(outcome, [profile])
        for planned, translation in outcome.results:
            part.translations[planned.identity] = translation
            for path, text in _queries(translation, self._stems[planned.identity]):
                part.add(path, text, planned.identity)
            if kind.writers and translation.query is not None:
                deployments += self._deployed(planned, translation, profile, part)
        if self._checking is not None:
            deployments = list(_checked(deployments, self._checking, part))
        for writer in kind.writers if deployments else ():
            written = writer(deployments)
            part.diagnostics += written.diagnostics
            part.claims += written.claims
            for rule, about in written.about.items():
                part.about[rule] |= dict.fromkeys(about)
            for artifact in written.artifacts:
                rules = [each.planned.identity for each in artifact.rules]
                part.add(artifact.path, artifact.text, *rules)
                for deployment in artifact.rules:
                    told = (*deployment.notes, *artifact.notes)
                    part.notes[deployment.planned.identity] |= dict.fromkeys(told)
        return part

    def _deployed(
        self, planned: Planned, written: Translation, profile: Profile, part: Part
    ) -> Iterator[Deployment]:
        terms = kind_of(profile).terms
        try:
            said = self._said[planned.identity]
            if isinstance(said, TridentError):
                raise said
            stem = self._stems[planned.identity]
            deployment = deploy(planned, written, profile, *said, stem, terms)
        except TridentError as error:
            diagnostic = error.at(planned.identity.span).diagnostic
            part.diagnostics.append(diagnostic)
            part.about[planned.identity][diagnostic] = None
            return
        if deployment is not None:
            yield replace(deployment, filters=self._off)


def _checked(
    deployments: Sequence[Deployment], checking: Checking, part: Part
) -> Iterator[Deployment]:
    """The deployments whose queries no parser rejects; the others are findings of ``part``."""
    jobs = [
        (each.shown, query, each.profile)
        for each in deployments
        for query in (each.hunt, each.rule)
    ]
    verdicts = iter(checking.verdicts(jobs))
    for deployment in deployments:
        own = (next(verdicts), next(verdicts))
        rule = deployment.planned.identity
        for finding in dict.fromkeys(each for verdict in own for each in verdict.findings):
            message = f"artifact for {part.place}: {finding.message}"
            diagnostic = replace(finding, message=message)
            part.diagnostics.append(diagnostic)
            part.about[rule][diagnostic] = None
        if not any(verdict.error for verdict in own):
            yield deployment


def read_said(planned: Planned, config: Config) -> tuple[Metadata, Run] | TridentError:
    """A rule's metadata and schedule, or the mistake that is in them for every SIEM."""
    document = planned.document
    try:
        metadata = read_metadata(document, planned.identity.slug, config.author)
        return metadata, read_run(document, ("trident", "schedule"), config.run)
    except TridentError as error:
        return error


def _queries(translation: Translation, stem: str) -> Iterator[tuple[str, str]]:
    query = translation.query
    if query is None:
        return
    names = safe_names({index: request.name for index, request in enumerate(query.requests)})
    for index, request in enumerate(query.requests):
        yield f"{stem}.{names[index]}.json", json_text(request.body)
    extension = registry.target(translation.target).extension
    for number, text in enumerate(query_texts(translation), 1):
        part = f".{number}" if number > 1 else ""
        yield f"{stem}{part}.{extension}", text
