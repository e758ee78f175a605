"""Rule files to documents: every file read once, a broken one reported and the rest kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from trident.app.input.sources import FILTERS, Source, decoded, read_sources
from trident.app.input.yamltext import BrokenDocument, Place, YamlDocument, locate, read_documents
from trident.base.diagnostics import Diagnostic, TridentError
from trident.rule.misread import Misread
from trident.rule.rules import Document


@dataclass(slots=True)
class Loaded:
    """What was read: documents of rules and filters, inputs by name with their SHA-256, and the
    diagnostics and names of the documents that could not be read."""

    documents: list[Document] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def load(paths: Iterable[str], *, named_filters: bool = False) -> Loaded:
    """Read rule files, folders (``*.yml``, ``*.yaml`` at any depth) and standard input (``-``).

    With ``named_filters`` the ``filters`` folder beside a given file is read too, so that a
    filter can be switched on for it.
    """
    return load_sources(read_sources(paths, named_filters=named_filters))


def load_sources(sources: Iterable[Source]) -> Loaded:
    """The documents of rule files that were read, in their order."""
    loaded = Loaded()
    for source in sources:
        if source.error:
            loaded.diagnostics.append(source.error)
            continue
        loaded.inputs[source.name] = source.digest
        try:
            text = decoded(source.content, source.name)
        except TridentError as error:
            loaded.diagnostics.append(error.diagnostic)
            continue
        _add(loaded, text, source.name, source.only_filters)
    return loaded


def document(parsed: YamlDocument) -> Document:
    """A parsed YAML document as the rule loader takes it, with places on demand."""
    return Document(parsed.data, parsed.span, partial(locate, (parsed.place,)), parsed.misread)


def _add(loaded: Loaded, text: str, name: str, only_filters: bool) -> None:
    actions = _Actions()
    for parsed in read_documents(text, name):
        try:
            if isinstance(parsed, BrokenDocument):
                loaded.broken.update(parsed.names)
                loaded.diagnostics.append(parsed.diagnostic)
                continue
            ready = actions.merge(parsed)
            if ready is None:
                continue
            if only_filters and "filter" not in ready.data:
                raise TridentError(
                    "TRI004", f"a folder called {FILTERS} holds filters only", span=ready.span
                )
            loaded.documents.append(ready)
        except TridentError as error:
            loaded.diagnostics.append(error.diagnostic)


@dataclass(frozen=True, slots=True)
class Part:
    """What documents with an ``action`` have given so far, and where they stand."""

    data: dict[str, Any] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    misread: tuple[Misread, ...] = ()


class _Actions:
    """Merges ``action: global | reset | repeat`` documents as pySigma's SigmaCollection does:
    a global document goes over each later detection rule, a repeat over the rule before it."""

    def __init__(self) -> None:
        self._everywhere = Part()
        self._previous = Part()

    def merge(self, parsed: YamlDocument) -> Document | None:
        """The document to load, or None for one that only sets what later ones are merged with."""
        if not isinstance(parsed.data, dict):
            raise TridentError("TRI004", "the document is not a mapping", span=parsed.span)
        data = {key: value for key, value in parsed.data.items() if key != "action"}
        part = Part(data, (parsed.place,), parsed.misread)
        match parsed.data.get("action"):
            case None if "correlation" in data or "filter" in data:
                return document(parsed)
            case None:
                self._previous = _over(self._everywhere, part)
            case "global":
                self._everywhere = self._previous = part
                return None
            case "reset":
                self._everywhere = Part()
                return None
            case "repeat":
                self._previous = _over(part, self._previous)
            case other:
                raise TridentError(
                    "TRI101",
                    f"unknown action {other!r}",
                    span=locate(part.places, ("action",)),
                    hint="an action is global, reset or repeat",
                )
        whole = self._previous
        return Document(whole.data, parsed.span, partial(locate, whole.places), whole.misread)


def _over(winner: Part, loser: Part) -> Part:
    return Part(
        merged(loser.data, winner.data),
        (*winner.places, *loser.places),
        (*winner.misread, *loser.misread),
    )


def merged(base: Any, over: Mapping[Any, Any]) -> dict[Any, Any]:
    """``over`` laid on ``base``, mappings merged key by key; neither is changed."""
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in over.items():
        result[key] = merged(result.get(key), value) if isinstance(value, dict) else value
    return result
