"""Microsoft Sentinel's scheduled analytics rules: YAML as the Azure-Sentinel repository lays it
out, and an ARM template.

Field by field: docs/artifacts-sentinel.md; limits and their sources: sentinel_limits.yml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID, uuid5

from trident.app.artifacts.arm import rule_template
from trident.app.artifacts.deployment import Artifact, Deployment, Made
from trident.app.artifacts.killchain import listed_tactics, sentinel_tactics, unknown_techniques
from trident.app.artifacts.limits import read_limits
from trident.app.artifacts.metadata import Metadata
from trident.app.artifacts.schedule import Schedule, changed, period
from trident.app.artifacts.sentinel_rule import (
    FIRST_VERSION,
    AnalyticsRule,
    EntityMapping,
    sentinel_limits,
)
from trident.app.artifacts.yaml_text import as_yaml
from trident.base.diagnostics import TridentError
from trident.base.printable import printable
from trident.result.translation import Note
from trident.rule.plan import Correlation, Plan, Run
from trident.rule.raw import timespan

SEVERITIES = {
    "informational": "Informational",
    "low": "Low",
    "medium": "Medium",
    "high": "High",
    "critical": "High",
}


def analytics_rules(deployments: Sequence[Deployment]) -> Made:
    """An analytics rule for each correlation and each rule, as YAML and as an ARM template."""
    made = Made()
    for deployment in deployments:
        try:
            rule, notes = analytics_rule(deployment)
        except TridentError as error:
            made.refuse(deployment, error)
            continue
        for technique in unknown_techniques(deployment.metadata):
            made.refuse(deployment, technique)
        made.claim("id of a Sentinel analytics rule", str(rule.id), deployment)
        made.claim("name of a Sentinel analytics rule", rule.name, deployment)
        name, rules = f"analytics/{deployment.stem}", (deployment,)
        comments = "".join(f"# {note.code}: {printable(note.text)}\n" for note in notes)
        text = comments + as_yaml(rule.document())
        made.artifacts.append(Artifact(f"{name}.yaml", text, rules, notes))
        made.artifacts.append(Artifact(f"{name}.json", rule_template(rule), rules, notes))
    return made


def analytics_rule(deployment: Deployment) -> tuple[AnalyticsRule, tuple[Note, ...]]:
    """The analytics rule of a deployment, and notes on what it says otherwise than the rule.

    Raises:
        Refusal: TRI716 for what Sentinel would not take.
    """
    said, query = deployment.metadata, deployment.rule.query
    assert query is not None
    notes = [*deployment.notes, *_lookback(deployment)]
    if said.level == "critical":
        notes.append(Note.of("TRI712", level=said.level, severity=SEVERITIES[said.level]))
    entities, left_out = entity_mappings(deployment)
    listed, added = listed_tactics(said)
    mapped = {column for entity in entities for column in entity.columns.values()}
    return (
        AnalyticsRule(
            id=uuid5(UUID(said.id), "sentinel scheduled analytics rule"),
            name=said.title,
            description=description(said),
            severity=SEVERITIES.get(said.level, "Medium"),
            connectors=said.data_connectors,
            frequency=deployment.run.frequency,
            period=_whole_minutes(deployment.period),
            tactics=listed,
            techniques=[each for each in said.techniques if sentinel_tactics(each)],
            query=query.text.strip(),
            entities=entities,
            details=dict(
                _details(column for column in query.columns.values() if column not in mapped)
            ),
            version=version(said),
        ),
        (*notes, *left_out, *added),
    )


def adjusted(plan: Plan, run: Run) -> Schedule:
    """A run within Sentinel's limits: whole minutes between runs, at least five and, for a period
    of two days or more, an hour; a period that is not too long; Sentinel's own delay."""
    limits = sentinel_limits()
    shortest, longest = (limits["rule"]["queryFrequency"][key] for key in ("minimum", "maximum"))
    delay = max(run.delay, limits["delay"]["minimum"])
    frequency = max(run.frequency - run.frequency % 60, shortest)
    reason = "Sentinel runs a rule every five minutes at most, in whole minutes"
    room = longest - _whole_minutes(period(plan, Run(0, delay)))
    if not _baseline(plan) and shortest <= room < frequency:
        frequency, reason = room, "Sentinel reads fourteen days at most"
    long = limits["long"]
    reads = _whole_minutes(period(plan, Run(frequency, delay)))
    if reads >= long["period"] and frequency < long["frequency"]:
        frequency = long["frequency"]
        reason = "Sentinel wants an hour between runs that read two days or more"
    return Schedule(
        Run(frequency, delay),
        (
            *changed("the time between runs", frequency, run.frequency, reason),
            *changed(
                "the delay", delay, run.delay, "Sentinel runs a rule five minutes after its time"
            ),
        ),
    )


def description(said: Metadata) -> str:
    """What the alert's reader is told: description, hypothesis, false positives, references."""
    return "\n".join(
        [
            *filter(None, (said.description, said.hypothesis)),
            *(f"False positive: {each}" for each in said.false_positives),
            *(f"Ref: {url}" for url in said.references),
        ]
    ).strip()


def version(said: Metadata) -> str:
    """The day of the rule's last change as a version, so that it grows with each one."""
    parts = said.modified.split("-")
    if len(parts) == 3 and all(part.isdecimal() and part.isascii() for part in parts):
        return ".".join(str(int(part)) for part in parts)
    return FIRST_VERSION


def entity_mappings(deployment: Deployment) -> tuple[list[EntityMapping], list[Note]]:
    """The entities as Sentinel takes them, and a note for each that it does not.

    Raises:
        Refusal: TRI716 for an entity of the rule with too many identifiers, or none that Sentinel
            would know it by.
    """
    limits = sentinel_limits()
    most = limits["rule"]["entityMappings"]["maximum"]
    plain = read_limits(limits["entity"])["columnName[]"]
    mappings: list[EntityMapping] = []
    notes: list[Note] = []
    for entity in deployment.entities:
        columns = {key: deployment.column(name) for key, name in entity.identifiers.items()}
        filled = {key: column for key, column in columns.items() if column is not None}
        if len(filled) < len(columns):
            reason = "the result has no column for it; name its field under fields"
        elif any(plain.broken(column) for column in filled.values()):
            reason = "Sentinel takes columns of ASCII letters, digits and _ only"
        elif len(mappings) == most:
            reason = f"Sentinel takes {most} entities"
        else:
            mappings.append(EntityMapping(entity.type, filled))
            continue
        notes.append(Note.of("TRI715", entity=entity.type, reason=reason))
    return mappings, notes


def _details(columns: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Result columns that an alert shows as they are, those whose names Sentinel takes."""
    limits = read_limits(sentinel_limits()["detail"])
    most = sentinel_limits()["rule"]["customDetails"]["maximum"]
    fit = [
        column
        for column in dict.fromkeys(columns)
        if not limits["key"].broken(column) and not limits["value"].broken(column)
    ]
    return ((column, column) for column in fit[:most])


def _lookback(deployment: Deployment) -> Iterator[Note]:
    plan = deployment.plan
    if isinstance(plan, Correlation) and plan.lookback is not None:
        reads = timespan(_whole_minutes(deployment.period))
        yield Note.of("TRI711", lookback=timespan(plan.lookback), period=reads)


def _baseline(plan: Plan) -> bool:
    return isinstance(plan, Correlation) and plan.baseline is not None


def _whole_minutes(seconds: int) -> int:
    """Sentinel's YAML has no seconds; the query bounds itself, so more data does no harm."""
    return -(-seconds // 60) * 60
