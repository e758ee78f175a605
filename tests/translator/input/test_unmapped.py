"""What a profile does not have: the lines of trident.yml that add it work as they are shown, and
``--unmapped keep`` passes names through with a note."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.targets import SHIPPED
from tests.translator.conftest import Ran, Trident
from trident.app.verify.runners import runner
from trident.app.verify.site import site
from trident.mapping.profiles import default_profile, load_profiles
from trident.mapping.resolver import resolve_source
from trident.meaning.events import Event
from trident.rule.plan import LogSource
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset
from trident.translate.translate import translate

PROCESSES = "{category: process_creation, product: windows}"
UNKNOWN_SOURCE = "{product: door, service: badge}"

FIELD = f"""\
title: x
name: x
logsource: {PROCESSES}
detection: {{s: {{CommandLine|contains: a, Door: front, "a b": x, "on": 1}}, condition: s}}
"""
SOURCE = f"""\
title: x
name: x
logsource: {UNKNOWN_SOURCE}
detection: {{s: {{Door: front, "a b": x, cs-host|endswith: y}}, condition: s}}
"""
VALUE = """\
title: x
name: x
logsource: {category: registry_add, product: windows}
detection: {s: {EventType: Other}, condition: s}
"""
CORRELATION = """\
---
title: y
name: y
id: 6b8d9d5c-2d6e-4b53-8f4b-0a8a54ab2a10
FIELDS
correlation:
  type: event_count
  rules: [x]
  group-by: [Badge, Floor]
  aliases: {Badge: {x: Card}}
  timespan: 5m
  condition: {gte: 3}
"""
GROUPS = CORRELATION.replace("FIELDS\n", "")
OUTPUT = CORRELATION.replace("FIELDS", "fields: [Nowhere]").replace(
    "[Badge, Floor]\n  aliases: {Badge: {x: Card}}", "[User]"
)

LINES = [
    # why, rule, code, targets
    ("several fields, one of them a word of YAML", FIELD, "TRI202", SHIPPED),
    ("fields of a correlation", FIELD + GROUPS, "TRI202", SHIPPED),
    ("keys of a correlation alone",
     FIELD.replace(', Door: front, "a b": x, "on": 1', "") + GROUPS, "TRI202", SHIPPED),
    ("log source", SOURCE, "TRI201", SHIPPED),
    ("log source of a correlation", SOURCE + GROUPS, "TRI201", SHIPPED),
    ("value that the records do not have", VALUE, "TRI205", ("kql", "spl")),
    ("output field", FIELD.replace(', Door: front, "a b": x, "on": 1', "") + OUTPUT,
     "TRI203", SHIPPED),
]  # fmt: skip


def shown(ran: Ran) -> str:
    """The lines of trident.yml of the only finding, exactly as printed."""
    lines = ran.err.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("    help: ")) + 1
    return "".join(f"{line}\n" for line in lines[start:-1])


def own_names(lines: str, target: str, logsource: str) -> str:
    """The lines with what only a site knows for the placeholders, and nothing else changed."""
    columns = {
        "kql": "FileName",
        "spl": "properties.FileName",
        "eql": "process.name",
        "esql": "process.name",
    }
    if "registry" in logsource:
        columns |= {"kql": "RegistryKey", "spl": "properties.DeviceId"}
    lines = lines.replace("COLUMN", columns[target])
    return re.sub(r"\bTABLE\b", "Door_CL", lines).replace("INDEX_PATTERN", "logs-door-*")


@pytest.mark.parametrize(
    ("rule", "code", "target"),
    [
        pytest.param(rule, code, target, id=f"{why} {target}")
        for why, rule, code, targets in LINES
        for target in targets
    ],
)
def test_the_lines_shown_convert_the_rule(
    trident: Trident, tmp_path: Path, rule: str, code: str, target: str
) -> None:
    (tmp_path / "rule.yml").write_text(rule)
    refused = trident("convert", "rule.yml", "-t", target, cwd=tmp_path)
    assert f" {code} refused ({target} {default_profile(target)}): " in refused.err
    assert refused.out == ""
    (tmp_path / "trident.yml").write_text(own_names(shown(refused), target, rule))
    ran = trident("convert", "rule.yml", "-t", target, "--strict", cwd=tmp_path)
    assert (ran.code, ran.err.count("TRI")) == (0, 0), ran.err
    assert "exact" in ran.out or "covering" in ran.out


def test_the_lines_are_for_the_profile_asked_for(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(FIELD)
    asked = ("convert", "rule.yml", "-t", "kql", "--profile", "defender")
    lines = shown(trident(*asked, cwd=tmp_path))
    assert "      profiles: [defender]\n" in lines
    (tmp_path / "trident.yml").write_text(lines.replace("COLUMN", "FileName"))
    assert trident(*asked, "--strict", cwd=tmp_path).code == 0
    assert trident("convert", "rule.yml", "-t", "kql", "--strict", cwd=tmp_path).code == 1


def test_the_nearest_field_exists(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(FIELD.replace("CommandLine", "ComandLine"))
    profile = load_profiles("kql")["sentinel"]
    fields = resolve_source(LogSource("process_creation", "windows"), profile).fields
    err = trident("convert", "rule.yml", "-t", "kql", cwd=tmp_path).err
    near = re.search(r"did you mean (\w+)\?", err)
    assert near and near[1] == "CommandLine" and near[1] in fields


def test_lines_that_are_the_same_are_printed_once(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(FIELD)
    (tmp_path / "b.yml").write_text(FIELD.replace("name: x", "name: z"))
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert (ran.err.count("TRI202"), ran.err.count("- logsource:")) == (2, 1)


def test_the_lines_in_json(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(FIELD)
    ran = trident("convert", "rule.yml", "-t", "kql", "--format", "json", cwd=tmp_path)
    (found,) = ran.json["translations"]
    assert found["error"]["config"].splitlines()[:2] == ["fields:", "  kql:"]
    assert "    " + found["error"]["config"].replace("\n", "\n    ") in ran.err


def test_an_undeclared_column_shows_its_declaration(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(FIELD)
    asked = ("convert", "rule.yml", "-t", "kql", "--strict")
    lines = shown(trident(*asked, cwd=tmp_path)).replace("COLUMN", "Door_s")
    (tmp_path / "trident.yml").write_text(lines)
    wrong = trident(*asked, cwd=tmp_path)
    assert (wrong.code, "TRI504" in wrong.err) == (2, True)
    printed = wrong.err.splitlines()
    start = next(number for number, line in enumerate(printed) if "help: " in line) + 1
    declared = "".join(f"{line}\n" for line in printed[start:])
    assert "DeviceProcessEvents: {columns: {string: [Door_s]}}" in declared
    (tmp_path / "trident.yml").write_text(declared + lines)
    assert trident(*asked, cwd=tmp_path).code == 0


KEPT = [
    # why, rule, target, what the query has, what the note names
    ("field", FIELD, "kql", 'Door =~ "front"', "Door, a b, on"),
    ("quoted in KQL", FIELD, "kql", "['a b'] =~ \"x\"", "Door, a b, on"),
    ("reserved in KQL", FIELD, "kql", "['on'] == \"1\"", "Door, a b, on"),
    ("quoted in SPL", FIELD, "spl", '"a b"="x"', "Door, a b, on"),
    ("quoted in EQL", FIELD, "eql", '`a b` : "x"', "Door, a b, on"),
    ("quoted in ES|QL", FIELD, "esql", 'TO_LOWER(`a b`) == "x"', "Door, a b, on"),
    ("group key under an alias", FIELD + GROUPS, "kql", "isnotempty(Card)", "Card, Door, Floor"),
    ("output field", FIELD + OUTPUT, "kql", "Nowhere", "Door, Nowhere, a b, on"),
    ("log source in SPL", SOURCE, "spl", "`trident_door_badge`", "Door, a b, cs-host"),
    ("log source in ES|QL", SOURCE, "esql", "FROM trident_door_badge ", "Door, a b, cs-host"),
]


@pytest.mark.parametrize(
    ("rule", "target", "text", "named"), [case[1:] for case in KEPT], ids=[k[0] for k in KEPT]
)
def test_kept(
    trident: Trident, tmp_path: Path, rule: str, target: str, text: str, named: str
) -> None:
    (tmp_path / "rule.yml").write_text(rule)
    asked = ("convert", "rule.yml", "-t", target, "--strict")
    ran = trident(*asked, "--unmapped", "keep", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert text in ran.out
    (note,) = (line for line in ran.out.splitlines() if "note TRI409: " in line)
    assert f": {named}" in note
    assert ("note TRI400: " in ran.out) == (rule is SOURCE)
    assert "TRI475" not in ran.out, "TRI409 says it already"
    (tmp_path / "trident.yml").write_text("unmapped: keep\n")
    assert trident(*asked, cwd=tmp_path).out == ran.out
    assert trident(*asked, "--unmapped", "refuse", cwd=tmp_path).code == 1


def test_a_kept_log_source_in_eql(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(SOURCE)
    ran = trident("convert", "rule.yml", "-t", "eql", "--unmapped", "keep", "--format", "json",
                  cwd=tmp_path)  # fmt: skip
    (found,) = ran.json["translations"]
    assert found["query"].startswith("any where Door")
    assert found["companions"][0]["body"]["path"] == "/trident_door_badge/_eql/search"


def test_a_log_source_that_kql_cannot_keep(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(SOURCE)
    ran = trident("convert", "rule.yml", "-t", "kql", "--unmapped", "keep", cwd=tmp_path)
    assert "TRI201 refused (kql sentinel)" in ran.err


def test_an_output_field_of_one_branch_stays_there(trident: Trident, tmp_path: Path) -> None:
    """Kept, it would be a column that the other branch's table does not have."""
    rule = FIELD.replace(', Door: front, "a b": x, "on": 1', "")
    other = rule.replace("name: x", "name: w").replace(PROCESSES, "{category: dns_query}")
    other = other.replace("CommandLine", "QueryName")
    correlation = OUTPUT.replace("[x]", "[x, w]").replace("[Nowhere]", "[CommandLine, QueryName]")
    (tmp_path / "rule.yml").write_text(rule + "---\n" + other + correlation)
    asked = ("convert", "rule.yml", "-t", "kql")
    kept = trident(*asked, "--unmapped", "keep", cwd=tmp_path)
    assert kept.out == trident(*asked, cwd=tmp_path).out


NAMES = ["a'b", 'a"b', "a\\b", "a`b", "a\nb", "a\x00b", "a;b", "a//b", "ß", "日本",
         "a.b", "a-b", "1a", "where", "true", "*", "a*", "${x}", "{x}", "a]b", "a[0]", "$d$", "a%b",
         "a\u202eb", "a\U0001f600b", "-", " a ", "#", "//",
         ".a", "a..b", "a."]  # fmt: skip


@pytest.mark.parametrize("target", ["kql", "spl", "eql"])
@pytest.mark.parametrize("name", NAMES)
def test_hostile_field_names(target: str, name: str) -> None:
    """A name that is not refused is quoted: the query runs and reads that field and no other."""
    ruleset = Ruleset.from_documents(
        [
            Document(
                {
                    "title": "x",
                    "logsource": {"category": "process_creation", "product": "windows"},
                    "detection": {"s": {name: "front"}, "condition": "s"},
                }
            )
        ]
    )
    (planned,) = plan_all(ruleset)
    assert planned.plan is not None
    profile = replace(load_profiles(target)[default_profile(target)], keep=True)
    translation = translate(planned.plan, profile)
    if translation.query is None:
        assert translation.error is not None and translation.error.code == "TRI304"
        assert not re.fullmatch(r"\w+([.-]\w+)*", name), "a plain name has a place"
        return
    source = LogSource("process_creation", "windows")
    values: list[dict[str, Any]] = [{name: "front"}, {name: "back"}, {}, {"CommandLine": "front"}]
    events = [Event(1_000_000 * time, source, fields) for time, fields in enumerate(values, 1)]
    engine = runner(target)
    try:
        found = engine.alerts(
            planned.plan, translation, site(planned.plan, profile), events, 10_000_000
        )
    finally:
        engine.close()
    assert found == {((), 1_000_000)}


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ((PROCESSES, "{product: door}"), ""),
        (("{product: door}", PROCESSES), ""),
        (("{product: door}", "{product: gate}"), "TRI372"),
    ],
)
def test_records_of_tables_without_a_selector(
    trident: Trident, tmp_path: Path, sources: tuple[str, str], said: str
) -> None:
    """One of them may be what no other table has; two cannot be told apart in one query."""
    rules = [
        FIELD.replace("x\n", f"{name}\n").replace(PROCESSES, source)
        for name, source in zip(("first", "second"), sources, strict=True)
    ]
    both = GROUPS.replace("event_count", "temporal").replace("[x]", "[first, second]")
    both = both.replace("  aliases: {Badge: {x: Card}}\n", "").replace(
        "  condition: {gte: 3}\n", ""
    )
    (tmp_path / "r.yml").write_text("---\n".join(rules) + both)
    options = ("-t", "esql", "--unmapped", "keep", "--no-cache")
    ran = trident("convert", "r.yml", *options, cwd=tmp_path)
    assert "TRI599" not in ran.err
    assert (said in ran.err) if said else "1 exact; 0 refused" in ran.err, ran.err
    assert "CASE(," not in ran.out
    built = trident("build", ".", "--unmapped", "keep", "--unchecked", "--no-cache", cwd=tmp_path)
    assert built.code == 0 and "TRI599" not in built.err
