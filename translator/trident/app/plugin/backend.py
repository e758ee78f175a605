"""Trident behind pySigma's ``Backend`` interface, so that sigma-cli and pySigma can call it.

A rule is planned and translated as everywhere else; pySigma's templates take no part. A
pipeline names a profile in the processing state and changes nothing in the rule: fields are
looked up when they are emitted. A user's own pipelines are applied to the rules first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from sigma.conversion.base import TextQueryBackend
from sigma.conversion.state import ConversionState
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError, SigmaFeatureNotSupportedByBackendError
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import SetStateTransformation
from sigma.rule import SigmaRule

from trident.base.diagnostics import Refusal, Span, TridentError
from trident.mapping.profiles import default_profile, load_profiles
from trident.rule.planner import Planner
from trident.rule.rules import Document, Rule, Ruleset, identity
from trident.translate.translate import translate

PROFILE = "trident_profile"
"""The key of the processing state that names the profile."""

AnyRule = SigmaRule | SigmaCorrelationRule
Callback = Callable[[Any, str | None, int, Any, Any], Any]


def profile_pipeline(profile: str, *targets: str) -> ProcessingPipeline:
    """The pipeline with which sigma-cli chooses a profile that each of ``targets`` has."""
    return ProcessingPipeline(
        name=load_profiles(targets[0])[profile].title,
        allowed_backends=frozenset(f"trident_{target}" for target in targets),
        items=[
            ProcessingItem(
                identifier=f"trident_{profile}",
                transformation=SetStateTransformation(PROFILE, profile),
            )
        ],
    )


class PlanBackend(TextQueryBackend):
    """A pySigma backend that plans and translates; a subclass names its ``target``."""

    target: ClassVar[str]
    formats: ClassVar[dict[str, str]] = {"default": "One query per rule"}
    correlation_methods: ClassVar[dict[str, str] | None] = {
        "default": "As docs/semantics.md defines it; what a target cannot say is refused"
    }

    def init_processing_pipeline(self, output_format: str | None = None) -> None:
        super().init_processing_pipeline(output_format)
        self._processed: dict[int, AnyRule] = {}

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

    def _convert(
        self, rule: AnyRule, output_format: str | None, callback: Callback | None
    ) -> list[Any]:
        try:
            if not hasattr(self, "_processed"):
                self.init_processing_pipeline(output_format)
            for each in (*_below(rule), rule):
                self._process(each)
            if not rule._output:  # part of a correlation only
                return []
            queries = self._queries(rule, output_format or self.default_format, callback)
            rule.set_conversion_result(queries)
            return queries
        except TridentError as error:
            converted = _as_sigma_error(error, rule)
            if not self.collect_errors:
                raise converted from error
            self.errors.append((rule, converted))  # type: ignore[arg-type]
            return []

    def _process(self, rule: AnyRule) -> None:
        """Apply the user's pipelines to a rule once: they change it in place."""
        if id(rule) not in self._processed:
            self._processed[id(rule)] = rule
            self.last_processing_pipeline.apply(rule)
            state = dict(self.last_processing_pipeline.state)
            rule.set_conversion_states([ConversionState(processing_state=state)])

    def _queries(self, rule: AnyRule, output_format: str, callback: Callback | None) -> list[Any]:
        state = rule.get_conversion_states()[0]
        name = state.processing_state.get(PROFILE, default_profile(self.target))
        profiles = load_profiles(self.target)
        if name not in profiles:
            raise TridentError("TRI502", f"{self.target} has no profile {name!r}")
        translation = translate(_plan(rule), profiles[name])
        if translation.query is None:
            assert translation.error is not None
            raise Refusal(
                translation.error.code, translation.error.message, hint=translation.error.hint
            )
        found = []
        for index, text in enumerate(translation.query.texts):
            result = callback(rule, output_format, index, None, text) if callback else text
            if result is not None:
                found.append(self.finalize_query(rule, result, index, state, output_format))
        return found


def _plan(rule: AnyRule) -> Any:
    ruleset = Ruleset()
    for each in (*_below(rule), rule):
        ruleset.add(_loaded(each))
    return Planner(ruleset).plan(ruleset.rules[-1])


def _below(rule: AnyRule) -> Iterator[AnyRule]:
    """Every rule that a correlation refers to, at any depth, each once, inner ones first."""
    found: dict[int, AnyRule] = {}
    if isinstance(rule, SigmaCorrelationRule):
        for reference in rule.referenced_rules:
            for each in (*_below(reference.rule), reference.rule):
                found.setdefault(id(each), each)
    yield from found.values()


def _loaded(rule: AnyRule) -> Rule:
    if isinstance(rule, SigmaCorrelationRule):
        data = rule.to_dict()
    else:
        data = {
            "title": rule.title,
            "name": rule.name,
            "id": rule.id,
            "logsource": {},  # and the detection are pySigma's, which a pipeline may have changed
            "detection": {"condition": list(rule.detection.condition)},
            "fields": list(rule.fields or ()),
        }
    span = Span(str(rule.source.path)) if rule.source else Span()
    document = Document(data, span)
    return Rule(rule, document, identity(document))


def _as_sigma_error(error: TridentError, rule: AnyRule) -> SigmaError:
    found = error.diagnostic
    kind = SigmaFeatureNotSupportedByBackendError if isinstance(error, Refusal) else SigmaError
    message = f"{found.code}: {found.message}"
    return kind(f"{message} ({found.hint})" if found.hint else message, source=rule.source)
