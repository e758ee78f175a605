"""The user's own pySigma pipelines, applied to the rules before a profile's mapping.

A pipeline changes pySigma's rule objects in place: field names, values, log sources, conditions.
Each detection rule goes through all pipelines once, in the order of their priority, before it is
planned; every target sees the same changed rule. A correlation keeps the field names that it is
written with, and each of its branches reads them as the pipelines name them on that branch's rule:
pySigma would map them all as the first of several log sources has it (facts about pySigma 1.5.1 and
2.0.1: ``FieldMappingTransformationBase.apply``, ``LogsourceCondition.match``).

What could read files, contact a network or run something is refused, whatever pySigma's policy or
its environment variables allow; on pySigma 2 the items are made under ``SafePolicy`` besides
(``sigma.policy.profiles``).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sigma.correlations import SigmaCorrelationRule, SigmaRuleReference
from sigma.exceptions import SigmaError, SigmaTransformationError
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import (
    NestedProcessingTransformation,
    SetFieldTransformation,
    ValueListPlaceholderTransformation,
)
from sigma.rule import SigmaRule

from trident.base.diagnostics import Diagnostic, Refusal, Severity, Span, TridentError
from trident.rule.policy import POLICY
from trident.rule.raw import check_keys
from trident.rule.rules import Document, Rule

_KEYS = (
    *("name", "priority", "allowed_backends", "vars", "transformations"),
    *("postprocessing", "finalizers"),
)

_REFUSED: Mapping[str, tuple[str, str]] = {
    "file_placeholders": ("TRI121", "reads files"),
    "http_placeholders": ("TRI121", "contacts a network"),
    "command_placeholders": ("TRI121", "runs commands"),
    "query_expression_placeholders": ("TRI122", "writes one query language into the rule"),
    "field_name_transform": ("TRI122", "needs a Python function"),
}
"""Transformations that no rule can go through here: type -> code, what it does."""

_ON_QUERIES = ("postprocessing", "finalizers")
"""Sections that rewrite a finished query; nobody could say what such a query means."""

_RENAMING = frozenset(
    {"field_name_mapping", "field_name_prefix_mapping", "field_name_prefix", "field_name_suffix"}
)
_LISTING = frozenset({"add_field", "remove_field", "set_field"})
_NAMES = ("type", "id", "key", "attribute")
_CONDITIONS = ("rule_conditions", "detection_item_conditions", "field_name_conditions")

# What pySigma raises besides its own errors when a step's parameters are of the wrong kind.
_MISTAKES = (AttributeError, KeyError, IndexError, TypeError, ValueError, re.error)


@dataclass(frozen=True, slots=True)
class PipelineFile:
    """One checked pipeline file; ``digest`` is its SHA-256."""

    name: str
    document: Document = field(compare=False, repr=False)
    digest: str
    priority: int = 0
    allowed: frozenset[str] = frozenset()

    @property
    def file(self) -> str:
        """The path that it was read from."""
        return self.document.span.path


def check_pipeline(document: Document, digest: str) -> PipelineFile:
    """The pipeline of a document.

    Raises:
        TridentError: TRI104 for an unknown key, TRI120 for a step that is none, TRI121 for one
            that reaches outside the rule, TRI122 for one that cannot apply here; each at its
            place.
    """
    data = document.data
    check_keys(document, (), data, _KEYS)
    for key in _ON_QUERIES:
        if data.get(key):
            raise TridentError("TRI122", f"{key} changes finished queries", span=document.at(key))
    kinds: tuple[tuple[str, type, str], ...] = (
        *(("name", str, "a text"), ("priority", int, "a number"), ("vars", dict, "a mapping")),
        *(("allowed_backends", list, "a list"), ("transformations", list, "a list")),
    )
    for key, kind, what in kinds:
        if data.get(key) is not None and not isinstance(data[key], kind):
            raise TridentError("TRI120", f"{key} must be {what}", span=document.at(key))
    for path, step in _steps(data.get("transformations") or [], ("transformations",)):
        if not isinstance(step, Mapping):
            raise TridentError("TRI120", "a step must be a mapping", span=document.at(*path))
        _check_names(document, path, step)
        kind_of_step = step.get("type")
        if isinstance(kind_of_step, str) and kind_of_step in _REFUSED:
            code, what = _REFUSED[kind_of_step]
            raise TridentError(code, f"{kind_of_step} {what}", span=document.at(*path, "type"))
    for index, step in enumerate(data.get("transformations") or []):
        try:
            _item(step)
        except (SigmaError, *_MISTAKES) as error:
            place = document.at("transformations", index)
            raise TridentError("TRI120", _said(error), span=place) from error
    return PipelineFile(
        data.get("name") or document.span.file,
        document,
        digest,
        data.get("priority") or 0,
        frozenset(map(str, data.get("allowed_backends") or ())),
    )


def _check_names(document: Document, path: tuple[str | int, ...], step: Mapping[Any, Any]) -> None:
    """Names by which steps and their conditions know each other are texts or numbers.

    Raises:
        TridentError: TRI120 at another value, and at a condition that is no mapping.
    """
    named: list[tuple[tuple[str | int, ...], Any]] = [(path, step), *_conditions(step, path)]
    for place, part in named:
        if not isinstance(part, Mapping):
            message = f"{place[-1] if isinstance(place[-1], str) else place[-2]} holds no mapping"
            raise TridentError("TRI120", message, span=document.at(*place))
        for key in _NAMES:
            if not isinstance(part.get(key), str | int | float | None):
                raise TridentError("TRI120", f"{key} must be a name", span=document.at(*place, key))


class Pipelines:
    """All pipelines of a run as one, in the order of their priority, then as given.

    ``placeholders`` of the configuration have values in the pipelines, too.
    """

    def __init__(
        self,
        files: Sequence[PipelineFile],
        placeholders: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.files = sorted(files, key=lambda each: each.priority)
        self._placeholders = placeholders or {}
        self._before: dict[int, SigmaRule] = {}

    def warnings(self) -> Iterator[Diagnostic]:
        """The steps that set something which nothing reads: no target of ours does."""
        steps = [
            (file, path, step)
            for file in self.files
            for path, step in _steps(
                file.document.data.get("transformations") or [], ("transformations",)
            )
        ]
        read = {named for _, _, step in steps for named in _read_by(step)}
        for file, path, step in steps:
            key = {"set_state": "key", "set_custom_attribute": "attribute"}.get(step["type"])
            if key and (step["type"], step.get(key)) not in read:
                yield TridentError(
                    "TRI126",
                    f"nothing reads {step.get(key)!r}, which the pipeline {file.name} sets",
                    span=file.document.at(*path),
                    severity=Severity.WARNING,
                ).diagnostic

    def check_targets(self, targets: Iterable[str]) -> None:
        """Raises TRI123 for a pipeline that is not meant for one of ``targets``."""
        for file in self.files:
            for target in targets:
                if file.allowed and f"trident_{target}" not in file.allowed:
                    raise TridentError(
                        "TRI123",
                        f"the pipeline {file.name} is for {', '.join(sorted(file.allowed))}, "
                        f"not for trident_{target}",
                        span=file.document.at("allowed_backends"),
                    )

    def apply(self, rule: Rule, sigma: SigmaRule, *, referred: bool) -> tuple[str, ...]:
        """Change a detection rule in place, once; the names of the pipelines that did.

        ``referred``: a correlation will ask ``field`` about it.

        Raises:
            Refusal: TRI124 when a step refuses the rule.
            TridentError: TRI125 when a step fails on it.
        """
        if referred:
            self._before[id(sigma)] = copy.deepcopy(sigma)
        return self._run(self._whole, sigma, rule.document.span)

    def apply_to_correlation(
        self, rule: Rule, sigma: SigmaCorrelationRule, below: Sequence[Rule]
    ) -> tuple[str, ...]:
        """The same for a correlation over the rules ``below``, but for its field names."""
        sigma.referenced_rules = [_reference(each) for each in below]
        return self._run(self._without_names, sigma, rule.document.span)

    def field(self, name: str, rule: Rule, span: Span) -> str:
        """What a correlation's field ``name`` is called on a detection rule.

        Raises:
            TridentError: TRI125 at ``span`` when it becomes several fields, or none.
        """
        sigma = copy.deepcopy(self._before[id(rule.sigma)])
        sigma.fields = [name]
        self._run(self._only_names, sigma, rule.document.span)
        if len(sigma.fields) != 1:
            raise TridentError(
                "TRI125",
                f"{self._named} makes {', '.join(sigma.fields) or 'nothing'} of the field {name} "
                f"of {rule.identity.slug}; a correlation needs one field",
                span=span,
            )
        return str(sigma.fields[0])

    @cached_property
    def _whole(self) -> ProcessingPipeline:
        return self._pipeline(frozenset())

    @cached_property
    def _without_names(self) -> ProcessingPipeline:
        return self._pipeline(_RENAMING)

    @cached_property
    def _only_names(self) -> ProcessingPipeline:
        return self._pipeline(_LISTING)

    def _pipeline(self, idle: frozenset[str]) -> ProcessingPipeline:
        """The pipelines as one, the transformations ``idle`` doing nothing but being applied."""
        items = [
            _item(_idle(step, idle), f"{number}.{index}")
            for number, file in enumerate(self.files)
            for index, step in enumerate(file.document.data.get("transformations") or [])
        ]
        listed = {
            name: value
            for file in self.files
            for name, value in (file.document.data.get("vars") or {}).items()
        }
        if self._placeholders:
            expand = ValueListPlaceholderTransformation(include=list(self._placeholders))
            items.append(ProcessingItem(expand, identifier="placeholders"))
        values = {name: list(values) for name, values in self._placeholders.items()}
        return ProcessingPipeline(items=items, vars={**values, **listed})

    @property
    def _named(self) -> str:
        names = [file.name for file in self.files]
        return f"the pipeline {names[0]}" if len(names) == 1 else f"one of {', '.join(names)}"

    def _run(
        self, pipeline: ProcessingPipeline, sigma: SigmaRule | SigmaCorrelationRule, span: Span
    ) -> tuple[str, ...]:
        listed = [(each, list(each.fields)) for each in _set_fields(pipeline)]
        try:
            pipeline.apply(sigma)
        except SigmaTransformationError as error:
            message = f"{self._named} refuses the rule: {_said(error)}"
            raise Refusal("TRI124", message, span=span) from error
        except (SigmaError, *_MISTAKES) as error:
            message = f"{self._named} fails on the rule: {_said(error)}"
            raise TridentError("TRI125", message, span=span) from error
        finally:
            for transformation, fields in listed:  # else the next rule gets this one's additions
                transformation.fields = fields
        return tuple(
            file.name
            for number, file in enumerate(self.files)
            if any(
                (step.get("id") or f"{number}.{index}") in pipeline.applied_ids
                for index, step in enumerate(file.document.data.get("transformations") or [])
            )
        )


def _steps(
    steps: Sequence[Any], path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every step with its place, those below ``nest`` too."""
    for index, step in enumerate(steps):
        yield (*path, index), step
        if isinstance(step, Mapping) and isinstance(step.get("items"), list):
            yield from _steps(step["items"], (*path, index, "items"))


def _item(step: Mapping[str, Any], identifier: str = "") -> ProcessingItem:
    """A step as pySigma's object; an added condition gets a name that is the same in each run."""
    step_data = copy.deepcopy(dict(step))  # pySigma takes keys out of what it reads
    step_data.setdefault("id", identifier or None)
    if step_data.get("type") == "add_condition":
        step_data.setdefault("name", f"_trident_{identifier.replace('.', '_')}")
    return ProcessingItem.from_dict(step_data, **POLICY)


def _idle(step: Mapping[str, Any], kinds: frozenset[str]) -> dict[str, Any]:
    """The step, or in place of one of ``kinds`` a step under the same conditions that does
    nothing, so that other steps' conditions on it still hold."""
    if step.get("type") in kinds:
        kept = {key: value for key, value in step.items() if key == "id" or key[:9] == "rule_cond"}
        return {**kept, "type": "set_state", "key": "trident_idle", "val": True}
    if isinstance(step.get("items"), list):
        return {**step, "items": [_idle(each, kinds) for each in step["items"]]}
    return dict(step)


def _set_fields(pipeline: ProcessingPipeline) -> Iterator[SetFieldTransformation]:
    """The transformations whose own list becomes a rule's, where later steps change it."""
    for item in pipeline.items:
        transformation = item.transformation
        if isinstance(transformation, SetFieldTransformation):
            yield transformation
        elif isinstance(transformation, NestedProcessingTransformation):
            yield from _set_fields(transformation._nested_pipeline)


def _read_by(step: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the conditions of a step read: the type of the step that sets it, and its name."""
    for _, condition in _conditions(step):
        match condition.get("type"):
            case "processing_state":
                yield "set_state", condition.get("key")
            case "rule_attribute":
                yield "set_custom_attribute", condition.get("attribute")


def _conditions(
    step: Mapping[Any, Any], path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The conditions of a step with their places: a list of them, or a mapping by their names."""
    for key in _CONDITIONS:
        conditions = step.get(key) or []
        if isinstance(conditions, Mapping):
            listed: Iterable[tuple[Any, Any]] = conditions.items()
        else:
            listed = enumerate(conditions if isinstance(conditions, list) else [conditions])
        for name, condition in listed:
            yield (*path, key, name), condition


def _reference(rule: Rule) -> SigmaRuleReference:
    reference = SigmaRuleReference(rule.identity.slug)
    reference.rule = rule.sigma
    return reference


def _said(error: Exception) -> str:
    """An exception's own words; its kind where it is Python's."""
    return str(error) if isinstance(error, SigmaError) else f"{type(error).__name__}: {error}"
