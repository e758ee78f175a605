"""contentctl's YAML, read back; contentctl itself reads it in ``splunk_tools``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.translator.artifacts.splunk.deployed import (
    HOSTILE,
    PROFILES,
    codes,
    deployed,
    one,
    rule,
)
from trident.app.artifacts.deployment import Deployment, Made
from trident.app.artifacts.splunk import contentctl


def content(made: Made, folder: str = "detections") -> dict[str, Any]:
    """File name -> content of a folder."""
    return {
        Path(each.path).name: yaml.safe_load(each.text)
        for each in made.artifacts
        if f"/{folder}/" in each.path
    }


def detection(folder: Path) -> dict[str, Any]:
    """The only rule's detection."""
    (found,) = content(contentctl(deployed(folder))).values()
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module", params=PROFILES)
def shipped(request: pytest.FixtureRequest, root: Path) -> list[Deployment]:
    return deployed(root / "rules", request.param)


def test_every_rule_is_there(shipped: list[Deployment]) -> None:
    made = contentctl(shipped)
    assert not made.diagnostics
    found = content(made)
    assert len(found) == len(shipped)
    for (file, each), deployment in zip(found.items(), shipped, strict=True):
        assert deployment.rule.query is not None
        stem = re.sub(r"[ ./-]", "_", each["name"]).lower()  # contentctl's own rule
        assert file == f"{stem}.yml"
        assert each["search"] == f"{deployment.rule.query.text.rstrip()}\n| `{stem}_filter`"
        assert each["id"] == deployment.metadata.id


def test_what_is_named_is_there(shipped: list[Deployment]) -> None:
    made = contentctl(shipped)
    sources = {each["name"] for each in content(made, "data_sources").values()}
    macros = {each["name"] for each in content(made, "macros").values()}
    for each in content(made).values():
        assert set(each["data_source"]) <= sources
        used = set(re.findall(r"`([^`]+)`", each["search"]))
        assert {name for name in used if not name.endswith("_filter")} <= macros


def test_risk_follows_the_deployment(shipped: list[Deployment]) -> None:
    """contentctl refuses an rba without its deployment's, and the reverse."""
    for each in content(contentctl(shipped)).values():
        actions = each["deployment"]["alert_action"]
        assert actions["rba"]["enabled"] is ("rba" in each)
        notable = "notable" in actions
        assert notable is (each["type"] == "TTP")
        assert bool(each["drilldown_searches"]) is (notable and "rba" in each)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "long"])
def test_hostile_texts(tmp_path: Path, name: str) -> None:
    """One line, and none that contentctl's own writer of conf files would continue."""
    text = HOSTILE[name]
    more = f"author: {text!r}\nfalsepositives: [{text!r}]\nreferences: [{text!r}]\n"
    try:
        yaml.safe_load(more)
    except yaml.YAMLError:
        more = ""
    (tmp_path / "rule.yml").write_text(rule(title=text, description=text, more=more))
    found = detection(tmp_path)
    for key in ("description", "author", "known_false_positives"):
        assert "\n" not in found[key] and not found[key].endswith("\\")
    assert found["references"] == []
    assert set(found) == set(detection(_plain(tmp_path / "plain"))) | {"rba"}
    deployment = one(deployed(tmp_path / "rule.yml"))
    assert deployment.rule.query is not None
    assert found["search"].startswith(deployment.rule.query.text.rstrip())


def _plain(folder: Path) -> Path:
    folder.mkdir()
    (folder / "plain.yml").write_text(rule())
    return folder


def test_metadata(tmp_path: Path) -> None:
    more = (
        "author: Ann\ndate: 2026-01-02\nmodified: 2026-02-03\n"
        "tags: [attack.t1059, attack.t1059.001, attack.t1027, attack.execution]\n"
        "references: [https://example.com/a, Our wiki, ftp://x/y]\n"
        "falsepositives: [Admins, Backups]\n"
        "trident: {hypothesis: Someone might., risk_score: 33}\n"
    )
    (tmp_path / "rule.yml").write_text(rule(more=more))
    found = detection(tmp_path)
    assert (found["author"], found["date"]) == ("Ann", "2026-02-03")
    assert found["tags"]["mitre_attack_id"] == ["T1059.001", "T1027"]  # no parent beside its part
    assert found["references"] == ["https://example.com/a"]
    assert found["description"] == "Text Reference: Our wiki Reference: ftp://x/y"
    assert found["known_false_positives"] == "Admins; Backups"
    assert found["explanation"] == "Someone might."
    assert {each["score"] for each in found["rba"]["risk_objects"]} == {33}


def test_what_a_rule_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule())
    found = detection(tmp_path)
    assert (found["author"], found["date"]) == ("no author named", "1970-01-01")
    assert found["known_false_positives"] == "None known."
    assert "explanation" not in found


REFUSED = [
    (
        "a deprecation list is contentctl's",
        rule().replace("status: test", "status: deprecated"),
        "TRI737",
    ),
    ("a lookup in a value", rule(value="x lookup users"), "TRI732"),
    ("an inputlookup in a value", rule(value="| inputlookup append=t users"), "TRI732"),
    ("false positives in three letters", rule(more="falsepositives: [n/a]\n"), "TRI730"),
]


@pytest.mark.parametrize(("why", "text", "code"), REFUSED, ids=[case[0] for case in REFUSED])
def test_refused(tmp_path: Path, why: str, text: str, code: str) -> None:
    (tmp_path / "rule.yml").write_text(text)
    made = contentctl(deployed(tmp_path))
    assert codes(made) == [code]
    assert not made.artifacts


def test_a_word_that_only_ends_in_lookup(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule(value="nslookup evil"))
    assert not codes(contentctl(deployed(tmp_path)))


def test_equal_titles_have_two_files(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(rule("Two-in-one"))
    other = rule("two in one").replace("0a6be1a1", "1a6be1a1").replace("name: base", "name: b")
    (tmp_path / "two.yml").write_text(other)
    found = content(contentctl(deployed(tmp_path)))
    assert sorted(found) == ["two_in_one_0a6be1a1.yml", "two_in_one_1a6be1a1.yml"]
