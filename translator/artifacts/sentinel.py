"""The Sentinel hunting-query YAML of a correlation, as the Azure-Sentinel repository lays it out.

Field by field: docs/artifacts.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from io import StringIO
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from backends.diagnostics import Diagnostic, Severity, TridentError
from backends.rules import Document
from backends.translation import Query
from translator.suggest import unknown

_TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?")
_OTHER_ATTACK = re.compile(r"[gs]\d{4}")  # threat groups and software


def hunting_query(document: Document, query: Query) -> str:
    """The hunting query of one correlation document and its KQL, as YAML text.

    Raises:
        TridentError: TRI508, a warning, without an id; TRI107 for an entity that Sentinel does
            not know or that is no result column.
    """
    data = document.data
    if not data.get("id"):
        raise TridentError(
            "TRI508",
            "no Sentinel hunting query is written for a rule without id",
            span=document.span,
            severity=Severity.WARNING,
        )
    extension = data.get("trident") or {}
    hunt: dict[str, Any] = {
        "id": str(data["id"]),
        "name": extension.get("source_name") or data["title"],
        "description": _block(_description(data)),
        "requiredDataConnectors": extension.get("data_connectors") or [],
        "tactics": list(dict.fromkeys(_tactics(data))),
        "relevantTechniques": list(dict.fromkeys(_techniques(data))),
        "query": _block(query.text),
        "entityMappings": list(_entities(document, query)),
    }
    if not hunt["entityMappings"]:
        del hunt["entityMappings"]
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 10_000  # a folded line would part a URL from its scheme for some readers
    text = StringIO()
    writer.dump(hunt, text)
    return text.getvalue()


def unknown_tactics(document: Document) -> Iterator[Diagnostic]:
    """A warning for each attack tag that is no tactic, technique, group or software to us."""
    for tag in _attack_tags(document.data):
        if tag not in _sentinel()["tactics"] and not (
            _TECHNIQUE.fullmatch(tag) or _OTHER_ATTACK.fullmatch(tag)
        ):
            yield TridentError(
                "TRI509",
                f"attack.{tag} is left out of the Sentinel hunting query",
                span=document.at("tags"),
                severity=Severity.WARNING,
            ).diagnostic


@cache
def _sentinel() -> Mapping[str, Any]:
    text = resources.files("translator.artifacts").joinpath("sentinel.yml").read_text("utf-8")
    table: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return table


def _block(text: str) -> str:
    """The text as a YAML block; quoted instead where a block cannot hold a character of it."""
    lines = text.strip() + "\n"
    plain = all(char.isprintable() or char in "\n\t" for char in lines)
    block: str = LiteralScalarString(lines) if plain else lines
    return block


def _description(data: Mapping[str, Any]) -> str:
    lines = [str(data.get("description") or data["title"]).strip()]
    return "\n".join([*lines, *(f"Ref: {url}" for url in data.get("references") or ())])


def _attack_tags(data: Mapping[str, Any]) -> Iterator[str]:
    for tag in data.get("tags") or ():
        name = str(tag).lower().replace("_", "-")
        if name.startswith("attack."):
            yield name.removeprefix("attack.")


def _tactics(data: Mapping[str, Any]) -> Iterator[str]:
    tactics = _sentinel()["tactics"]
    return (tactics[tag] for tag in _attack_tags(data) if tag in tactics)


def _techniques(data: Mapping[str, Any]) -> Iterator[str]:
    return (tag.upper() for tag in _attack_tags(data) if _TECHNIQUE.fullmatch(tag))


def _entities(document: Document, query: Query) -> Iterator[dict[str, Any]]:
    known = _sentinel()["entities"]
    entities = (document.data.get("trident") or {}).get("entities") or []
    for index, entity in enumerate(entities):
        span = document.at("trident", "entities", index)
        if not isinstance(entity, dict) or "type" not in entity or len(entity) < 2:
            raise TridentError("TRI107", "an entity has a type and identifiers", span=span)
        kind = entity["type"]
        if kind not in known:
            raise unknown("TRI107", "entity type", str(kind), known).at(span)
        mappings = []
        for identifier, name in entity.items():
            if identifier == "type":
                continue
            if identifier not in known[kind]:
                raise unknown("TRI107", f"identifier of {kind}", identifier, known[kind]).at(span)
            if name not in query.columns:
                raise unknown("TRI107", "result column", str(name), query.columns).at(span)
            mappings.append({"identifier": identifier, "columnName": query.columns[name]})
        yield {"entityType": kind, "fieldMappings": mappings}
