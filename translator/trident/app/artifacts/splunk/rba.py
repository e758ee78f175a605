"""Risk-based alerting: what a rule's entities and level are to Enterprise Security."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trident.app.artifacts.deployment import Deployment
from trident.app.artifacts.splunk.conf import untokened
from trident.app.artifacts.splunk.data import table
from trident.base.diagnostics import Severity, TridentError
from trident.rule.plan import searches


@dataclass(frozen=True, slots=True)
class Object:
    """A result column that names a risk object or a threat object; ``name`` is the rule's."""

    column: str
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """How an alert of a rule counts: ``type`` is contentctl's, ``score`` 0..100."""

    type: str
    severity: str
    score: int
    alert_severity: int
    risk: tuple[Object, ...]
    threats: tuple[Object, ...]
    message: str

    @property
    def adds_risk(self) -> bool:
        """Whether an alert adds risk: its type does, and there is something to add it to."""
        return bool(table("splunk")["types"][self.type]["risk"]) and bool(self.risk)

    @property
    def is_notable(self) -> bool:
        """Whether an alert raises a notable."""
        return bool(table("splunk")["types"][self.type]["notable"])

    @property
    def columns(self) -> list[str]:
        """The columns of all objects, each once."""
        return list(dict.fromkeys(each.column for each in (*self.risk, *self.threats)))

    def as_json(self) -> str:
        """The objects as ``action.risk.param._risk`` takes them."""
        return json.dumps(
            [
                *(
                    {
                        "risk_object_field": each.column,
                        "risk_object_type": each.type,
                        "risk_score": self.score,
                    }
                    for each in self.risk
                ),
                *(
                    {"threat_object_field": each.column, "threat_object_type": each.type}
                    for each in self.threats
                ),
            ]
        )


def assess(deployment: Deployment) -> Assessment:
    """The rule's level and entities in Enterprise Security's terms."""
    said = deployment.metadata
    level = table("splunk")["levels"][said.level.lower()]
    objects = list(_objects(deployment))
    risk = [_plain(each) for each in objects if each.type.startswith("risk.")]
    threats = [_plain(each) for each in objects if each.type.startswith("threat.")]
    if threats and not risk:
        first = threats.pop(0)
        risk = [Object(first.column, table("splunk")["only_threats"], first.name)]
    shown = ", ".join(f"{each.name} ${each.column}$" for each in (*risk, *threats))
    return Assessment(
        level["type"],
        level["severity"],
        level["score"] if said.risk_score is None else said.risk_score,
        level["alert"],
        tuple(dict.fromkeys(risk)),
        tuple(dict.fromkeys(threats)),
        untokened(said.title) + (f": {shown}" if shown else ""),
    )


def missing_columns(deployment: Deployment) -> Iterator[TridentError]:
    """A warning for each identifier of the rule's own entities that is no result column."""
    for index, entity in enumerate(deployment.metadata.entities):
        for identifier, name in entity.identifiers.items():
            if deployment.column(name) is None:
                yield TridentError(
                    "TRI736",
                    f"{name} ({entity.type} {identifier}) is no result column of the Splunk search",
                    span=deployment.planned.document.at("trident", "entities", index),
                    severity=Severity.WARNING,
                )


def domain(deployment: Deployment) -> Sequence[str]:
    """contentctl's security domain and asset type of a rule, from its log sources."""
    tables = table("splunk")
    known = tables["log_sources"]
    places: dict[str, Sequence[str]] = {}
    for search in searches(deployment.plan):
        source = search.logsource
        parts = (source.category, source.service, source.product)
        place = next((known[part] for part in parts if part in known), tables["unknown"])
        places[place[0]] = place
    (first, *others) = places.values()
    chosen: Sequence[str] = tables["mixed"] if others else first
    return chosen


def attack_annotations(deployment: Deployment) -> Mapping[str, Any]:
    """The rule's ATT&CK techniques, as Enterprise Security reads them."""
    techniques = list(deployment.metadata.techniques)
    return {"mitre_attack": techniques} if techniques else {}


def _objects(deployment: Deployment) -> Iterator[Object]:
    for entity in deployment.entities:
        for identifier, kind in table("splunk")["entities"].get(entity.type, {}).items():
            name = entity.identifiers.get(identifier)
            column = deployment.column(name) if name else None
            if name and column:
                yield Object(column, kind, name)
                if kind.startswith("risk."):
                    break


def _plain(each: Object) -> Object:
    return Object(each.column, each.type.partition(".")[2], each.name)
