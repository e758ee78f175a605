"""What a rule's document says about itself, read once for every artifact of every target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from trident.app.input.suggest import unknown
from trident.base.data import shipped
from trident.base.diagnostics import Severity, TridentError
from trident.rule import attack
from trident.rule.rules import Document

_TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?")
_OTHER = re.compile(r"[gs]\d{4}")  # threat groups and software

LEVELS = ("informational", "low", "medium", "high", "critical")
"""Sigma's levels, in order; a rule without one is ``medium``."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Something an alert is about: ``identifiers`` maps an identifier to the rule's name (a Sigma
    field or a name under ``trident.columns``) of the column that holds it.

    ``type`` and identifiers are spelt as Microsoft's list of entity types has them.
    """

    type: str
    identifiers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metadata:
    """A rule's own words, in the document's order; empty where absent.

    ``tactics`` and ``techniques`` are ATT&CK's short names and ids (``initial-access``,
    ``T1001.002``) in the order of the tags; ``tags`` the others, ``unknown_tags`` those of ATT&CK
    that are neither, nor a threat group or software. ``source_name`` is a published hunt's own.
    ``risk_score`` is 0..100, None where the rule leaves it to its level. ``date`` and ``modified``
    are ISO dates.
    """

    id: str
    title: str
    name: str
    source_name: str
    description: str
    author: str
    date: str
    modified: str
    status: str
    level: str
    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    tags: tuple[str, ...]
    unknown_tags: tuple[str, ...]
    references: tuple[str, ...]
    false_positives: tuple[str, ...]
    hypothesis: str
    data_connectors: tuple[Mapping[str, Any], ...]
    entities: tuple[Entity, ...]
    risk_score: int | None


def read_metadata(document: Document, name: str, author: str = "") -> Metadata:
    """The metadata of a rule's document; ``name`` is the rule's slug, ``author`` the one of rules
    that name none.

    Raises:
        TridentError: TRI508, a warning, without an id; TRI107 for an entity type or identifier
            that there is none of, or a risk score that is no whole number from 0 to 100.
    """
    data = document.data
    extension = data.get("trident") or {}
    if not data.get("id"):
        raise TridentError(
            "TRI508",
            "a rule without id cannot be deployed: nothing would tell its next version apart",
            span=document.span,
            severity=Severity.WARNING,
        )
    named = [tag.removeprefix("attack.") for tag in _tags(data) if tag.startswith("attack.")]
    return Metadata(
        id=str(data["id"]),
        title=str(data.get("title") or ""),
        name=name,
        source_name=str(extension.get("source_name") or ""),
        description=_text(data.get("description")) or _text(data.get("title")),
        author=_text(data.get("author")) or author,
        date=_text(data.get("date")).replace("/", "-"),
        modified=_text(data.get("modified") or data.get("date")).replace("/", "-"),
        status=_text(data.get("status")) or "experimental",
        level=_text(data.get("level")) or "medium",
        tactics=_once(tag for tag in named if _is_tactic(tag)),
        techniques=_once(tag.upper() for tag in named if _TECHNIQUE.fullmatch(tag)),
        tags=_once(tag for tag in _tags(data) if not tag.startswith("attack.")),
        unknown_tags=_once(
            f"attack.{tag}"
            for tag in named
            if not _is_tactic(tag) and not _TECHNIQUE.fullmatch(tag) and not _OTHER.fullmatch(tag)
        ),
        references=_texts(data.get("references")),
        false_positives=_texts(data.get("falsepositives")),
        hypothesis=_text(extension.get("hypothesis")),
        data_connectors=tuple(_connectors(document)),
        entities=tuple(_entities(document)),
        risk_score=_risk_score(document, extension.get("risk_score")),
    )


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = shipped("trident.app.artifacts", "sentinel.yml")
    return table


def known_tactics() -> list[str]:
    """The tactics that Sentinel knows, by its own names."""
    tactics: list[str] = _table()["tactics"]
    return tactics


def entity_types() -> Mapping[str, list[str]]:
    """Entity types with their identifiers."""
    entities: Mapping[str, list[str]] = _table()["entities"]
    return entities


def _is_tactic(short: str) -> bool:
    """Whether ATT&CK has, or had, a tactic of that name."""
    return attack.tactic(short) is not None or bool(attack.successors(short))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _texts(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(text for each in listed if (text := _text(each)))


def _once(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _tags(data: Mapping[str, Any]) -> Iterator[str]:
    for tag in data.get("tags") or ():
        yield str(tag).lower().replace("_", "-")


def _risk_score(document: Document, score: Any) -> int | None:
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int) or not 0 <= score <= 100:
        raise TridentError(
            "TRI107",
            "risk_score is a whole number from 0 to 100",
            span=document.at("trident", "risk_score"),
        )
    return score


def _listed(document: Document, key: str) -> list[Any]:
    """A list below ``trident``; an empty one where it is not there."""
    listed = document.data["trident"].get(key) if document.data.get("trident") else None
    if not isinstance(listed, list | None):
        raise TridentError("TRI107", f"{key} is a list", span=document.at("trident", key))
    return listed or []


def _connectors(document: Document) -> Iterator[Mapping[str, Any]]:
    for index, connector in enumerate(_listed(document, "data_connectors")):
        types = connector.get("dataTypes") if isinstance(connector, dict) else None
        if not (
            isinstance(types, list)
            and all(isinstance(each, str) for each in (connector.get("connectorId"), *types))
            and len(connector) == 2
        ):
            raise TridentError(
                "TRI107",
                "a data connector has a connectorId and a list of dataTypes",
                span=document.at("trident", "data_connectors", index),
            )
        yield connector


def _entities(document: Document) -> Iterator[Entity]:
    known = entity_types()
    for index, entity in enumerate(_listed(document, "entities")):
        span = document.at("trident", "entities", index)
        if not isinstance(entity, dict) or "type" not in entity or len(entity) < 2:
            raise TridentError("TRI107", "an entity has a type and identifiers", span=span)
        kind = str(entity["type"])
        if kind not in known:
            raise unknown("TRI107", "entity type", kind, known).at(span)
        identifiers = {key: name for key, name in entity.items() if key != "type"}
        for identifier, name in identifiers.items():
            if not isinstance(name, str):
                message = f"{identifier} names {name!r}, no field or column"
                raise TridentError("TRI107", message, span=span)
            if identifier not in known[kind]:
                raise unknown("TRI107", f"identifier of {kind}", identifier, known[kind]).at(span)
        yield Entity(kind, identifiers)
