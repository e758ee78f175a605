"""Detection rules of Elastic Security: one for each query of a deployment.

Field by field: docs/artifacts-elastic.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from uuid import UUID, uuid5

from trident.app.artifacts.deployment import Artifact, Deployment, Made
from trident.app.artifacts.elastic.files import ndjson, portions, toml
from trident.app.artifacts.elastic.guide import MAX_SIGNALS, Part, aggregates, note
from trident.app.artifacts.elastic.model import ElasticRule, Json, table
from trident.app.artifacts.elastic.threat import threat
from trident.base.diagnostics import Severity, TridentError
from trident.elastic.tables import index_of
from trident.mapping.binding import Bound, BoundCorrelation, bind_accepted, bound_searches
from trident.mapping.profiles import Column, Table
from trident.rule.raw import timespan

OVERLAP = 60
"""Seconds that each run looks at again: Kibana starts a run its interval after the one before, or
later ("Kibana alerting: performance and scaling": tasks run late). A minute is our choice."""

_MOST_TERMS = 3
_NO_DATE = "1970-01-01"
"""The date of a rule that names none, so that two builds are the same."""


def detection_rules(deployments: Sequence[Deployment]) -> Made:
    """A TOML file for each rule, and the import file of all rules of a profile."""
    made = Made()
    imported: list[tuple[Json, Deployment]] = []
    for deployment in deployments:
        rules = []
        try:
            for part in _parts(deployment):
                rules.append((part, detection_rule(part, made).to_dict()))
        except TridentError as error:
            made.refuse(deployment, error)
            continue
        profile = f"{deployment.profile.target}/{deployment.profile.name}"
        for part, rule in rules:
            imported.append((rule, deployment))
            made.claim("rule_id in Elastic", rule["rule_id"], deployment)
            made.claim(f"name of an Elastic rule of {profile}", rule["name"], deployment)
            path = f"rules/{deployment.stem}{part.suffix}.toml"
            made.artifacts.append(Artifact(path, rule_file(deployment, rule), (deployment,)))
    for number, portion in enumerate(portions([rule for rule, _ in imported]), 1):
        if chosen := imported[portion]:
            owners = tuple(deployment for _, deployment in chosen)
            path = f"rules{f'-{number}' if number > 1 else ''}.ndjson"
            made.artifacts.append(Artifact(path, ndjson([rule for rule, _ in chosen]), owners))
    return made


def detection_rule(part: Part, made: Made) -> ElasticRule:
    """One rule; what Elastic's format has no place for is reported in ``made``."""
    deployment = part.deployment
    said, profile = deployment.metadata, deployment.profile
    bound = bind_accepted(deployment.plan, profile)
    severity, score = table()["levels"][said.level]
    below, unknown = threat(said.tactics, said.techniques)
    if unknown and part.number == 1:
        made.refuse(
            deployment,
            TridentError(
                "TRI751",
                f"{', '.join(unknown)} is left out of the Elastic rule's threat",
                span=deployment.planned.document.at("tags"),
                severity=Severity.WARNING,
            ),
        )
    # A rule with an index gets its range of time from Kibana; ES|QL names both in its text.
    ranged = not deployment.bounded
    suppressed = None if ranged else suppression(deployment)
    fields = investigated(deployment, bound)
    packages = _packages(bound)
    return ElasticRule(
        rule_id=_rule_id(part),
        name=said.title + (f" ({part.number} of {part.of})" if part.of > 1 else ""),
        description=said.description,
        author=[said.author] if said.author else [],
        type=profile.target,
        language=profile.target,
        query=part.query,
        severity=severity,
        risk_score=score if said.risk_score is None else said.risk_score,
        interval=timespan(deployment.run.frequency),
        from_=f"now-{timespan(deployment.period)}",
        to=_end(deployment) if ranged else "now",
        max_signals=MAX_SIGNALS,
        index=part.index if ranged else None,
        tags=[*said.tags, *said.unknown_tags] or None,
        threat=below or None,
        references=list(said.references) or None,
        false_positives=list(said.false_positives) or None,
        note=note(part, suppressed is not None),
        setup=_setup(bound),
        related_integrations=[{"package": name, "version": "*"} for name in packages] or None,
        required_fields=list(_required(bound, part)) or None,
        investigation_fields={"field_names": fields} if fields else None,
        alert_suppression=suppressed,
    )


def rule_file(deployment: Deployment, rule: Json) -> str:
    """A rule as the detection-rules repository keeps it.

    What that repository's own build adds to a rule is left to it: related integrations (from the
    metadata) and required fields.
    """
    said, profile = deployment.metadata, deployment.profile
    created = said.date or _NO_DATE
    metadata: Json = {
        "creation_date": created.replace("-", "/"),
        "updated_date": (said.modified or created).replace("-", "/"),
        "maturity": table()["maturity"][said.status],
    }
    if packages := [each["package"] for each in rule.get("related_integrations", ())]:
        metadata["integration"] = packages
    if "stack" in profile.settings:
        version = [*str(profile.settings["stack"]).split("."), "0"]
        metadata["min_stack_version"] = ".".join(version[:3])
    built = ("related_integrations", "required_fields")
    return toml(metadata, {key: value for key, value in rule.items() if key not in built})


def suppression(deployment: Deployment) -> Json | None:
    """Alerts of one group and time as one alert, for as long as runs may find it again.

    For a query whose rows are no documents: Elastic knows those of the others by their ``_id``.
    None also where group and time are more fields than Elastic takes.
    """
    query = deployment.rule.query
    assert query is not None
    if query.alert is None or not aggregates(query.text):
        return None
    terms = list(dict.fromkeys([query.alert.time, *query.alert.group.values()]))
    if len(terms) > _MOST_TERMS:
        return None
    again = timespan(deployment.run.frequency + 2 * deployment.overlap, "hms")
    return {
        "group_by": terms,
        "duration": {"value": int(again[:-1]), "unit": again[-1]},
        "missing_fields_strategy": "doNotSuppress",
    }


def investigated(deployment: Deployment, bound: Bound) -> list[str]:
    """The columns that hold the rule's entities; those of the events where the result has none."""
    names = [name for entity in deployment.entities for name in entity.identifiers.values()]
    columns: list[str] = []
    for name in names:
        column = deployment.column(name)
        columns += [column] if column else [each.name for each in _native(bound, name)]
    return list(dict.fromkeys(columns))


def _parts(deployment: Deployment) -> Iterator[Part]:
    query = deployment.rule.query
    assert query is not None
    for number, text in enumerate(query.texts, 1):
        yield Part(deployment, number, len(query.texts), text.strip())


def _rule_id(part: Part) -> str:
    """An id of its own for each query and profile: rules of both languages live side by side."""
    deployment = part.deployment
    profile = deployment.profile
    name = f"elastic/{profile.target}/{profile.name}{part.suffix}"
    return str(uuid5(UUID(deployment.metadata.id), name))


def _end(deployment: Deployment) -> str:
    """Until when EQL reads: it cannot say "as of now minus the delay" itself."""
    delay = deployment.run.delay
    return f"now-{timespan(delay)}" if delay else "now"


def _tables(bound: Bound) -> list[tuple[Table, str]]:
    """Each table that a rule reads with its index pattern."""
    sources = {}
    for search in bound_searches(bound):
        source = search.source.table
        sources[source.name] = (source, index_of(source, search.profile))
    return list(sources.values())


def _packages(bound: Bound) -> list[str]:
    """The integrations that write a rule's data: the first part of a data set's name.

    "An introduction to the Elastic data stream naming scheme": logs-<data set>-<namespace>.
    """
    packages = []
    for source, index in _tables(bound):
        dataset = str(source.settings["select"].get("data_stream.dataset", ""))
        named = re.match(r"(?:logs-)?(\w+)\.", dataset or index)
        packages += [named[1]] if named else []
    return sorted(set(packages))


def _required(bound: Bound, part: Part) -> Iterator[Json]:
    """The fields that a rule reads or shows, with their types in Elasticsearch."""
    query = part.deployment.rule.query
    assert query is not None
    columns = {each.name: each.type for name in query.columns for each in _native(bound, name)}
    columns |= {c.name: c.type for search in bound_searches(bound) for c in search.columns.values()}
    for search in bound_searches(bound):
        types = search.source.table.columns
        columns |= {name: types[name] for name in search.source.table.settings["select"]}
    for name, kind in sorted(columns.items()):
        wild = name in table()["wildcards"]
        yield {"name": name, "type": "wildcard" if wild else table()["types"][kind]}


def _native(bound: Bound, name: str) -> Iterator[Column]:
    """The columns of a Sigma field on each log source that has it."""
    if isinstance(bound, BoundCorrelation):
        for branch in bound.branches:
            yield from _native(branch.matches, branch.plan.field(name))
    elif (column := bound.find(name)) is not None:
        yield column


def _setup(bound: Bound) -> str:
    """What a rule needs: its data."""
    patterns = sorted({index for _, index in _tables(bound)})
    listed = "\n".join(f"- `{pattern}`" for pattern in patterns)
    return f"## Setup\n\nThe rule reads\n\n{listed}"
