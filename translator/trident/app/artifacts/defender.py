"""Defender XDR's custom detections, as Microsoft Graph takes them (POST
/security/rules/detectionRules).

Source: https://learn.microsoft.com/graph/api/resources/security-detectionrule (v1.0). Field by
field: docs/artifacts-sentinel.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from trident.app.artifacts.analytics import SEVERITIES, description
from trident.app.artifacts.deployment import Artifact, Deployment, Made
from trident.app.artifacts.killchain import sentinel_tactics, tactic_names, unknown_techniques
from trident.app.artifacts.metadata import Metadata
from trident.app.artifacts.schedule import Schedule, changed, iso_duration, period
from trident.base.data import shipped
from trident.base.diagnostics import Refusal, TridentError
from trident.base.printable import json_text
from trident.result.translation import Note
from trident.rule.plan import Correlation, Plan, Run
from trident.rule.raw import timespan

RECORD = ("DeviceId", "ReportId")
"""What Defender wants of the event that an alert is linked to, besides its time. Source:
https://learn.microsoft.com/defender-xdr/custom-detection-rules, Required columns."""

_TIME = "Timestamp"
_GRAPH = "#microsoft.graph.security"


def custom_detections(deployments: Sequence[Deployment]) -> Made:
    """A custom detection for each correlation and each rule."""
    made = Made()
    for deployment in deployments:
        try:
            detection, notes = custom_detection(deployment)
        except TridentError as error:
            made.refuse(deployment, error)
            continue
        for technique in unknown_techniques(deployment.metadata):
            made.refuse(deployment, technique)
        made.claim("name of a Defender detection", detection["displayName"], deployment)
        text = json_text(detection)
        path = f"detections/{deployment.stem}.json"
        made.artifacts.append(Artifact(path, text, (deployment,), notes))
    return made


def custom_detection(deployment: Deployment) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """The custom detection of a deployment, and notes on what it says otherwise than the rule.

    Raises:
        Refusal: TRI718 where the result lacks a column that Defender wants.
    """
    said, query = deployment.metadata, deployment.rule.query
    assert query is not None
    time = query.alert.time if query.alert else deployment.profile.time
    columns = {_TIME: time, **{name: deployment.column(name) for name in RECORD}}
    missing = [name for name, column in columns.items() if column != name]
    if missing:
        raise Refusal(
            "TRI718",
            f"Defender links an alert to its event by {', '.join(columns)}; the result has no "
            f"column {missing[0]}",
        )
    entities, notes = _entities(deployment)
    severity = SEVERITIES.get(said.level, "Medium")
    if said.level == "critical":
        notes.append(Note.of("TRI712", level=said.level, severity=severity))
    if isinstance(deployment.plan, Correlation) and deployment.plan.lookback is not None:
        lookback, reads = timespan(deployment.plan.lookback), timespan(deployment.period)
        notes.append(Note.of("TRI711", lookback=lookback, period=reads))
    detection = {
        "@odata.type": f"{_GRAPH}.detectionRule",
        "displayName": said.title,
        "description": said.description,
        "status": "enabled",
        "queryCondition": {"queryText": query.text.strip()},
        "schedule": {"frequency": iso_duration(deployment.run.frequency)},
        "detectionAction": {
            "alertTemplate": {
                "title": said.title,
                "description": description(said),
                "severity": severity.lower(),
                "tactics": _tactics(said),
                "entityMappings": entities,
            }
        },
    }
    return detection, (*deployment.notes, *notes)


def adjusted(plan: Plan, run: Run) -> Schedule:
    """The run on one of Defender's schedules: as often as asked or more often, unless only a
    rarer one reads the data that the rule needs.

    Raises:
        Refusal: TRI717 when none does.
    """
    schedules: Mapping[int, int] = _table()["schedules"]
    often = max((each for each in schedules if each <= run.frequency), default=min(schedules))
    most = plan.baseline.newest if isinstance(plan, Correlation) and plan.baseline else None
    for frequency in sorted(schedules):
        fits = period(plan, Run(frequency, run.delay)) <= schedules[frequency]
        if fits and frequency >= often and (most is None or frequency <= most):
            reason = "Defender runs a detection every 1, 3, 12 or 24 hours, on 4, 12, 48 hours or "
            reason += "30 days of data"
            return Schedule(
                Run(frequency, run.delay),
                changed("the time between runs", frequency, run.frequency, reason),
            )
    reads = timespan(period(plan, Run(often, run.delay)))
    raise Refusal(
        "TRI717",
        f"none of Defender's schedules has the data that a run reads ({reads} when it runs every "
        f"{timespan(often)}): 4 hours every hour, 12 every 3, 48 every 12, 30 days every day",
        span=plan.identity.span,
    )


def _entities(deployment: Deployment) -> tuple[dict[str, list[dict[str, str]]], list[Note]]:
    """The mappings by kind; the first host is the event's device."""
    mapped: dict[str, list[dict[str, str]]] = {"hosts": [{"deviceIdColumn": RECORD[0]}]}
    notes, devices = [], 0
    for entity in deployment.entities:
        ((kind, properties),) = _table()["entities"].get(entity.type, {"": {}}).items()
        columns = {}
        for identifier, name in entity.identifiers.items():
            column = deployment.column(name)
            if identifier in properties and column is not None:
                columns[properties[identifier]] = column
            else:
                reason = f"Defender has no place for its {identifier}"
                if identifier in properties:
                    reason = f"the result has no column {name}"
                notes.append(Note.of("TRI715", entity=entity.type, reason=reason))
        if columns and kind == "hosts" and not devices:
            mapped[kind][0] |= columns
            devices += 1
        elif columns:
            mapped.setdefault(kind, []).append(columns)
    return mapped, notes


def _tactics(said: Metadata) -> list[dict[str, Any]]:
    """The rule's tactics with those of its techniques that serve them; a technique that serves
    none of them stands under all of its own."""
    under: dict[str, dict[str, list[str]]] = {name: {} for name in tactic_names(said)}
    named = frozenset(under)
    for technique in said.techniques:
        serves = sentinel_tactics(technique)
        for tactic in [each for each in serves if each in named] or serves:
            parent, _, sub = technique.partition(".")
            subs = under.setdefault(tactic, {}).setdefault(parent, [])
            if sub:
                subs.append(technique)
    return [
        {
            "tactic": tactic,
            "techniques": [
                {"technique": technique, "subTechniques": subs}
                for technique, subs in techniques.items()
            ],
        }
        for tactic, techniques in under.items()
    ]


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = shipped("trident.app.artifacts", "defender.yml")
    return table
