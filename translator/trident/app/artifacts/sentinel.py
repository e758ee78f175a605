"""The Sentinel hunting query of a correlation: YAML as the Azure-Sentinel repository lays it out,
and an ARM template.

Field by field: docs/artifacts.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from trident.app.artifacts.arm import hunt_template
from trident.app.artifacts.deployment import Artifact, Deployment, Made
from trident.app.artifacts.killchain import left_out, tactic_names
from trident.app.artifacts.metadata import Metadata
from trident.app.artifacts.yaml_text import as_yaml, block
from trident.app.input.suggest import unknown
from trident.base.diagnostics import Severity, TridentError


def hunting_queries(deployments: Sequence[Deployment]) -> Made:
    """A hunting query for each correlation."""
    made = Made()
    for deployment in deployments:
        if not deployment.is_correlation:
            continue
        try:
            text, template = hunting_query(deployment), hunting_template(deployment)
        except TridentError as error:
            made.refuse(deployment, error)
            continue
        for tag in left_out(deployment.metadata):
            made.refuse(
                deployment,
                TridentError(
                    "TRI509",
                    f"{tag} is left out of the Sentinel hunting query",
                    span=deployment.planned.document.at("tags"),
                    severity=Severity.WARNING,
                ),
            )
        said = deployment.metadata
        made.claim("id of a Sentinel hunting query", said.id, deployment)
        made.claim("name of a Sentinel hunting query", said.source_name or said.title, deployment)
        name, rules = f"hunting/{deployment.stem}", (deployment,)
        made.artifacts.append(Artifact(f"{name}.yaml", text, rules))
        made.artifacts.append(Artifact(f"{name}.json", template, rules))
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
        "tactics": tactic_names(said),
        "relevantTechniques": list(said.techniques),
        "query": block(query.text),
        "entityMappings": list(entity_mappings(deployment)),
    }
    if not hunt["entityMappings"]:
        del hunt["entityMappings"]
    return as_yaml(hunt)


def hunting_template(deployment: Deployment) -> str:
    """The hunting query of one rule as an ARM template."""
    said, query = deployment.metadata, deployment.hunt.query
    assert query is not None
    return hunt_template(
        UUID(said.id),
        said.source_name or said.title,
        _description(said),
        query.text,
        {
            "tactics": ",".join(tactic_names(said)),
            "techniques": ",".join(said.techniques),
        },
    )


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
