"""Sigma documents as pySigma objects, one by one: a broken document never stops the others.

References between rules are resolved here by name or id, so that a missing one is a finding at
its place and not an exception about the whole collection.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sigma.correlations import (
    CorrelationConditionItem,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
)
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import ValueListPlaceholderTransformation
from sigma.rule import SigmaRule

from sigma import exceptions
from trident.base.diagnostics import Diagnostic, Severity, Span, TridentError
from trident.rule.bounds import check_tests
from trident.rule.depth import check_depth, too_deep
from trident.rule.identifier import read_id, reference
from trident.rule.legacy import check_syntax
from trident.rule.misread import Misread, check_reading
from trident.rule.percent import shown
from trident.rule.plan import Identity
from trident.rule.readable import readable

_KINDS: Mapping[str, type[SigmaRule | SigmaCorrelationRule | SigmaFilter]] = {
    "detection": SigmaRule,
    "correlation": SigmaCorrelationRule,
    "filter": SigmaFilter,
}

_PLACES: tuple[tuple[type[SigmaError], tuple[str, ...]], ...] = (
    (exceptions.SigmaTimespanError, ("correlation", "timespan")),
    (exceptions.SigmaCorrelationTypeError, ("correlation", "type")),
    (exceptions.SigmaCorrelationConditionError, ("correlation", "condition")),
    (exceptions.SigmaCorrelationRuleError, ("correlation",)),
    (exceptions.SigmaFilterError, ("filter",)),
    (exceptions.SigmaLogsourceError, ("logsource",)),
    (exceptions.SigmaIdentifierError, ("id",)),
    (exceptions.SigmaNameError, ("name",)),
    (exceptions.SigmaTaxonomyError, ("taxonomy",)),
    (exceptions.SigmaRelatedError, ("related",)),
    (exceptions.SigmaLevelError, ("level",)),
    (exceptions.SigmaStatusError, ("status",)),
    (exceptions.SigmaTagError, ("tags",)),
    (exceptions.SigmaDateError, ("date",)),
    (exceptions.SigmaModifiedError, ("modified",)),
    (exceptions.SigmaFieldsError, ("fields",)),
    (exceptions.SigmaFalsePositivesError, ("falsepositives",)),
    (exceptions.SigmaAuthorError, ("author",)),
    (exceptions.SigmaDescriptionError, ("description",)),
    (exceptions.SigmaReferencesError, ("references",)),
    (exceptions.SigmaTitleError, ("title",)),
    (exceptions.SigmaScopeError, ("scope",)),
    (exceptions.SigmaLicenseError, ("license",)),
    (exceptions.SigmaDetectionError, ("detection",)),
    (exceptions.SigmaModifierError, ("detection",)),
    (exceptions.SigmaValueError, ("detection",)),
)
"""Where the key is that pySigma's exception is about, subclasses first; it names no place."""

Locate = Callable[[Sequence[str | int]], Span]
"""The place of a key or item in a document, by its path: ("correlation", "group-by")."""


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed YAML document, where it stands, and what YAML reads otherwise than it is written
    in its detection."""

    data: Mapping[str, Any]
    span: Span = field(default_factory=Span)
    locate: Locate | None = None
    misread: tuple[Misread, ...] = ()

    def at(self, *path: str | int) -> Span:
        """The place of ``path``, or the document's own where it is not known."""
        return self.locate(path) if self.locate else self.span


@dataclass(frozen=True, slots=True)
class Rule:
    """A loaded rule: pySigma's object, its document, and what it is called."""

    sigma: SigmaRule | SigmaCorrelationRule
    document: Document
    identity: Identity


@dataclass(slots=True)
class Ruleset:
    """All rules that were loaded, by name and id, and what was wrong with the others.

    ``off`` holds the filters that were not applied, each as a rule that matches what it keeps.
    """

    rules: list[Rule] = field(default_factory=list)
    filters: list[tuple[SigmaFilter, Document]] = field(default_factory=list)
    off: list[Rule] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    narrowed_by: dict[str, Document] = field(default_factory=dict)
    """The detections that filters brought into rules, by their names there, with the filter."""
    _by_reference: dict[str, Rule] = field(default_factory=dict)
    _ids: dict[str, Document] = field(default_factory=dict)
    """The documents by their ids, those of filters included."""
    _unfiltered: list[Document] = field(default_factory=list)

    @classmethod
    def from_documents(
        cls,
        documents: Iterable[Document],
        *,
        filters: Collection[str] = (),
        placeholders: Mapping[str, Sequence[str]] | None = None,
    ) -> Ruleset:
        """Parse every document; apply filters of the same file and those named in ``filters``.

        ``placeholders`` gives the values of ``|expand`` placeholders by name.
        """
        ruleset = cls()
        for document in documents:
            try:
                ruleset._add(document)
            except TridentError as error:
                ruleset._fail(document, error.at(document.span).diagnostic)
        ruleset._drop_unfiltered()
        ruleset._filter(filters)
        ruleset._expand(placeholders or {})
        return ruleset

    @property
    def names(self) -> frozenset[str]:
        """Every name and id that was given to a rule, those of broken ones included, and every
        filter's id."""
        return frozenset((*self._by_reference, *self._ids, *self.broken))

    def find(self, name: str) -> Rule | None:
        """The rule of that name or id; None for one that is broken or not there."""
        return None if self.is_broken(name) else self._by_reference.get(reference(name))

    def is_broken(self, name: str) -> bool:
        """Whether a rule of that name or id could not be loaded."""
        return reference(name) in self.broken

    def add(self, rule: Rule) -> None:
        """Take a rule in.

        Raises:
            TridentError: TRI103 when another rule has its name, or another document its id.
        """
        names = [reference(name) for name in (rule.identity.name, rule.identity.id) if name]
        for name in names:
            if name in self._by_reference:
                raise _taken(name, self._by_reference[name].document)
        self._take_id(rule.document)
        self.rules.append(rule)
        self._by_reference.update(dict.fromkeys(names, rule))

    def _take_id(self, document: Document) -> None:
        if id_ := document.data.get("id"):
            if id_ in self._ids:
                raise _taken(id_, self._ids[id_])
            self._ids[id_] = document

    def _add(self, document: Document) -> None:
        data = document.data
        kinds = [kind for kind in _KINDS if kind in data]
        if len(kinds) != 1:
            raise TridentError(
                "TRI004", f"a document has one of {', '.join(_KINDS)}, this one {len(kinds)}"
            )
        if not isinstance(data[kinds[0]], Mapping):
            raise TridentError(
                "TRI101", f"{kinds[0]} must be a mapping", span=document.at(kinds[0])
            )
        if data.get("id") is not None:
            known, otherwise = read_id(data["id"], document.at("id"))
            data = {**data, "id": known}
            document = replace(document, data=data)
            self.diagnostics += [otherwise] if otherwise else []
        check_syntax(data, document.at)
        self.diagnostics += [error.diagnostic for error in check_reading(document.misread)]
        check_tests(data[kinds[0]], lambda: document.at(kinds[0], "condition"))
        parsed = _parse(_KINDS[kinds[0]], document)
        if isinstance(parsed, SigmaFilter):
            _check_filter(parsed, document)
            self._take_id(document)
            self.filters.append((parsed, document))
            return
        self.add(Rule(parsed, document, identity(document)))

    def _fail(self, document: Document, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)
        for key in ("name", "id"):
            if document.data.get(key):
                self.broken.add(reference(str(document.data[key])))
        if "filter" in document.data:
            self._unfiltered.append(document)

    def _drop_unfiltered(self) -> None:
        """A rule without the filter of its file would mean something else: it is broken, too."""
        for document in self._unfiltered:
            for rule in [r for r in self.rules if isinstance(r.sigma, SigmaRule)]:
                if document.span.path and rule.document.span.path == document.span.path:
                    self.rules.remove(rule)
                    message = f"a filter of the same file is broken ({document.span})"
                    error = TridentError("TRI108", message, span=rule.document.span)
                    self._fail(rule.document, error.diagnostic)

    def _filter(self, wanted: Collection[str]) -> None:
        known = {name for sigma, _ in self.filters for name in filter_names(sigma)}
        wanted = set(map(reference, wanted))
        for name in sorted(wanted - known):
            self.diagnostics.append(
                TridentError("TRI111", f"no filter is called {name!r}").diagnostic
            )
        for sigma, document in self.filters:
            named = not wanted.isdisjoint(filter_names(sigma))
            chosen = [
                rule.sigma
                for rule in self.rules
                if isinstance(rule.sigma, SigmaRule)
                and (named or rule.document.span.path == document.span.path)
            ]
            if not (named or chosen):
                self.off.append(_kept_by(document))
            brought = [name for rule in chosen for name in _narrow(rule, sigma)]
            self.narrowed_by.update(dict.fromkeys(brought, document))
            if (named or chosen) and not brought:
                error = TridentError(
                    "TRI114",
                    f"the filter {filter_names(sigma)[0]!r} fits none of the loaded rules",
                    span=document.at("filter", "rules"),
                    severity=Severity.WARNING,
                )
                self.diagnostics.append(error.diagnostic)

    def _expand(self, placeholders: Mapping[str, Sequence[str]]) -> None:
        if not placeholders:
            return
        pipeline = ProcessingPipeline(
            items=[ProcessingItem(ValueListPlaceholderTransformation(include=list(placeholders)))],
            vars={name: list(values) for name, values in placeholders.items()},
        )
        for rule in (*self.rules, *self.off):
            if isinstance(rule.sigma, SigmaRule):
                pipeline.apply(rule.sigma)


def identity(document: Document) -> Identity:
    """A rule's names and place, from its document."""
    data = document.data
    return Identity(
        name=str(data.get("name") or ""),
        title=str(data.get("title") or ""),
        id=str(data["id"]) if data.get("id") else None,
        span=document.span,
    )


def _taken(name: str, first: Document) -> TridentError:
    kind = "filter" if "filter" in first.data else "rule"
    return TridentError("TRI103", f"{name!r} names a {kind} already, at {first.span}")


def filter_names(sigma: SigmaFilter) -> tuple[str, ...]:
    """What a filter can be switched on by: its name, its id, its title."""
    return tuple(reference(str(name)) for name in (sigma.name, sigma.id, sigma.title) if name)


def _parse(kind: Any, document: Document) -> Any:
    """pySigma's object for a document; its many exception types become one."""
    try:
        parsed = _read(kind, document.data)
        if isinstance(getattr(parsed, "condition", None), SigmaExtendedCorrelationCondition):
            check_depth(
                parsed.condition.parsed,
                CorrelationConditionItem,
                lambda: document.at("correlation", "condition"),
            )
        return parsed
    except SigmaError as error:
        path = next((path for kind, path in _PLACES if isinstance(error, kind)), None)
        span = document.at(*path) if path else None
        raise TridentError("TRI101", str(error), span=span) from error
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        UnboundLocalError,
    ) as error:
        # pySigma fails with plain Python errors on some malformed documents.
        raise TridentError("TRI101", f"malformed document: {error}") from error
    except RecursionError as error:
        kind = next(kind for kind in _KINDS if kind in document.data)
        raise too_deep(kind, document.at(kind)) from error


def _read(kind: Any, data: Mapping[str, Any]) -> Any:
    parsed = kind.from_dict(readable(data))
    if isinstance(parsed, SigmaRule | SigmaFilter):
        detection = parsed.detection if isinstance(parsed, SigmaRule) else parsed.filter
        shown(detection.detections.values())
    return parsed


def _check_filter(sigma: SigmaFilter, document: Document) -> None:
    if document.data["filter"].get("rules") == []:  # the specification's schema: one at least
        raise TridentError(
            "TRI101",
            "the filter names no rules",
            span=document.at("filter", "rules"),
            hint="write any for all rules of its log source",
        )
    try:
        for condition in sigma.filter.parsed_condition:
            _ = condition.parsed
    except SigmaError as error:
        raise TridentError("TRI101", str(error), span=document.at("filter", "condition")) from error
    except RecursionError as error:
        raise too_deep("the condition", document.at("filter", "condition")) from error


def _kept_by(document: Document) -> Rule:
    """A filter's own condition as a rule."""
    data = document.data
    detection = {key: value for key, value in data["filter"].items() if key != "rules"}
    rule = {"title": "filter", "logsource": data["logsource"], "detection": detection}
    return Rule(_read(SigmaRule, rule), document, identity(document))


def _narrow(rule: SigmaRule, sigma: SigmaFilter) -> list[str]:
    """Apply a filter to a rule, in place; the detections that it brings in, none for a rule that
    it does not name."""
    before = set(rule.detection.detections)
    sigma.apply_on_rule(rule)
    return [name for name in rule.detection.detections if name not in before]
