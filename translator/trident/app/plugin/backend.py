"""Trident behind pySigma's ``Backend`` interface, so that sigma-cli and pySigma can call it.

A rule is planned and translated as everywhere else; pySigma's templates take no part
(docs/sigma-cli.md). A pipeline names a profile in the processing state and changes nothing in the
rule: fields are looked up when they are emitted. A user's own pipelines are applied to the rules
first.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from sigma.conversion.base import TextQueryBackend
from sigma.conversion.state import ConversionState
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError, SigmaFeatureNotSupportedByBackendError
from sigma.rule import SigmaRule
from sigma.rule.base import SigmaRuleBase

from trident.app.artifacts.deployment import Deployment, deploy
from trident.app.artifacts.formats import FORMATS, Format
from trident.app.artifacts.part import read_said
from trident.app.artifacts.unique import clashes
from trident.app.artifacts.writers import kind_of
from trident.app.input.config import Config
from trident.app.run.naming import safe_name
from trident.app.run.output import blocks, joined, query_texts
from trident.base.diagnostics import Diagnostic, Refusal, Severity, Span, TridentError
from trident.mapping.profiles import Profile, default_profile, load_profiles
from trident.result.translation import Translation
from trident.rule.planner import Planned, Planner
from trident.rule.rules import Document, Rule, Ruleset, identity
from trident.translate.translate import translate

PROFILE = "trident_profile"
"""The key of the processing state that names the profile."""

DEFAULT, JSON = "default", "json"

AnyRule = SigmaRule | SigmaCorrelationRule
Callback = Callable[[Any, str | None, int, Any, Any], Any]


class PlanBackend(TextQueryBackend):
    """A pySigma backend that plans and translates; one subclass a target is made from the
    targets' records (``trident.app.plugin.targets``)."""

    target: ClassVar[str]
    formats: ClassVar[dict[str, str]] = {
        DEFAULT: "Queries below the comment that trident convert writes",
        JSON: "What trident convert --format json writes: level, notes, parameters, companions",
    }
    correlation_methods: ClassVar[dict[str, str] | None] = {
        "default": "As docs/semantics.md defines it; what a target cannot say is refused"
    }

    def init_processing_pipeline(self, output_format: str | None = None) -> None:
        super().init_processing_pipeline(output_format)
        self._processed: dict[int, AnyRule] = {}
        self._deployed: dict[int, AnyRule] = {}

    def convert_rule(
        self,
        rule: SigmaRule,
        output_format: str | None = None,
        callback: Callback | None = None,
    ) -> list[Any]:
        return self._convert(rule, output_format, callback)

    def convert_correlation_rule(
        self,
        rule: SigmaCorrelationRule,
        output_format: str | None = None,
        method: str | None = None,
        callback: Callback | None = None,
    ) -> list[Any]:
        return self._convert(rule, output_format, callback)

    def finalize_output_json(self, queries: list[Any]) -> str:
        """The product of ``trident convert --format json``."""
        return joined((query.encode() for query in queries), JSON).decode()

    def _convert(
        self, rule: AnyRule, output_format: str | None, callback: Callback | None
    ) -> list[Any]:
        try:
            if not hasattr(self, "_processed"):
                self.init_processing_pipeline(output_format)
            self._check_pipeline()
            for each in (*_below(rule), rule):
                self._process(each)
            if not rule._output:  # part of a correlation only
                return []
            results = self._results(rule, output_format or self.default_format)
            if callback:
                seen = (
                    callback(rule, output_format or self.default_format, index, None, result)
                    for index, result in enumerate(results)
                )
                results = [result for result in seen if result is not None]
            rule.set_conversion_result(results)
            return results
        except TridentError as error:
            self._fail(error.diagnostic, isinstance(error, Refusal), rule)
            return []

    def _check_pipeline(self) -> None:
        """As ``trident convert -p``: a query that is rewritten afterwards is no longer the one
        whose level was stated."""
        pipeline = self.last_processing_pipeline
        sections = {
            "postprocessing": pipeline.postprocessing_items,
            "finalizers": pipeline.finalizers,
        }
        for name, items in sections.items():
            if items:
                raise TridentError("TRI122", f"{name} changes finished queries")

    def _process(self, rule: AnyRule) -> None:
        """Apply the user's pipelines to a rule once: they change it in place."""
        if id(rule) not in self._processed:
            self._processed[id(rule)] = rule
            self.last_processing_pipeline.apply(rule)
            state = dict(self.last_processing_pipeline.state)
            rule.set_conversion_states([ConversionState(processing_state=state)])

    def _results(self, rule: AnyRule, output_format: str) -> list[Any]:
        state = rule.get_conversion_states()[0]
        name = state.processing_state.get(PROFILE, default_profile(self.target))
        profiles = load_profiles(self.target)
        if name not in profiles:
            raise TridentError("TRI502", f"{self.target} has no profile {name!r}")
        profile = profiles[name]
        planned = _planned(rule)
        assert planned.plan is not None
        translation = translate(planned.plan, profile)
        if translation.query is None:
            assert translation.error is not None
            raise Refusal(
                translation.error.code, translation.error.message, hint=translation.error.hint
            )
        if output_format == DEFAULT:
            if translation.query.parameters:
                names = ", ".join(translation.query.parameters)
                raise Refusal(
                    "TRI533", f"the query's parameters ({names}) have no place in this format"
                )
            return list(query_texts(translation))
        if output_format == JSON:
            return list(blocks(translation, JSON))
        self._format(output_format, profile)
        deployment = _deployment(planned, translation, profile)
        self._deployed[id(deployment)] = rule
        return [deployment]

    def _format(self, name: str, profile: Profile) -> Format:
        format_ = FORMATS.get(profile.artifacts, {}).get(name)
        if format_ is None:
            raise Refusal("TRI534", f"{self.target} profile {profile.name} has no format {name}")
        return format_

    def finalize_artifacts(self, name: str, deployments: Sequence[Deployment]) -> str:
        """The artifacts of one format, made of all rules; what is found about them is an error
        of its rule, or a warning."""
        if not deployments:
            return ""
        text, made = self._format(name, deployments[0].profile).text(deployments)
        rules = {each.planned.identity: self._deployed[id(each)] for each in deployments}
        for identity_, diagnostics in made.about.items():
            for diagnostic in diagnostics:
                if diagnostic.severity is Severity.WARNING:
                    warnings.warn(_message(diagnostic), stacklevel=2)
                else:
                    self._fail(diagnostic, True, rules[identity_])
        for claim, error in clashes(made.claims):
            self._fail(error, False, rules[claim.rule])
        return text

    def _fail(self, diagnostic: Diagnostic, unsupported: bool, rule: AnyRule) -> None:
        kind = SigmaFeatureNotSupportedByBackendError if unsupported else SigmaError
        error = kind(_message(diagnostic), source=rule.source)
        if not self.collect_errors:
            raise error
        self.errors.append((rule, error))  # type: ignore[arg-type]


def _deployment(planned: Planned, translation: Translation, profile: Profile) -> Deployment:
    said = read_said(planned, Config())
    if isinstance(said, TridentError):
        raise said
    stem = safe_name(planned.identity.slug)
    terms = kind_of(profile).terms
    deployment = deploy(planned, translation, profile, *said, stem, terms)
    if deployment is None:
        raise Refusal("TRI533", "the query's parameters have no place in this format")
    return deployment


def _planned(rule: AnyRule) -> Planned:
    ruleset = Ruleset()
    for each in (*_below(rule), rule):
        ruleset.add(_loaded(each))
    last = ruleset.rules[-1]
    return Planned(last.identity, Planner(ruleset).plan(last), last.document)


def _below(rule: AnyRule) -> Iterator[AnyRule]:
    """Every rule that a correlation refers to, at any depth, each once, inner ones first."""
    rules_by_id: dict[int, AnyRule] = {}
    if isinstance(rule, SigmaCorrelationRule):
        for reference in rule.referenced_rules:
            for each in (*_below(reference.rule), reference.rule):
                rules_by_id.setdefault(id(each), each)
    yield from rules_by_id.values()


def _loaded(rule: AnyRule) -> Rule:
    if isinstance(rule, SigmaCorrelationRule):
        data = rule.to_dict()
    else:
        data = {
            **SigmaRuleBase.to_dict(rule),
            "logsource": {},  # and the detection are pySigma's, which a pipeline may have changed
            "detection": {"condition": list(rule.detection.condition)},
            "fields": list(rule.fields or ()),
        }
    span = Span(str(rule.source.path)) if rule.source else Span()
    document = Document(data, span)
    return Rule(rule, document, identity(document))


def _message(diagnostic: Diagnostic) -> str:
    message = f"{diagnostic.code}: {diagnostic.message}"
    return f"{message} ({diagnostic.hint})" if diagnostic.hint else message
