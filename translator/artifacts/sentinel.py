"""The Sentinel hunting-query YAML of a correlation, as the Azure-Sentinel repository lays it out.

Field by field: docs/artifacts.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from backends import attack
from backends.diagnostics import Severity, TridentError
from translator.artifacts.deployment import Artifact, Deployment, Made
from translator.artifacts.metadata import Metadata, sentinel_tactics
from translator.suggest import unknown


def hunting_queries(deployments: Sequence[Deployment]) -> Made:
    """A hunting query for each correlation."""
    made = Made()
    for deployment in deployments:
        if not deployment.is_correlation:
            continue
        try:
            text = hunting_query(deployment)
        except TridentError as error:
            made.refuse(deployment, error)
            continue
        for tag in _left_out(deployment.metadata):
            made.refuse(
                deployment,
                TridentError(
                    "TRI509",
                    f"{tag} is left out of the Sentinel hunting query",
                    span=deployment.planned.document.at("tags"),
                    severity=Severity.WARNING,
                ),
            )
        made.artifacts.append(Artifact(f"hunting/{deployment.stem}.yaml", text, (deployment,)))
    return made


def hunting_query(deployment: Deployment) -> str:
    """The hunting query of one rule, as YAML text.

    Raises:
        TridentError: TRI107 for an entity that is no result column.
    """
    said, query = deployment.metadata, deployment.hunt.query
    assert query is not None
    hunt: dict[str, Any] = {
        "id": said.id,
        "name": said.source_name or said.title,
        "description": block(_description(said)),
        "requiredDataConnectors": list(said.data_connectors),
        "tactics": list(dict.fromkeys(filter(None, map(tactic_name, said.tactics)))),
        "relevantTechniques": list(said.techniques),
        "query": block(query.text),
        "entityMappings": list(entity_mappings(deployment)),
    }
    if not hunt["entityMappings"]:
        del hunt["entityMappings"]
    return as_yaml(hunt)


def tactic_name(short: str) -> str | None:
    """Sentinel's name of a tactic; a tactic that ATT&CK has made of a former one, which Sentinel
    still has, goes by that one. None for a tactic that Sentinel does not know."""
    for each in (short, attack.predecessor(short)):
        name = "".join(map(str.capitalize, each.split("-"))) if each else ""
        if name in sentinel_tactics():
            return name
    return None


def _left_out(said: Metadata) -> list[str]:
    """The ATT&CK tags that Sentinel has no word for."""
    unnamed = [f"attack.{tactic}" for tactic in said.tactics if tactic_name(tactic) is None]
    return [*said.unknown_tags, *unnamed]


def as_yaml(content: dict[str, Any]) -> str:
    """A mapping as YAML in the layout of the Azure-Sentinel repository."""
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 10_000  # a folded line would part a URL from its scheme for some readers
    text = StringIO()
    writer.dump(content, text)
    return text.getvalue()


def block(text: str) -> str:
    """The text as a YAML block; quoted instead where a block cannot hold a character of it."""
    lines = text.strip() + "\n"
    plain = all(char.isprintable() or char in "\n\t" for char in lines)
    scalar: str = LiteralScalarString(lines) if plain else lines
    return scalar


def entity_mappings(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """Sentinel's entity mappings onto result columns.

    Raises:
        TridentError: TRI107 for an entity of the rule that is no result column.
    """
    for index, entity in enumerate(deployment.entities):
        mappings = []
        for identifier, name in entity.identifiers.items():
            column = deployment.column(name)
            if column is None:
                query = deployment.rule.query
                assert query is not None
                span = deployment.planned.document.at("trident", "entities", index)
                raise unknown("TRI107", "result column", name, query.columns).at(span)
            mappings.append({"identifier": identifier, "columnName": column})
        yield {"entityType": entity.type, "fieldMappings": mappings}


def _description(said: Metadata) -> str:
    return "\n".join([said.description, *(f"Ref: {url}" for url in said.references)])
