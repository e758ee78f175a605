"""Levels that are taken only where the user accepts them: command line, trident.yml, verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.translator.conftest import Trident
from trident.app.verify.compare import Observed, compare
from trident.mapping.profiles import load_profiles
from trident.meaning.events import SECOND
from trident.result.translation import Fidelity, Translation
from trident.rule.plan import Correlation

HACKTOOL = """\
title: Hacktool
name: hacktool
logsource: {category: process_creation, product: windows}
detection:
  name:
    Image|endswith: '\\evil.exe'
  hash:
    Hashes|contains:
      - 'IMPHASH=0123456789ABCDEF0123456789ABCDEF'
      - 'MD5=00112233445566778899AABBCCDDEEFF'
  condition: 1 of *
"""
FILTERED = """\
title: Loaded
name: loaded
logsource: {category: image_load, product: windows}
detection:
  s: {ImageLoaded|endswith: '\\a.dll'}
  f: {Signed: true}
  condition: s and not f
"""
COUNT = """\
---
title: Several
name: several
correlation:
  type: TYPE
  rules: [RULE]
  group-by: [Computer]
  timespan: 5m
  condition: {OP: 3}
"""


def count(rule: str, name: str, op: str = "gte", kind: str = "event_count") -> str:
    text = COUNT.replace("RULE", name).replace("OP", op).replace("TYPE", kind)
    return rule + text


def translations(trident: Trident, tmp_path: Path, text: str, *more: str) -> dict[str, Any]:
    path = tmp_path / "rule.yml"
    path.write_text(text, "utf-8")
    ran = trident("convert", str(path), "-t", "kql", "--format", "json", "--no-cache", *more)
    made = json.loads(ran.out)["translations"]
    return {each["rule"]["name"]: each for each in made}


def notes(translation: dict[str, Any]) -> list[str]:
    return [note["code"] for note in translation["notes"]]


@pytest.mark.parametrize("target", ["kql", "spl"])
def test_an_alternative_that_is_not_recorded(trident: Trident, tmp_path: Path, target: str) -> None:
    path = tmp_path / "rule.yml"
    path.write_text(HACKTOOL, "utf-8")
    refused = trident("convert", str(path), "-t", target, "--no-cache")
    assert "TRI205" in refused.err and "--accept sound" in refused.err
    ran = trident("convert", str(path), "-t", target, "--accept", "sound")
    assert f"{target}, profile" in ran.out and ": sound (executed)" in ran.out
    assert "note TRI418" in ran.out and "IMPHASH=0123456789ABCDEF" in ran.out
    query = ran.out.split("TRI418")[1].split("\n", 1)[1]
    assert "evil.exe" in query and "00112233445566778899" in query.replace("*", "")
    assert "IMPHASH" not in query


def test_each_level_only_where_it_is_accepted(trident: Trident, tmp_path: Path) -> None:
    assert translations(trident, tmp_path, FILTERED)["loaded"]["error"]["code"] == "TRI202"
    sound = translations(trident, tmp_path, FILTERED, "--accept", "sound")["loaded"]
    assert sound["fidelity"] == "refused"  # without its filter it finds more
    wide = translations(trident, tmp_path, FILTERED, "--accept", "sound,wide")["loaded"]
    assert wide["fidelity"] == "wide" and notes(wide) == ["TRI419"]
    assert "Signed" not in wide["query"] and "Signed" in wide["notes"][0]["text"]


@pytest.mark.parametrize(
    ("op", "kind", "level"),
    [
        ("gte", "event_count", "sound"),
        ("gt", "event_count", "sound"),
        ("lt", "event_count", "refused"),  # fewer matches would be more alerts
        ("eq", "event_count", "refused"),
    ],
)
def test_a_correlation_over_a_part(
    trident: Trident, tmp_path: Path, op: str, kind: str, level: str
) -> None:
    made = translations(trident, tmp_path, count(HACKTOOL, "hacktool", op, kind), "--accept=sound")
    assert made["several"]["fidelity"] == level
    if level == "sound":
        assert notes(made["several"]) == ["TRI418"]


def test_trident_yml_accepts_and_refuses(trident: Trident, tmp_path: Path, root: Path) -> None:
    site = tmp_path / "trident.yml"
    site.write_text("accept: [exact, sound]\n", "utf-8")
    made = translations(trident, tmp_path, HACKTOOL, "--config", str(site))
    assert made["hacktool"]["fidelity"] == "sound"
    site.write_text("accept: exact\n", "utf-8")
    hunt = str(root / "rules/steganography_then_webmail.yml")
    strict = ("convert", hunt, "-t", "eql", "--no-cache", "--config", str(site))
    assert "TRI307 refused (eql integrations): the query is covering" in trident(*strict).err
    site.write_text("accept: [exact, sounds]\n", "utf-8")
    ran = trident("convert", str(tmp_path / "rule.yml"), "-t", "kql", "--config", str(site))
    assert ran.code == 2 and "TRI504" in ran.err and "did you mean sound" in ran.err
    ran = trident("convert", str(tmp_path / "rule.yml"), "-t", "kql", "--accept", "loud")
    assert ran.code == 2 and "'loud' is not one of sound, wide" in ran.err


def test_the_cache_knows_what_is_accepted(trident: Trident, tmp_path: Path) -> None:
    path = tmp_path / "rule.yml"
    path.write_text(HACKTOOL, "utf-8")
    asked = ("convert", str(path), "-t", "kql", "--cache-dir", str(tmp_path / "cache"))
    assert "TRI205" in trident(*asked).err
    assert "sound (executed)" in trident(*asked, "--accept", "sound").out
    assert "TRI205" in trident(*asked).err


def test_verify_holds_each_level_to_its_own_promise() -> None:
    profile = load_profiles("kql")["sentinel"]
    early, late = (("ws",), 0), (("ws",), 60 * SECOND)
    plan: Correlation = None  # type: ignore[assignment]  # neither level looks at it

    def verdict(level: Fidelity, expected: set[Any], emitted: set[Any]) -> Observed:
        made = Translation(None, "kql", profile.name, level, None, None)  # type: ignore[arg-type]
        return compare(plan, made, [], frozenset(expected), frozenset(emitted)).observed

    assert verdict(Fidelity.SOUND, {early, late}, {early}) is Observed.SOUND
    assert verdict(Fidelity.SOUND, {early}, {early, late}) is Observed.DIFFERS
    assert verdict(Fidelity.WIDE, {early}, {early, late}) is Observed.WIDE
    assert verdict(Fidelity.WIDE, {early, late}, {early}) is Observed.DIFFERS
    assert verdict(Fidelity.SOUND, {early}, {early}) is Observed.EXACT


def test_a_part_runs(trident: Trident, tmp_path: Path) -> None:
    """The query of a part on an engine: the alternatives that are left find what they should."""
    pytest.importorskip("duckdb_kql")
    path = tmp_path / "rule.yml"
    path.write_text(HACKTOOL, "utf-8")
    ran = trident("verify", str(path), "-t", "kql", "-t", "spl", "--accept=sound", "--fuzz", "4")
    assert ran.code == 0, ran.out
    assert ran.out.count("sound (executed)") >= 2 and " 0 failed" in ran.out
