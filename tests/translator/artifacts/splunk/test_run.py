"""The two hunts' searches, read back from the app and from contentctl's YAML, and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

pytest.importorskip("lark")
pytest.importorskip("pcre2")

from tests.support.generate import NOW
from tests.support.hunts import JPEG, STEGANOGRAPHY, jpeg_events, steganography_events
from tests.translator.artifacts.splunk.deployed import deployed, text_of
from tests.translator.artifacts.splunk.reader import READINGS, read
from trident.app.artifacts.deployment import Deployment
from trident.app.artifacts.splunk import app, contentctl
from trident.app.verify.runners.spl import SplRunner
from trident.mapping.profiles import Profile
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.result.translation import Translation
from trident.rule.plan import Plan, scheduled

EVENTS = {STEGANOGRAPHY: steganography_events(), JPEG: jpeg_events()}


@pytest.fixture(scope="module")
def found(root: Path) -> dict[str, Deployment]:
    """The hunts under the default profile."""
    return {
        each.planned.identity.name: each
        for name in EVENTS
        for each in deployed(root / "rules" / f"{name}.yml")
        if each.planned.identity.name == name
    }


def alerts(
    deployment: Deployment, search: str, profile: Profile, events: Sequence[Event], now: int
) -> set[tuple[tuple[str, ...], int]]:
    """What a search finds, run by our interpreter."""
    assert deployment.rule.query is not None
    written: Translation = replace(
        deployment.rule, query=replace(deployment.rule.query, text=search)
    )
    return set(SplRunner().alerts(_plan(deployment), written, profile, events, now))


def _plan(deployment: Deployment) -> Plan:
    return scheduled(deployment.plan, deployment.run)


def runs(deployment: Deployment) -> list[int]:
    """Times of runs whose intervals hold what the events fire, and the neighbours'."""
    step = deployment.run.frequency * SECOND
    return [NOW + number * step for number in range(-30, 3)]


def check(deployment: Deployment, search: str, profile: Profile) -> None:
    events = EVENTS[deployment.planned.identity.name]
    fired = 0
    for now in runs(deployment):
        wanted = {(a.group, a.time) for a in evaluate(_plan(deployment), events, now)}
        assert alerts(deployment, search, profile, events, now) == wanted
        fired += len(wanted)
    assert fired


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize("name", EVENTS)
def test_from_the_app(found: dict[str, Deployment], name: str, reading: object) -> None:
    assert isinstance(reading, type(READINGS[0]))
    text = text_of(app([found[name]]), "savedsearches.conf")
    (stanza,) = read(text, reading).values()
    check(found[name], stanza["search"], found[name].profile)


@pytest.mark.parametrize("name", EVENTS)
def test_from_contentctl(found: dict[str, Deployment], name: str) -> None:
    """The filter macro, which keeps everything as contentctl defines it, changes nothing."""
    made = contentctl([found[name]])
    (path,) = (a.path for a in made.artifacts if "/detections/" in a.path)
    search = yaml.safe_load(text_of(made, path))["search"]
    macro = Path(path).stem + "_filter"
    assert search.endswith(f"\n| `{macro}`")
    settings = found[name].profile.settings
    profile = replace(
        found[name].profile,
        settings={
            **settings,
            "macros": {**settings["macros"], "filter": macro},
            "definitions": {**settings["definitions"], "filter": "search *"},
        },
    )
    check(found[name], search, profile)
