"""The app: what Splunk reads from its files is the rule's query on the rule's schedule."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.translator.artifacts.splunk.deployed import (
    HOSTILE,
    PROFILES,
    codes,
    deployed,
    one,
    rule,
    text_of,
)
from tests.translator.artifacts.splunk.reader import READINGS, Reading, read
from trident.app.artifacts.deployment import Deployment
from trident.app.artifacts.splunk import app
from trident.base.diagnostics import TridentError
from trident.rule.plan import Run

SAVED = "default/savedsearches.conf"


@pytest.fixture(scope="module", params=PROFILES)
def shipped(request: pytest.FixtureRequest, root: Path) -> list[Deployment]:
    """The shipped rules under each profile."""
    return deployed(root / "rules", request.param)


def stanzas(
    deployments: Sequence[Deployment], reading: Reading = READINGS[0]
) -> list[dict[str, str]]:
    """The saved searches, in the order of the rules."""
    return list(read(text_of(app(deployments), SAVED), reading).values())


def flat(search: str) -> str:
    """A search with one blank for each run of blanks and line breaks outside quotes."""
    quoted_or_blank = r"""("(?:[^"\\]|\\.)*"|'[^']*')|\s+"""
    return re.sub(quoted_or_blank, lambda found: found[1] or " ", search).strip()


def query(deployment: Deployment) -> str:
    assert deployment.rule.query is not None
    return deployment.rule.query.text


def test_every_rule_is_there(shipped: list[Deployment]) -> None:
    made = app(shipped)
    assert not made.diagnostics
    assert len(stanzas(shipped)) == len(shipped) >= 15


@pytest.mark.parametrize("reading", READINGS, ids=str)
def test_the_search_is_the_query(shipped: list[Deployment], reading: Reading) -> None:
    """The same text but for line breaks, so the same commands, however Splunk joins lines."""
    pytest.importorskip("lark")
    pytest.importorskip("pcre2")
    from trident.engines.spl import parse

    for found, deployment in zip(stanzas(shipped, reading), shipped, strict=True):
        assert repr(parse(found["search"])) == repr(parse(query(deployment)))
        if reading.joint == "\n" and not reading.strips:
            assert flat(found["search"]) == flat(query(deployment))


def test_times_are_the_searchs_own(shipped: list[Deployment]) -> None:
    for found, deployment in zip(stanzas(shipped), shipped, strict=True):
        (given,) = re.findall(r"earliest=(\S+) latest=(\S+)", flat(query(deployment)))
        assert (found["dispatch.earliest_time"], found["dispatch.latest_time"]) == given


def test_a_run_is_never_skipped(shipped: list[Deployment]) -> None:
    for found in stanzas(shipped):
        assert (found["realtime_schedule"], found["schedule_window"]) == ("0", "0")
        assert (found["allow_skew"], found["enableSched"], found["disabled"]) == ("0", "1", "0")


def test_every_macro_is_defined(shipped: list[Deployment]) -> None:
    macros = read(text_of(app(shipped), "default/macros.conf"))
    assert all(found["definition"] for found in macros.values())
    for found in stanzas(shipped):
        assert set(re.findall(r"`([^`]+)`", found["search"])) <= set(macros)


def test_what_is_json_is_json(shipped: list[Deployment]) -> None:
    for found, deployment in zip(stanzas(shipped), shipped, strict=True):
        techniques = json.loads(found["action.correlationsearch.annotations"])["mitre_attack"]
        assert techniques == list(deployment.metadata.techniques)
        named = found.get("action.notable.param.nes_fields", "")
        for each in json.loads(found.get("action.risk.param._risk", "[]")):
            column = each.get("risk_object_field", each.get("threat_object_field"))
            assert column in _columns(deployment)
            assert not named or column in named.split(",")
        for each in json.loads(found.get("action.notable.param.drilldown_searches", "[]")):
            assert set(each) == {"name", "search", "earliest_offset", "latest_offset"}


def _columns(deployment: Deployment) -> set[str]:
    assert deployment.rule.query is not None
    shown = deployment.rule.query
    return {*shown.columns.values(), *(shown.alert.group.values() if shown.alert else ())} | {
        column
        for entity in deployment.entities
        for name in entity.identifiers.values()
        if (column := deployment.column(name)) and not shown.columns
    }


def test_drilldowns_parse(shipped: list[Deployment]) -> None:
    pytest.importorskip("lark")
    pytest.importorskip("pcre2")
    from trident.engines.spl import parse

    for found in stanzas(shipped):
        for each in json.loads(found.get("action.notable.param.drilldown_searches", "[]")):
            if not each["search"].startswith("| from datamodel"):  # no command of our model
                assert parse(each["search"])


def test_layout(root: Path) -> None:
    made = app(deployed(root / "rules", "cim", app={"author": "Blue Team", "version": "2.1.0"}))
    assert [each.path.removeprefix("app/trident_cim/") for each in made.artifacts] == [
        "default/app.conf",
        SAVED,
        "default/macros.conf",
        "metadata/default.meta",
    ]
    found = read(text_of(made, "app.conf"))
    assert found["launcher"]["author"] == "Blue Team"
    assert found["launcher"]["version"] == found["id"]["version"] == "2.1.0"
    assert found["package"]["id"] == found["id"]["name"] == "trident_cim"
    assert read(text_of(made, "default.meta"))[""]["export"] == "system"


def test_the_app_is_the_same_every_time(root: Path) -> None:
    first, second = (app(deployed(root / "rules", "cim")) for _ in range(2))
    assert [a.text for a in first.artifacts] == [a.text for a in second.artifacts]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_description(tmp_path: Path, name: str) -> None:
    text = HOSTILE[name]
    (tmp_path / "rule.yml").write_text(rule(description=text))
    found = deployed(tmp_path)
    (searched,) = stanzas(found)
    assert flat(searched["search"]) == flat(query(one(found)))
    assert searched["disabled"] == "0"
    assert set(searched) == set(stanzas(_plain(tmp_path))[0])
    assert "$" not in searched["action.notable.param.rule_description"]


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "long"])
def test_hostile_title(tmp_path: Path, name: str) -> None:
    (tmp_path / "rule.yml").write_text(rule(title=HOSTILE[name]))
    found = deployed(tmp_path)
    (stanza,) = read(text_of(app(found), SAVED))
    assert re.fullmatch(r"Trident - [A-Za-z0-9_. -]+ - Rule", stanza)
    (searched,) = stanzas(found)
    assert flat(searched["search"]) == flat(query(one(found)))
    tokens = set(re.findall(r"\$([^$]*)\$", searched["action.risk.param._risk_message"]))
    known = json.loads(searched["action.risk.param._risk"])
    assert tokens == {each[key] for each in known for key in each if key.endswith("_field")}


def _plain(folder: Path) -> list[Deployment]:
    (folder / "rule.yml").write_text(rule())
    return deployed(folder)


@pytest.mark.parametrize("value", ["a\\", "\\", '"x" | delete', "$x$", "# x", "[y]", "a\\\\"])
def test_hostile_value(tmp_path: Path, value: str) -> None:
    (tmp_path / "rule.yml").write_text(rule(value=value))
    found = deployed(tmp_path)
    for reading in READINGS:
        assert flat(stanzas(found, reading)[0]["search"]) == flat(query(one(found)))


def test_equal_titles_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(rule("Two-in-one"))
    other = rule("Two in One!").replace("0a6be1a1", "1a6be1a1").replace("name: base", "name: b")
    (tmp_path / "two.yml").write_text(other)
    assert list(read(text_of(app(deployed(tmp_path)), SAVED))) == [
        "Trident - Two-in-one 0a6be1a1 - Rule",
        "Trident - Two in One 1a6be1a1 - Rule",
    ]


def test_deprecated_rules_are_disabled(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule().replace("status: test", "status: deprecated"))
    assert stanzas(deployed(tmp_path))[0]["disabled"] == "1"


def test_a_site_names_and_defines_its_macros(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule())
    found = deployed(
        tmp_path,
        macros={"microsoft_addon": "edr"},
        definitions={"microsoft_addon": "index=edr\nsourcetype=x"},
    )
    assert "`edr`" in stanzas(found)[0]["search"]
    macros = read(text_of(app(found), "macros.conf"))
    assert macros["edr"]["definition"].split() == ["index=edr", "sourcetype=x"]
    assert "trident_microsoft_addon" not in macros


def test_a_definition_that_no_line_holds(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule())
    with pytest.raises(TridentError) as found:
        app(deployed(tmp_path, definitions={"cef": "index=x\\"}))
    assert found.value.diagnostic.code == "TRI731"


def test_a_macro_without_definition_is_reported(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule())
    (found,) = deployed(tmp_path)
    settings = {**found.profile.settings, "definitions": {}}
    object.__setattr__(found.profile, "settings", settings)
    assert codes(app([found])) == ["TRI734"]


def test_slow_schedules_warn_of_clock_changes(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule())
    assert codes(app(deployed(tmp_path, run=Run(7200, 0)))) == ["TRI735"]
    assert stanzas(deployed(tmp_path, run=Run(7200, 0)))[0]["dispatch.latest_time"] == "+1s"
