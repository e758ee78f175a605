"""What a log source's records say in other words than Sigma (``trident.mapping.wording``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.generate import NOW
from trident.app.verify.native import native_rows
from trident.engines.kusto.engine import KqlEngine
from trident.mapping.profiles import Source, load_profiles
from trident.mapping.wording import read_wording
from trident.meaning.evaluate import evaluate
from trident.meaning.events import Event
from trident.rule.plan import LogSource, Plan
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset
from trident.translate.translate import translate

CASES = yaml.load(Path(__file__).with_name("wording.yml").read_text("utf-8"), yaml.CSafeLoader)
PROFILES = {"kql": "sentinel", "spl": "microsoft_addon", "eql": "integrations"}


def plan_of(case: dict[str, Any]) -> Plan:
    detection = {"wanted": case["detection"], "condition": "wanted"}
    if "filter" in case:
        detection |= {"unwanted": case["filter"], "condition": "wanted and not unwanted"}
    rule = {"title": case["why"], "logsource": case["logsource"], "detection": detection}
    (planned,) = plan_all(Ruleset.from_documents([Document(rule)]))
    assert planned.plan is not None, planned.diagnostics
    return planned.plan


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_text(case: dict[str, Any]) -> None:
    for target, name in PROFILES.items():
        profile = load_profiles(target)[name]
        if "refused" in case and target == "kql":
            translation = translate(plan_of(case), profile)
            assert translation.error is not None
            assert translation.error.code == case["refused"]
        elif target in case:
            query = translate(plan_of(case), profile).query
            assert query is not None
            assert case[target] in " ".join(query.text.split())


@pytest.mark.parametrize("case", [c for c in CASES if "hits" in c], ids=lambda case: case["why"])
def test_kql_finds_what_the_rule_means(case: dict[str, Any]) -> None:
    pytest.importorskip("duckdb_kql")
    profile = load_profiles("kql")["sentinel"]
    plan, source = plan_of(case), LogSource(**case["logsource"])
    query = translate(plan, profile).query
    assert query is not None
    table = next(s.table for s in profile.sources if s.logsource == source)
    with KqlEngine({table.name: {**table.stored, profile.time: "datetime"}}) as engine:
        for expected, given in ((1, case["hits"]), (0, case.get("misses", ()))):
            for fields in given:
                event = Event(NOW, source, fields)
                engine.load(native_rows([event], profile))
                assert len(engine.run(query.text, NOW)) == expected, fields
                if case.get("evaluated", True):
                    assert len(evaluate(plan, [event], NOW)) == expected, fields


REGISTRY = [
    # key, the value's name, Sysmon's TargetObject
    (
        r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\X",
        "Start",
        r"HKLM\SYSTEM\CurrentControlSet\Services\X\Start",
    ),
    (
        r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\X",
        "Start",
        r"HKLM\System\CurrentControlSet\X\Start",
    ),
    (r"HKEY_LOCAL_MACHINE\SOFTWARE\A", "", r"HKLM\SOFTWARE\A"),
    (
        r"HKEY_CURRENT_USER\S-1-5-21-1\Software\A",
        "B",
        r"HKU\S-1-5-21-1\Software\A\B",
    ),
    (r"HKEY_USERS\S-1-5-18\A", "B", r"HKU\S-1-5-18\A\B"),
]


@pytest.mark.parametrize(("key", "value", "path"), REGISTRY)
def test_registry_paths_in_sysmons_form(key: str, value: str, path: str) -> None:
    """Executed; RegistryDetails needs tohex(), which the executor lacks, and is bound only."""
    pytest.importorskip("duckdb_kql")
    profile = load_profiles("kql")["sentinel"]
    rule = {
        "why": "registry",
        "logsource": {"category": "registry_set", "product": "windows"},
        "detection": {"TargetObject": path},
    }
    query = translate(plan_of(rule), profile).query
    assert query is not None
    row = {"RegistryKey": key, "RegistryValueName": value, "ActionType": "RegistryValueSet"}
    table = next(s.table for s in profile.sources if s.table.name == "DeviceRegistryEvents")
    with KqlEngine({table.name: {**table.stored, profile.time: "datetime"}}) as engine:
        engine.load({table.name: [{**row, profile.time: NOW}]})
        assert len(engine.run(query.text, NOW)) == 1


def test_a_users_own_mapping_takes_sigmas_values() -> None:
    wording = read_wording(
        {
            "where": {"A": [1, 2]},
            "values": {"F": {"x": "y"}, "G": {"x": "y"}},
            "hashes": {"md5": "md5"},
            "divert": {"F": {"a": "G"}},
            "lacks": {"F": {"b": "no"}},
            "either": {"F": ["F", "G"]},
        }
    )
    kept = wording.without({"F", "Hashes"})
    assert (kept.where, set(kept.values), kept.hashes) == ({"A": (1, 2)}, {"G"}, {})
    assert not (kept.divert or kept.lacks or kept.either)


def test_nothing_is_reworded_in_place() -> None:
    plan = plan_of(CASES[4])
    before = repr(plan)
    for target, name in PROFILES.items():
        translate(plan, load_profiles(target)[name])
    assert repr(plan) == before


def test_the_longest_prefix_wins() -> None:
    source = next(
        source
        for source in load_profiles("kql")["sentinel"].sources
        if source.logsource == LogSource(product="windows", service="security")
    )
    assert isinstance(source, Source)
    kept = source.column("EventData.ServiceName")
    assert kept is not None
    assert (kept.container, kept.name, kept.format) == ("EventData", "ServiceName", "xml")
