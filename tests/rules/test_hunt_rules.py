"""The two hunts' documents: what their sources carry is in them, and their filters work."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.collection import SigmaCollection

from trident.base.diagnostics import Span
from trident.meaning.evaluate import evaluate
from trident.meaning.events import parse_event, parse_time
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset

RULES = Path(__file__).resolve().parents[2] / "rules"
REFERENCE = Path(__file__).with_name("reference")
HUNTS = {
    "steganography_then_webmail": ("upstream_stego.yaml", "000_40f5868aa8ed89d6.txt"),
    "large_jpeg_from_new_source": ("upstream_jpeg.yaml", "001_e34a3c044306bae9.txt"),
}
FILTERS = sorted(path.stem for path in (RULES / "filters").glob("*.yml"))
NOW = "2026-01-15T12:00:00Z"


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def hunt_of(name: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The base rules and the correlation, which stands last: pySigma 1.5.1 needs it there."""
    *base, correlation = documents(RULES / f"{name}.yml")
    assert "correlation" in correlation and all("detection" in rule for rule in base)
    return base, correlation


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(params=sorted(HUNTS))
def hunt(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def source(hunt: str, shared: Path) -> dict[str, Any]:
    text = (shared / "reference" / HUNTS[hunt][0]).read_text("utf-8")
    return dict(yaml.safe_load(text))


@pytest.fixture
def seed(hunt: str, shared: Path) -> str:
    return (shared / "reference" / "seeds" / HUNTS[hunt][1]).read_text("utf-8")


def test_plain_pysigma_loads_rules_and_filters() -> None:
    paths = [RULES / f"{name}.yml" for name in HUNTS]
    paths += [RULES / "filters" / f"{name}.yml" for name in FILTERS]
    loaded = SigmaCollection.from_dicts([d for path in paths for d in documents(path)])
    assert not loaded.errors
    assert len(loaded.rules) == 6


def test_ids_are_the_sources_and_derived_from_it(hunt: str) -> None:
    base, correlation = hunt_of(hunt)
    for rule in base:
        expected = uuid.uuid5(uuid.UUID(correlation["id"]), rule["name"])
        assert rule["id"] == str(expected)
        assert rule["related"] == [{"id": correlation["id"], "type": "derived"}]
        assert rule["fields"]
    assert [rule["name"] for rule in base] == correlation["correlation"]["rules"]


def test_metadata_of_the_source_goes_along(hunt: str, source: dict[str, Any]) -> None:
    _, rule = hunt_of(hunt)
    trident = rule["trident"]
    prose, *links = source["description"].strip().strip("'").split("Ref:")
    tags = set(rule["tags"])
    assert rule["id"] == source["id"]
    assert trident["source_name"] == source["name"]
    assert plain(rule["description"]) == plain(prose)
    assert rule.get("references", []) == [link.strip().strip("'") for link in links]
    assert trident["data_connectors"] == source["requiredDataConnectors"]
    assert {
        "attack." + re.sub(r"(?<!^)(?=[A-Z])", "-", tactic).lower() for tactic in source["tactics"]
    } <= tags
    assert {f"attack.{number.lower()}" for number in source.get("relevantTechniques", [])} <= tags


def test_connectors_stand_in_the_log_sources(hunt: str, source: dict[str, Any]) -> None:
    text = " ".join(rule["logsource"]["definition"] for rule in hunt_of(hunt)[0])
    for connector in source["requiredDataConnectors"]:
        for name in (connector["connectorId"], *connector["dataTypes"]):
            assert name in text


def test_entities_of_the_source_go_along(shared: Path) -> None:
    source = yaml.safe_load((shared / "reference" / "upstream_jpeg.yaml").read_text("utf-8"))
    columns = {"filename": "filename", "RequestURL": "c-uri", "SourceUserName": "cs-username"}
    expected = [
        {
            "type": {"Url": "URL"}.get(entity["entityType"], entity["entityType"]),
            **{f["identifier"]: columns[f["columnName"]] for f in entity["fieldMappings"]},
        }
        for entity in source["entityMappings"]
    ]
    assert hunt_of("large_jpeg_from_new_source")[1]["trident"]["entities"] == expected


def test_hypothesis_and_false_positives_go_along(hunt: str, seed: str) -> None:
    _, rule = hunt_of(hunt)
    assert rule["trident"]["hypothesis"] == seed.splitlines()[0]
    scenarios = re.findall(r"^Scenario: (.+)\nDescription: (.+)$", seed, re.MULTILINE)
    assert len(scenarios) == len(rule["falsepositives"]) == {"s": 4, "l": 5}[hunt[0]]
    for (title, text), line in zip(scenarios, rule["falsepositives"], strict=True):
        assert line.lower().startswith(f"{title}: {text}".lower())
    assert "cut off" in rule["falsepositives"][-1]


def test_names_and_hosts_are_the_reference_querys() -> None:
    query = (REFERENCE / "steganography.kql").read_text("utf-8")
    names, hosts = (
        re.findall(r'"([^"]+)"', listed) for listed in re.findall(r"pack_array \((.+?)\)", query)
    )
    process, file, webmail = hunt_of("steganography_then_webmail")[0]
    term = f"(^|[^A-Za-z0-9])({'|'.join(names)})([^A-Za-z0-9]|$)"
    assert process["detection"]["tool"] == {"CommandLine|re|i": term}
    assert file["detection"]["tool"] == {"FileName|re|i": term}
    assert webmail["detection"]["webmail"] == {"DestinationHostname|contains": hosts}


def ruleset(*filters: str, **placeholders: list[str]) -> Ruleset:
    paths = [*(RULES / f"{name}.yml" for name in sorted(HUNTS))]
    paths += sorted((RULES / "filters").glob("*.yml"))
    loaded = [Document(data, Span(str(path))) for path in paths for data in documents(path)]
    return Ruleset.from_documents(loaded, filters=filters, placeholders=placeholders)


def fire_times(rules: Ruleset, name: str, events: list[dict[str, Any]]) -> list[str]:
    """The minutes of the alerts of one hunt on events given as minute, category and fields."""
    assert not rules.diagnostics
    (planned,) = (each for each in plan_all(rules) if each.identity.name == name)
    assert planned.plan is not None and not planned.diagnostics
    parsed = [parse_event(event) for event in events]
    return [
        f"{(parse_time(NOW) - alert.time) // 60_000_000}m ago"
        for alert in evaluate(planned.plan, parsed, parse_time(NOW))
    ]


def event(time: str, category: str, **fields: Any) -> dict[str, Any]:
    logsource = {"category": category}
    if category != "proxy":
        logsource["product"] = "windows"
        fields["Computer"] = "ws1"
    named = {name.replace("__", "-"): value for name, value in fields.items()}
    return {"time": f"2026-01-15T{time}:00Z", "logsource": logsource, "fields": named}


def steganography(**tool: str) -> list[dict[str, Any]]:
    return [
        event("11:00", "process_creation", **tool),
        event("11:20", "network_connection", DestinationHostname="mail.google.com", User="ann"),
    ]


def downloads(machine: str) -> list[dict[str, Any]]:
    seen = {"c__uri": "/a.jpg", "cs__host": "known", "sc__bytes": 10, "src_ip": "10.0.0.9"}
    large = {**seen, "cs__host": "new", "sc__bytes": 99, "src_ip": machine}
    return [
        {**event("09:00", "proxy", **seen), "time": "2026-01-12T09:00:00Z"},
        event("11:20", "proxy", **large),
    ]


PYTHON = r"C:\Python\python.exe"
FILTER_CASES = [
    # filter, placeholder values, hunt, events, still an alert with the filter, why
    (
        "exclude_image_editing_users",
        {"image_editing_users": ["ann", "bob"]},
        steganography(CommandLine="steg a.png", User="BOB"),
        False,
        "account names compare without case",
    ),
    (
        "exclude_image_editing_users",
        {"image_editing_users": ["ann"]},
        steganography(CommandLine="steg a.png", User="eve"),
        True,
        "only the tool's user counts, not who opened the webmail",
    ),
    (
        "exclude_image_editing_users",
        {"image_editing_users": ["ann"]},
        steganography(CommandLine="steg a.png"),
        True,
        "a record without a user is nobody's",
    ),
    (
        "exclude_it_admin_users",
        {"it_admin_users": ["root"]},
        steganography(CommandLine="steg a.png", User="root"),
        False,
        "a listed administrator",
    ),
    (
        "exclude_scheduled_image_jobs",
        {"scheduled_image_jobs": ["job_17"]},
        steganography(CommandLine="python x.py --job_17 steg", Image=PYTHON),
        False,
        "a known job of python",
    ),
    (
        "exclude_scheduled_image_jobs",
        {"scheduled_image_jobs": ["job_17"]},
        steganography(CommandLine="python x.py --job_18 steg", Image=PYTHON),
        True,
        "another job",
    ),
    (
        "exclude_scheduled_image_jobs",
        {"scheduled_image_jobs": ["job_17"]},
        steganography(CommandLine="python x.py --job_17 steg", Image=r"C:\x\notpython.exe"),
        True,
        "another program",
    ),
    (
        "exclude_bulk_image_machines",
        {"bulk_image_machines": ["10.0.0.1"]},
        downloads("10.0.0.1"),
        False,
        "a listed machine",
    ),
    (
        "exclude_bulk_image_machines",
        {"bulk_image_machines": ["10.0.0.1"]},
        downloads("10.0.0.10"),
        True,
        "an address is compared whole",
    ),
]


@pytest.mark.parametrize(
    ("name", "values", "events", "fires"),
    [pytest.param(n, v, e, f, id=f"{n}-{why}") for n, v, e, f, why in FILTER_CASES],
)
def test_filter_excludes_what_it_names(
    name: str, values: dict[str, list[str]], events: list[dict[str, Any]], fires: bool
) -> None:
    (target,) = {
        hunt
        for hunt in HUNTS
        for rule in hunt_of(hunt)[0]
        if rule["name"] in documents(RULES / "filters" / f"{name}.yml")[0]["filter"]["rules"]
    }
    assert fire_times(ruleset(), target, events) == ["40m ago"], "off by default"
    expected = ["40m ago"] if fires else []
    assert fire_times(ruleset(name, **values), target, events) == expected


def test_every_filter_is_tried_and_linked(root: Path) -> None:
    assert {case[0] for case in FILTER_CASES} == set(FILTERS)
    page = (root / "docs" / "reference-hunts.md").read_text("utf-8")
    for name in FILTERS:
        (document,) = documents(RULES / "filters" / f"{name}.yml")
        assert document["name"] == name
        assert document["filter"]["condition"] == "not selection"
        assert f"`{name}`" in page
    for hunt in HUNTS:
        for line in hunt_of(hunt)[1]["falsepositives"]:
            assert set(re.findall(r"exclude_\w+", line)) <= set(FILTERS)
