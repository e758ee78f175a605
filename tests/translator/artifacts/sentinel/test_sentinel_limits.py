"""Each limit of Sentinel on an analytics rule: a rule at it is made, a rule over it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from tests.translator.artifacts.sentinel.deployed import counted, made, only, rule
from tests.translator.conftest import Trident
from trident.app.artifacts import limits
from trident.app.artifacts.sentinel_rule import AnalyticsRule, EntityMapping
from trident.base.diagnostics import Refusal, Severity
from trident.rule.plan import Run

DAY, HOUR, MINUTE = 86400, 3600, 60
HOST = EntityMapping("Host", {"HostName": "DeviceName"})

FITS: dict[str, Any] = {
    "id": UUID("0a6be1a1-5f6d-4b1b-9d3a-7f3a2c1d0e5f"),
    "name": "Name",
    "description": "Text",
    "severity": "High",
    "connectors": (),
    "frequency": HOUR,
    "period": 2 * HOUR,
    "tactics": (),
    "techniques": (),
    "query": "T",
    "entities": (),
    "details": {},
    "version": "1.0.0",
}

RULES = [
    ("name", {"name": "x" * 256}, {"name": "x" * 257}),
    ("name: code units", {"name": "😀" * 128}, {"name": "😀" * 129}),
    ("no name", {"name": "x"}, {"name": ""}),
    ("description", {"description": "x" * 5000}, {"description": "x" * 5001}),
    ("query", {"query": "x" * 10_000}, {"query": "x" * 10_001}),
    ("no query", {"query": "x"}, {"query": ""}),
    ("union *", {"query": "union T"}, {"query": "union  *"}),
    ("search *", {"query": "research *"}, {"query": "T | search * "}),
    ("a column of the former mapping", {"query": "Host"}, {"query": "HostCustomEntity = Host"}),
    ("frequency, shortest", {"frequency": 5 * MINUTE}, {"frequency": 5 * MINUTE - 1}),
    (
        "frequency, longest",
        {"frequency": 14 * DAY, "period": 14 * DAY},
        {"frequency": 14 * DAY + 1, "period": 14 * DAY},
    ),
    (
        "period, shortest",
        {"frequency": 300, "period": 300},
        {"frequency": 300, "period": 299},
    ),
    ("period, longest", {"period": 14 * DAY}, {"period": 14 * DAY + 1}),
    (
        "period and frequency",
        {"frequency": 2 * HOUR, "period": 2 * HOUR},
        {"frequency": 2 * HOUR, "period": 2 * HOUR - 1},
    ),
    (
        "two days of data",
        {"frequency": HOUR, "period": 2 * DAY},
        {"frequency": HOUR - 1, "period": 2 * DAY},
    ),
    (
        "nearly two days",
        {"frequency": 5 * MINUTE, "period": 2 * DAY - 1},
        {"frequency": 5 * MINUTE, "period": 2 * DAY},
    ),
    ("technique", {"techniques": ["T1234.001"]}, {"techniques": ["T1234", "T1234.1"]}),
    ("entities", {"entities": [HOST] * 5}, {"entities": [HOST] * 6}),
    (
        "details",
        {"details": {f"d{number}": "c" for number in range(20)}},
        {"details": {f"d{number}": "c" for number in range(21)}},
    ),
    ("version", {"version": "1.20.300"}, {"version": "1.2"}),
    ("version's length", {"version": "1.2.3456789012345678"}, {"version": "1.2.34567890123456789"}),
]


@pytest.mark.parametrize(("at", "over"), [case[1:] for case in RULES], ids=[c[0] for c in RULES])
def test_a_rule(at: dict[str, Any], over: dict[str, Any]) -> None:
    AnalyticsRule(**FITS | at)
    with pytest.raises(Refusal) as refused:
        AnalyticsRule(**FITS | over)
    assert refused.value.diagnostic.code == "TRI716"


ENTITIES = [
    (
        "three identifiers",
        ("Account", {"Name": "a", "Sid": "b", "NTDomain": "c"}),
        ("Account", {"Name": "a", "Sid": "b", "NTDomain": "c", "DnsDomain": "d"}),
    ),
    ("no identifier", ("URL", {"Url": "u"}), ("URL", {})),
    ("column", ("IP", {"Address": "_a1"}), ("IP", {"Address": "1a"})),
    ("column: ASCII", ("IP", {"Address": "a"}), ("IP", {"Address": "ä"})),
    ("column's length", ("IP", {"Address": "a" * 500}), ("IP", {"Address": "a" * 501})),
    ("one that Sentinel knows it by", ("Host", {"HostName": "a"}), ("Host", {"NTDomain": "a"})),
    (
        "both of a hash",
        ("FileHash", {"Algorithm": "a", "Value": "b"}),
        ("FileHash", {"Value": "b"}),
    ),
]


@pytest.mark.parametrize(("at", "over"), [c[1:] for c in ENTITIES], ids=[c[0] for c in ENTITIES])
def test_an_entity(at: tuple[str, Any], over: tuple[str, Any]) -> None:
    EntityMapping(*at)
    with pytest.raises(Refusal) as refused:
        EntityMapping(*over)
    assert refused.value.diagnostic.code == "TRI716"


def test_every_entity_type_has_its_identifiers(root: Path) -> None:
    folder = root / "translator" / "trident" / "app" / "artifacts"
    known = yaml.safe_load((folder / "sentinel.yml").read_text())["entities"]
    required = yaml.safe_load((folder / "sentinel_limits.yml").read_text())["required"]
    assert set(known) == set(required)
    for name, ways in required.items():
        for way in ways:
            assert set([way] if isinstance(way, str) else way) <= set(known[name]), name


def test_a_limit_names_field_source_and_way_out(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rule.yml").write_text(counted() + f"description: {'x' * 5001}\n")
    ran = trident("build", cwd=tmp_path)
    assert ran.code == 0  # the hunting query and every other artifact are made
    assert "rule.yml:12:1: TRI716 refused: Sentinel does not take the rule's description: " in (
        ran.err
    )
    assert "5001 characters; the limit is 5000 characters (github.com/Azure/" in ran.err
    assert "help: see docs/artifacts-sentinel.md" in ran.err
    sentinel = tmp_path / "dist" / "kql" / "sentinel"
    assert (sentinel / "hunting" / "count.yaml").exists()
    assert not (sentinel / "analytics" / "count.yaml").exists()
    assert not (sentinel / "analytics" / "count.json").exists()


@pytest.mark.parametrize(
    ("timespan", "fits"), [("13d", True), ("334h", True), ("335h", False)], ids=str
)
def test_a_rule_that_needs_two_weeks(tmp_path: Path, timespan: str, fits: bool) -> None:
    """335 hours leave an hour less the delay, and so long a period needs an hour between runs."""
    deployment = only(tmp_path, counted(timespan), run=Run(HOUR, 300))
    written = made([deployment])
    assert any(each.path.startswith("analytics/") for each in written.artifacts) is fits
    codes = [(each.code, each.severity) for each in written.diagnostics]
    assert codes == ([] if fits else [("TRI716", Severity.REFUSED)])


def test_a_value_that_holds_a_forbidden_text(tmp_path: Path) -> None:
    written = made([only(tmp_path, rule(value=r"union \* from"))])
    assert [each.code for each in written.diagnostics] == ["TRI716"]
    assert written.artifacts == []


def test_a_limit_without_bounds_takes_everything() -> None:
    assert limits.Limit("source").broken(object()) == ""
