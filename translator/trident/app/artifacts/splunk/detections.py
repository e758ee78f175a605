"""contentctl's YAML: a detection per rule, and the macros and data sources that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from trident.app.artifacts.deployment import Artifact, Deployment, Made
from trident.app.artifacts.metadata import Metadata
from trident.app.artifacts.splunk import cron, limits, macros
from trident.app.artifacts.splunk.app import app_of, search_names, time_range, undefined
from trident.app.artifacts.splunk.conf import prose
from trident.app.artifacts.splunk.data import table
from trident.app.artifacts.splunk.drilldowns import drilldowns
from trident.app.artifacts.splunk.names import file_stem, stanza
from trident.app.artifacts.splunk.rba import Assessment, assess, domain
from trident.app.artifacts.yaml_text import is_plain
from trident.base.diagnostics import Severity, TridentError
from trident.base.printable import escaped_file

# What contentctl takes for a lookup, wherever it stands (objects/lookup.py, get_lookups).
_LOOKUP = re.compile(r"\W(?:input|output)?lookup(?:\s*\w+\s*=\s*\S*)*\s+\w", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def contentctl(deployments: Sequence[Deployment]) -> Made:
    """The content of a contentctl repository; a rule that it does not take is reported."""
    made = Made()
    try:
        app = app_of(deployments[0].profile)
        defined = macros.definitions(deployments[0].profile)
    except TridentError:
        return made  # the app's writer has said so
    users: dict[str, list[Deployment]] = {}
    for deployment, name in zip(deployments, search_names(deployments), strict=True):
        try:
            written = detection(deployment, app, name)
        except TridentError as error:
            made.refuse(deployment, error)
            continue
        repository = f"contentctl's {deployment.profile.name}"
        made.claim(f"name of a detection in {repository}", written.name, deployment)
        made.claim(f"id of a detection in {repository}", written.id, deployment)
        path = f"contentctl/detections/{file_stem(name)}.yml"
        made.artifacts.append(Artifact(path, as_yaml(_document(written)), (deployment,)))
        for macro in macros.used(deployment):
            users.setdefault(macro, []).append(deployment)
    for macro, named in sorted(users.items()):
        definition = defined[macro]
        for folder, content in (
            ("macros", _macro(macro, definition)),
            ("data_sources", _data_source(macro, definition, named[0])),
        ):
            path = f"contentctl/{folder}/{file_stem(content['name'])}.yml"
            made.artifacts.append(Artifact(path, as_yaml(content), tuple(named)))
    return made


def detection(deployment: Deployment, app: limits.App, name: str) -> limits.Detection:
    """A rule as contentctl's detection.

    Raises:
        TridentError: TRI730 for what is over a limit; TRI732 for a search that contentctl
            misreads; TRI734 for a macro without a definition; TRI737 for a status that asks for
            more than a rule says.
    """
    said, query, tables = deployment.metadata, deployment.rule.query, table("splunk")
    assert query is not None
    _refuse(deployment)
    assessed = assess(deployment)
    security_domain, asset_type = domain(deployment)
    content: dict[str, Any] = {
        "status": tables["statuses"][said.status.lower()],
        "type": assessed.type,
        "data_source": [_events_of(macro) for macro in macros.used(deployment)],
        "search": f"{query.text.rstrip()}\n| `{file_stem(name)}_filter`",
        "how_to_implement": _how_to_implement(deployment),
        "references": [url for url in said.references if _URL.fullmatch(url)],
        "drilldown_searches": drilldowns(deployment, assessed) if assessed.is_notable else [],
        "deployment": _scheduling(deployment, assessed),
        "rba": _rba(assessed),
        "tags": {
            "analytic_story": [],
            "asset_type": asset_type,
            "mitre_attack_id": _most_specific(said.techniques),
            "product": tables["products"],
            "security_domain": security_domain,
        },
    }
    if said.hypothesis:
        content["explanation"] = prose(said.hypothesis)
    return limits.Detection(
        name=name,
        stanza=stanza(app.label, name),
        id=said.id,
        date=said.modified or tables["no_date"],
        author=prose(said.author) or tables["no_author"],
        description=_description(said),
        known_false_positives=prose("; ".join(said.false_positives))
        or tables["no_false_positives"],
        risk_score=assessed.score,
        content={key: value for key, value in content.items() if value != {}},
    )


def as_yaml(content: Mapping[str, Any]) -> str:
    """A mapping as YAML, texts of several lines as blocks."""
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return escaped_file(text)


def _style(text: str) -> str | None:
    if not is_plain(text):
        return '"'
    return "|" if "\n" in text else None


class _Dumper(yaml.CSafeDumper):
    """PyYAML's dumper with blocks; no aliases, which people would have to resolve."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text)),
)


def _document(written: limits.Detection) -> dict[str, Any]:
    return {
        "name": written.name,
        "id": written.id,
        "version": 1,
        "date": written.date,
        "author": written.author,
        "description": written.description,
        "known_false_positives": written.known_false_positives,
        **written.content,
    }


def _refuse(deployment: Deployment) -> None:
    said, query = deployment.metadata, deployment.rule.query
    assert query is not None
    if said.status.lower() not in table("splunk")["statuses"]:
        raise TridentError(
            "TRI737",
            f"a rule with status {said.status} is no contentctl detection",
            severity=Severity.WARNING,
        )
    if lookup := _LOOKUP.search(query.text):
        raise TridentError(
            "TRI732",
            f"contentctl takes {lookup[0]!r} in a value for a lookup that it does not have",
            severity=Severity.WARNING,
        )
    for macro in undefined(deployment):
        raise TridentError(
            "TRI734",
            f"macro {macro} has no definition, so there is no contentctl detection",
            severity=Severity.WARNING,
        )


def _description(said: Metadata) -> str:
    """The description, then the references that are no URL, which contentctl takes nowhere."""
    others = [each for each in said.references if not _URL.fullmatch(each)]
    return prose(" ".join([said.description, *(f"Reference: {each}" for each in others)]))


def _how_to_implement(deployment: Deployment) -> str:
    used = " and ".join(macros.used(deployment))
    return (
        f"Define the macros of the search ({used}) as the site stores the data. A run gives the "
        f"alerts of {deployment.run.frequency} s that end {deployment.run.delay} s before it; keep "
        "the schedule as it is, or build the rule again with another frequency or delay."
    )


def _scheduling(deployment: Deployment, assessed: Assessment) -> dict[str, Any]:
    """The inline deployment: contentctl's own schedules ask for other data than the search."""
    earliest, latest = time_range(deployment)
    actions: dict[str, Any] = {"rba": {"enabled": assessed.adds_risk}}
    if assessed.is_notable:
        actions["notable"] = {
            "rule_title": "%name%",
            "rule_description": "%description%",
            "nes_fields": assessed.columns,
        }
    return {
        "scheduling": {
            "cron_schedule": cron.schedule(deployment.run.frequency, deployment.metadata.id),
            "earliest_time": earliest,
            "latest_time": latest,
            "schedule_window": "0",
        },
        "alert_action": actions,
    }


def _rba(assessed: Assessment) -> dict[str, Any]:
    if not assessed.adds_risk:
        return {}
    return {
        "message": assessed.message,
        "risk_objects": [
            {"field": each.column, "type": each.type, "score": assessed.score}
            for each in assessed.risk
        ],
        "threat_objects": [{"field": each.column, "type": each.type} for each in assessed.threats],
    }


def _most_specific(techniques: Sequence[str]) -> list[str]:
    """Without the techniques of which a sub-technique is listed: contentctl takes no pair."""
    return [
        each for each in techniques if not any(other.startswith(f"{each}.") for other in techniques)
    ]


def _events_of(macro: str) -> str:
    return f"{macro} events"


def _macro(name: str, definition: str) -> dict[str, Any]:
    return {
        "name": name,
        "definition": definition,
        "description": "Where the site keeps this data. Define it as your site stores it.",
    }


def _data_source(macro: str, definition: str, deployment: Deployment) -> dict[str, Any]:
    profile = deployment.profile
    return {
        "name": _events_of(macro),
        "id": str(uuid5(NAMESPACE_URL, f"trident:spl/{profile.name}/{macro}")),
        "version": 1,
        "date": table("splunk")["no_date"],
        "author": table("splunk")["no_author"],
        "description": f"The events that macro {macro} finds.",
        "source": macros.of_field(definition, "source"),
        "sourcetype": macros.of_field(definition, "sourcetype"),
    }
