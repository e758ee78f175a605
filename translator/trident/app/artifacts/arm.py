"""Azure Resource Manager templates: a Sentinel analytics rule, a hunting query.

Sources: https://learn.microsoft.com/azure/templates/microsoft.securityinsights/alertrules and
.../microsoft.operationalinsights/workspaces/savedsearches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from trident.app.artifacts.schedule import iso_duration
from trident.app.artifacts.sentinel_rule import AnalyticsRule
from trident.base.printable import json_text

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def rule_template(rule: AnalyticsRule) -> str:
    """The template of an analytics rule; its techniques without sub-techniques, which this version
    of the API does not take."""
    properties = {
        "displayName": rule.name,
        "description": rule.description,
        "severity": rule.severity,
        "enabled": True,
        "query": rule.query,
        "queryFrequency": iso_duration(rule.frequency),
        "queryPeriod": iso_duration(rule.period),
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 0,
        "suppressionEnabled": False,
        "suppressionDuration": "PT5H",
        "tactics": list(rule.tactics),
        "techniques": list(dict.fromkeys(each.partition(".")[0] for each in rule.techniques)),
        "entityMappings": [entity.document() for entity in rule.entities] or None,
        "customDetails": dict(rule.details) or None,
        "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
        "incidentConfiguration": {"createIncident": True},
    }
    return _template(
        "Microsoft.OperationalInsights/workspaces/providers/alertRules",
        "2023-02-01",
        f"Microsoft.SecurityInsights/{rule.id}",
        {"kind": "Scheduled"},
        properties,
    )


def hunt_template(
    id_: UUID, name: str, description: str, query: str, tags: Mapping[str, str]
) -> str:
    """The template of a hunting query; ``tags`` (tactics, techniques) without the empty ones."""
    texts = {"description": description, **tags}
    properties = {
        "category": "Hunting Queries",
        "displayName": name,
        "query": query,
        "version": 2,
        "tags": [{"name": key, "value": value} for key, value in texts.items() if value],
    }
    return _template(
        "Microsoft.OperationalInsights/workspaces/savedSearches",
        "2020-08-01",
        str(id_),
        {"etag": "*"},
        properties,
    )


def literal(value: Any) -> Any:
    """A value that no expression is evaluated in: text between brackets gets one more in front.

    Text that only begins with a bracket stands as it is. Blank ends are left out, so that what
    begins and ends it is what Azure looks at. Source:
    https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions,
    Escape characters.
    """
    if isinstance(value, dict):
        return {key: literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [literal(each) for each in value]
    if not isinstance(value, str):
        return value
    text = value.strip()
    return f"[{text}" if text.startswith("[") and text.endswith("]") else text


def _template(
    type_: str, version: str, name: str, keys: Mapping[str, Any], properties: dict[str, Any]
) -> str:
    written = {key: value for key, value in properties.items() if value is not None}
    template = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {
            "workspace": {
                "type": "string",
                "metadata": {"description": "The Log Analytics workspace that Sentinel is on."},
            }
        },
        "resources": [
            {
                "type": type_,
                "apiVersion": version,
                "name": f"[concat(parameters('workspace'), '/{name}')]",
                **keys,
                "properties": literal(written),
            }
        ],
    }
    return json_text(template)
