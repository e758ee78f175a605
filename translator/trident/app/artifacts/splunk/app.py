"""The Splunk app of a profile: every rule as a scheduled search, and the macros they read."""

from __future__ import annotations

import json
from collections.abc import Sequence

from trident.app.artifacts.deployment import Artifact, Deployment, Made
from trident.app.artifacts.splunk import cron, limits, macros
from trident.app.artifacts.splunk.conf import Stanzas, conf, prose, untokened
from trident.app.artifacts.splunk.data import table
from trident.app.artifacts.splunk.drilldowns import drilldowns
from trident.app.artifacts.splunk.names import names, stanza
from trident.app.artifacts.splunk.rba import assess, attack_annotations, domain, missing_columns
from trident.base.diagnostics import Severity, TridentError
from trident.mapping.profiles import Profile

COMMENT = "Written by Trident from Sigma rules. Put changes into local/, which it never writes."


def app(deployments: Sequence[Deployment]) -> Made:
    """The app's configuration files; a rule that they cannot hold is left out and reported.

    Raises:
        TridentError: TRI731 for a macro's definition in trident.yml that no line can hold.
    """
    made = Made()
    try:
        app = app_of(deployments[0].profile)
        defined = macros.definitions(deployments[0].profile)
    except TridentError as error:
        made.refuse(deployments[0], error)
        return made
    # A site installs the app of one profile; those of several may have the same id.
    place = f"search in the Splunk app of {deployments[0].profile.name}"
    searches: dict[str, dict[str, str]] = {}
    held = []
    for deployment, name in zip(deployments, search_names(deployments), strict=True):
        try:
            saved = saved_search(deployment, app, name)
            conf("", {saved.stanza: saved.settings})
        except TridentError as error:
            made.refuse(deployment, error)
            continue
        for warning in [*missing_columns(deployment), *_warnings(deployment)]:
            made.refuse(deployment, warning)
        made.claim(place, saved.stanza, deployment)
        searches[saved.stanza] = dict(saved.settings)
        held.append(deployment)
    if held:
        files = {
            "default/app.conf": _app_conf(app, held[0].profile),
            "default/savedsearches.conf": searches,
            "default/macros.conf": {
                name: {"definition": text, "iseval": "0"} for name, text in sorted(defined.items())
            },
            "metadata/default.meta": {
                "": {"access": "read : [ * ], write : [ admin, sc_admin ]", "export": "system"}
            },
        }
        for path, stanzas in files.items():
            text = conf(COMMENT, stanzas)
            made.artifacts.append(Artifact(f"app/{app.id}/{path}", text, tuple(held)))
    return made


def app_of(profile: Profile) -> limits.App:
    """The profile's app, as trident.yml (``settings: spl: app``) has it.

    Raises:
        TridentError: TRI730 for an id, label or version that Splunk does not take.
    """
    return limits.App(**profile.settings["app"])


def search_names(deployments: Sequence[Deployment]) -> list[str]:
    """Each rule's search name, distinct within the profile."""
    return names([(each.metadata.title, each.metadata.id) for each in deployments])


def saved_search(deployment: Deployment, app: limits.App, name: str) -> limits.SavedSearch:
    """A rule as a stanza of savedsearches.conf.

    Raises:
        TridentError: TRI730 for what is over a limit.
    """
    said, query = deployment.metadata, deployment.rule.query
    assert query is not None
    assessed = assess(deployment)
    title, crontab = stanza(app.label, name), cron.schedule(deployment.run.frequency, said.id)
    earliest, latest = time_range(deployment)
    settings = {
        "description": prose(said.description),
        "search": query.text,
        "dispatch.earliest_time": earliest,
        "dispatch.latest_time": latest,
        "enableSched": "1",
        "disabled": "1" if said.status.lower() in table("splunk")["disabled"] else "0",
        "cron_schedule": crontab,
        # Continuous scheduling never skips a run (savedsearches.conf.spec), and a run gives alerts
        # that no other gives.
        "realtime_schedule": "0",
        "schedule_window": "0",
        "allow_skew": "0",
        "is_visible": "0",
        "counttype": "number of events",
        "relation": "greater than",
        "quantity": "0",
        "alert.digest_mode": "1",
        "alert.severity": str(assessed.alert_severity),
        "alert.suppress": "0",
        "alert.track": "1",
        "action.correlationsearch.enabled": "1",
        "action.correlationsearch.label": title,
        "action.correlationsearch.annotations": json.dumps(attack_annotations(deployment)),
    }
    if assessed.is_notable:
        settings |= {
            "action.notable": "1",
            "action.notable.param.rule_title": untokened(said.title),
            "action.notable.param.rule_description": untokened(said.description),
            "action.notable.param.security_domain": domain(deployment)[0],
            "action.notable.param.severity": assessed.severity,
            "action.notable.param.nes_fields": ",".join(assessed.columns),
            "action.notable.param.drilldown_searches": json.dumps(drilldowns(deployment, assessed)),
        }
    if assessed.adds_risk:
        settings |= {
            "action.risk": "1",
            "action.risk.param._risk": assessed.as_json(),
            "action.risk.param._risk_message": assessed.message,
            "action.risk.param._risk_score": "0",
            "action.risk.param.verbose": "0",
        }
    return limits.SavedSearch(title, crontab, assessed.score, settings)


def time_range(deployment: Deployment) -> tuple[str, str]:
    """Earliest and latest time of a run, those that the search itself gives."""
    return f"-{deployment.period + 1}s", f"{1 - deployment.run.delay:+}s"


def undefined(deployment: Deployment) -> list[str]:
    """The rule's macros that the profile does not define."""
    defined = macros.definitions(deployment.profile)
    return [name for name in macros.used(deployment) if name not in defined]


def _warnings(deployment: Deployment) -> list[TridentError]:
    rows = [
        TridentError(
            "TRI734",
            f"the Splunk app does not define macro {name}",
            severity=Severity.WARNING,
        )
        for name in undefined(deployment)
    ]
    if cron.clock_changes(deployment.run.frequency):
        rows.append(
            TridentError(
                "TRI735",
                f"Splunk runs it every {deployment.run.frequency // cron.HOUR} h by the search "
                "head's clock: when that changes, an hour of alerts is lost or repeated",
                severity=Severity.WARNING,
            )
        )
    return rows


def _app_conf(app: limits.App, profile: Profile) -> Stanzas:
    return {
        "install": {"is_configured": "0", "state": "enabled"},
        "launcher": {
            "author": prose(app.author),
            "description": prose(f"Sigma rules for {profile.title}"),
            "version": app.version,
        },
        "package": {"id": app.id, "check_for_updates": "0"},
        "id": {"name": app.id, "version": app.version},
        "ui": {"is_visible": "0", "label": app.label},
    }
