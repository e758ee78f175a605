"""Rule files to translations: load, plan, translate; one rule's failure is that rule's alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trident.app.input.config import Config
from trident.app.input.load import Loaded, load_sources
from trident.app.input.sources import Source, read_sources
from trident.app.input.suggest import unknown
from trident.base.diagnostics import Diagnostic, Severity, Span, TridentError
from trident.mapping.profiles import Profile, default_profile, profile_names
from trident.result.translation import Translation
from trident.rule.identifier import reference
from trident.rule.planner import Planned, plan_all
from trident.rule.rules import Document, Ruleset
from trident.target import registry
from trident.translate.translate import refused, translate

if TYPE_CHECKING:
    from trident.rule.pipelines import Pipelines

ALL = "all"
"""The target name that stands for every target."""


@dataclass(slots=True)
class Outcome:
    """What became of the rules: each translation with its rule, and everything to be reported.

    ``ruleset`` holds the rules that were loaded, ``planned`` those that are emitted, with their
    plans; ``inputs`` maps every file that was read to its SHA-256.
    """

    results: list[tuple[Planned, Translation]] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    ruleset: Ruleset = field(default_factory=Ruleset)

    @property
    def translations(self) -> list[Translation]:
        """The translations, refused ones included, in the order of rules, targets, profiles."""
        return [translation for _, translation in self.results]

    @property
    def errors(self) -> int:
        """How many findings are errors: in a rule or file, or ours."""
        everything = [*self.diagnostics, *(t.error for t in self.translations if t.error)]
        return sum(diagnostic.severity is Severity.ERROR for diagnostic in everything)

    @property
    def refused(self) -> int:
        """How many translations are refusals."""
        return sum(
            t.error is not None and t.error.severity is Severity.REFUSED for t in self.translations
        )


def convert(
    paths: Iterable[str],
    profiles: Sequence[Profile],
    config: Config,
    filters: Sequence[str] = (),
) -> Outcome:
    """Translate every emitted rule under ``paths`` for each profile.

    Raises:
        TridentError: TRI111 for a filter that no document defines, TRI505 without any rule.
    """
    sources = read_sources(paths, named_filters=bool(filters))
    return _with_translations(plan_rules(sources, config, filters), profiles)


def translate_files(
    sources: Iterable[Source],
    profiles: Sequence[Profile],
    config: Config,
    filters: Sequence[str] = (),
) -> Outcome:
    """Translate every emitted rule of files that were read, for each profile.

    Raises:
        TridentError: TRI111 for a filter that no document defines.
    """
    return _with_translations(plan_files(sources, config, filters), profiles)


def _with_translations(outcome: Outcome, profiles: Sequence[Profile]) -> Outcome:
    for planned in outcome.planned:
        for profile in profiles:
            outcome.results += translated(planned, profile, outcome.diagnostics)
    outcome.diagnostics = list(dict.fromkeys(outcome.diagnostics))
    return outcome


def plan_rules(sources: Iterable[Source], config: Config, filters: Sequence[str] = ()) -> Outcome:
    """As ``plan_files``, of files that make a whole run.

    Raises:
        TridentError: TRI111 for a filter that no document defines, TRI505 without any rule.
    """
    outcome = plan_files(sources, config, filters)
    if not outcome.ruleset.rules and not outcome.diagnostics:
        raise no_rules()
    return outcome


def plan_files(sources: Iterable[Source], config: Config, filters: Sequence[str] = ()) -> Outcome:
    """The rules of files that were read with their plans, and everything found on the way; no
    translation yet.

    Raises:
        TridentError: TRI111 for a filter that no document defines.
    """
    loaded, ruleset = load_rules(sources, config, filters)
    pipelines = user_pipelines(config)
    planned = plan_all(ruleset, pipelines)
    diagnostics = [
        *loaded.diagnostics,
        *ruleset.diagnostics,
        *(pipelines.warnings() if pipelines else ()),
        *(diagnostic for each in planned for diagnostic in each.diagnostics),
    ]
    return Outcome([], planned, diagnostics, loaded.inputs, ruleset)


def read_rules(
    paths: Iterable[str], config: Config, filters: Sequence[str] = ()
) -> tuple[Loaded, Ruleset]:
    """What was read under ``paths``, and its rules with the filters applied; each has its own
    diagnostics.

    Raises:
        TridentError: TRI111 for a filter that no document defines, TRI505 without any rule.
    """
    sources = read_sources(paths, named_filters=bool(filters))
    loaded, ruleset = load_rules(sources, config, filters)
    if not (ruleset.rules or loaded.diagnostics or ruleset.diagnostics):
        raise no_rules()
    return loaded, ruleset


def load_rules(
    sources: Iterable[Source], config: Config, filters: Sequence[str] = ()
) -> tuple[Loaded, Ruleset]:
    """The documents of files that were read, and their rules with the filters applied.

    Raises:
        TridentError: TRI111 for a filter that no document defines.
    """
    loaded = load_sources(sources)
    known = filter_names(loaded.documents)
    for name in filters:
        if reference(name) not in known:
            raise unknown("TRI111", "filter", name, known)
    ruleset = Ruleset.from_documents(
        loaded.documents, filters=filters, placeholders=config.placeholders
    )
    ruleset.broken.update(map(reference, loaded.broken))
    return loaded, ruleset


def user_pipelines(config: Config) -> Pipelines | None:
    """The pipelines that change the rules first; None without any."""
    if not config.pipelines:
        return None
    from trident.rule.pipelines import Pipelines  # here, so that a run without any does without it

    return Pipelines(config.pipelines, config.placeholders)


def no_rules() -> TridentError:
    """TRI505: nothing in the files, neither a rule nor anything wrong."""
    return TridentError("TRI505", "no Sigma rule in the given files")


def internal_error(error: Exception, profile: Profile, span: Span) -> Diagnostic:
    """The finding that stands for a defect of ours."""
    return TridentError(
        "TRI599",
        f"{type(error).__name__} in {profile.target} profile {profile.name}: {error}",
        span=span,
    ).diagnostic


def chosen_targets(names: Iterable[str]) -> tuple[str, ...]:
    """The targets named, ``all`` standing for each of them, every one once.

    Raises:
        TridentError: TRI501 for a name that is none.
    """
    chosen: list[str] = []
    for name in names:
        if name != ALL and name not in registry.names():
            raise unknown("TRI501", "target", name, (*registry.names(), ALL))
        chosen += registry.names() if name == ALL else (name,)
    return tuple(dict.fromkeys(chosen))


def chosen_profiles(
    targets: Iterable[str], names: Sequence[str], config: Config, *, every: bool = False
) -> list[Profile]:
    """The profiles to translate for: those named; a target without a named one gets what
    ``trident.yml`` says, else its default (or with ``every`` all of them).

    Raises:
        TridentError: TRI123 for a pipeline that is not for a chosen target, TRI502 for a name
            that no chosen target has, or where none is left.
    """
    by_target = {target: profile_names(target) for target in targets}
    if pipelines := user_pipelines(config):
        pipelines.check_targets(by_target)
    known = list(dict.fromkeys(name for profiles in by_target.values() for name in profiles))
    for name in names:
        if name not in known:
            raise unknown("TRI502", f"profile for {', '.join(by_target)}:", name, known)
    chosen = []
    for target, profiles in by_target.items():
        fallback = profiles if every else (default_profile(target),)
        wanted = [name for name in names if name in profiles]
        for name in wanted or config.profiles.get(target, fallback):
            chosen.append(config.profile(target, name))
    if by_target and not chosen:
        message = f"trident.yml gives {', '.join(by_target)} no profile; name one with --profile"
        raise TridentError("TRI502", message)
    return chosen


def filter_names(documents: Iterable[Document]) -> list[str]:
    """Every name, id and title of the filters among ``documents``."""
    return [
        reference(str(document.data[key]))
        for document in documents
        if "filter" in document.data
        for key in ("name", "id", "title")
        if document.data.get(key)
    ]


def translated(
    planned: Planned, profile: Profile, diagnostics: list[Diagnostic]
) -> Iterator[tuple[Planned, Translation]]:
    """The rule with its translation for a profile; none for a rule with an error, and what goes
    wrong is added to ``diagnostics``."""
    if planned.plan is None:
        for diagnostic in planned.diagnostics:
            if diagnostic.severity is Severity.REFUSED:
                yield planned, refused(planned.identity, profile, diagnostic)
        return
    try:
        yield planned, translate(planned.plan, profile)
    except TridentError as error:
        diagnostics.append(error.at(planned.identity.span).diagnostic)
    except Exception as error:  # a defect of ours must not cost the user the other rules
        diagnostics.append(internal_error(error, profile, planned.identity.span))
