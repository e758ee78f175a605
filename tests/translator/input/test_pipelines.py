"""``-p FILE.yml``: a rule after a pipeline means what the rule rewritten by hand means."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.translator.conftest import Trident
from trident.app.input.config import Config
from trident.app.input.load import load
from trident.app.input.pipelines import read_pipelines
from trident.app.run.convert import convert
from trident.app.verify.fuzz import timeline
from trident.meaning.evaluate import evaluate
from trident.rule.plan import Plan, searches
from trident.rule.planner import Planned, plan_all
from trident.rule.rules import Ruleset

NOW = 1_768_478_400_000_000

RULE = """\
title: r
name: r
logsource: {category: process_creation, product: windows}
detection:
  s: {Command|contains: [evil, worse], Site: north}
  condition: s
fields: [Command]
"""
OTHER = """\
---
title: q
name: q
logsource: {category: dns_query, product: windows}
detection:
  s: {Command: evil.example}
  condition: s
"""
BOTH = """\
---
title: c
name: c
id: 6b8d9d5c-2d6e-4b53-8f4b-0a8a54ab2a10
fields: [Command]
correlation:
  type: temporal
  rules: [r, q]
  group-by: [Host, who]
  aliases: {who: {r: Account, q: Login}}
  timespan: 5m
"""
COUNTED = """\
---
title: c
name: c
id: 6b8d9d5c-2d6e-4b53-8f4b-0a8a54ab2a10
correlation:
  type: value_count
  rules: [r]
  group-by: [Host]
  timespan: 5m
  condition: {gte: 2, field: Account}
"""
BASELINE = (
    COUNTED.replace("gte: 2", "gte: 1") + "trident: {baseline: {window: 7d..1d, unseen: [Port]}}\n"
)

WINDOWS = "rule_conditions: [{type: logsource, category: process_creation}]"
DNS = "rule_conditions: [{type: logsource, category: dns_query}]"


def steps(*given: str) -> str:
    """A pipeline of these steps, each a flow mapping's inside."""
    return "name: Own\ntransformations:\n" + "".join(f"  - {{{each}}}\n" for each in given)


MAPPED = steps("type: field_name_mapping, mapping: {Command: CommandLine}")

SAME = [
    # why, pipeline, rule, rule by hand as replacements
    ("field names", MAPPED, RULE, {"Command": "CommandLine"}),
    ("several fields for one", steps("type: field_name_mapping, mapping: {Site: [Site1, Site2]}"),
     RULE, {"s: {Command": "s2: {Site2: north}\n  s1: {Site1: north}\n  s: {Command",
            ", Site: north": "", "condition: s": "condition: s and (s1 or s2)"}),
    ("prefix", steps("type: field_name_prefix, prefix: win."), RULE,
     {"Command": "win.Command", "Site": "win.Site"}),
    ("prefix of some", steps(
        "type: field_name_prefix_mapping, mapping: {Com: Kom},"
        " field_name_conditions: [{type: include_fields, fields: [Command]}]"),
     RULE, {"Command": "Kommand"}),
    ("log source", steps("type: change_logsource, category: file_event, product: windows"),
     RULE, {"process_creation": "file_event"}),
    ("log source of some rules", steps(
        f"type: change_logsource, category: file_event, product: windows, {WINDOWS}"),
     RULE + OTHER + BOTH, {"process_creation": "file_event"}),
    ("a condition for all", steps("type: add_condition, conditions: {EventID: 4688}"),
     RULE, {"  s: {": "  e: {EventID: 4688}\n  s: {", "condition: s": "condition: e and s"}),
    ("a negated condition", steps(
        "type: add_condition, conditions: {User: [a, b]}, negated: true"),
     RULE, {"  s: {": "  e: {User: [a, b]}\n  s: {", "condition: s": "condition: not e and s"}),
    ("a value", steps(
        "type: replace_string, regex: '^north$', replacement: N",
        "type: map_string, mapping: {N: M, evil: a whole value, not a part}"),
     RULE, {"north": "M"} ),
    ("a value of one field", steps(
        "type: set_value, value: 7, field_name_conditions: [{type: include_fields, fields: [Site]}]"
     ), RULE, {"north": "7"}),
    ("dropped", steps(
        "type: drop_detection_item,"
        " field_name_conditions: [{type: include_fields, fields: [Site]}]"),
     RULE, {", Site: north": ""}),
    ("case", steps("type: case, method: upper,"
                   " field_name_conditions: [{type: include_fields, fields: [Site]}]"),
     RULE, {"north": "NORTH"}),
    ("placeholders from vars",
     "vars: {sites: [north, south]}\n" + steps("type: value_placeholders"),
     RULE.replace("Site: north", "Site|expand: '%sites%'"),
     {"Site|expand: '%sites%'": "Site: [north, south]"}),
    ("any value for a placeholder", steps("type: wildcard_placeholders"),
     RULE.replace("Site: north", "Site|expand: '%sites%'"),
     {"Site|expand: '%sites%'": "Site: '*'"}),
    ("nested", steps(
        f"type: nest, {WINDOWS}, items: [{{type: field_name_mapping, mapping: {{Command: X}}}}]"),
     RULE, {"Command": "X"}),
    ("a step that waits for another", steps(
        f"id: first, type: field_name_mapping, mapping: {{Command: X}}, {WINDOWS}",
        "type: field_name_suffix, suffix: Y,"
        " rule_conditions: [{type: processing_item_applied, processing_item_id: first}]"),
     RULE, {"Command": "XY", "Site": "SiteY"}),
    ("a step that waits for a state", steps(
        "type: set_state, key: mode, val: x",
        "type: field_name_suffix, suffix: Y,"
        " rule_conditions: [{type: processing_state, key: mode, val: x}]"),
     RULE, {"Command": "CommandY", "Site": "SiteY"}),
    ("group key, condition field", steps(
        "type: field_name_mapping, mapping: {Host: Computer, Account: User}"),
     RULE + COUNTED, {"[Host]": "[Computer]", "field: Account": "field: User"}),
    ("baseline", steps("type: field_name_mapping, mapping: {Host: Computer, Port: DestPort}"),
     RULE + BASELINE, {"[Host]": "[Computer]", "[Port]": "[DestPort]"}),
    ("one name per log source", steps(
        f"type: field_name_mapping, mapping: {{Command: CommandLine, Host: H1}}, {WINDOWS}",
        f"type: field_name_mapping, mapping: {{Command: QueryName, Host: H2}}, {DNS}"),
     RULE + OTHER + BOTH,
     {"{Command|": "{CommandLine|", "{Command:": "{QueryName:", "[Command]": "[CommandLine]",
      "[Host, who]": "[h, who]",
      "aliases: {": "aliases: {h: {r: H1, q: H2}, "}),
    ("fields behind an alias", steps(
        f"type: field_name_mapping, mapping: {{Account: User}}, {WINDOWS}",
        f"type: field_name_mapping, mapping: {{Login: User}}, {DNS}"),
     RULE + OTHER + BOTH, {"r: Account, q: Login": "r: User, q: User"}),
    ("an alias's own name is no field", steps(
        "type: field_name_mapping, mapping: {who: nobody}"), RULE + OTHER + BOTH, {}),
    ("a mapping after another, by priority",
     "priority: 20\n" + steps("type: field_name_mapping, mapping: {X: Y}")
     + "---\npriority: 10\n" + steps("type: field_name_mapping, mapping: {Command: X}"),
     RULE, {"Command": "Y"}),
    ("of one priority, as given",
     steps("type: field_name_mapping, mapping: {X: Y}")
     + "---\n" + steps("type: field_name_mapping, mapping: {Command: X}"),
     RULE, {"Command": "X"}),
]  # fmt: skip


def piped(folder: Path, rules: str, pipelines: str = "", **config: Any) -> list[Planned]:
    """The plans of rules after pipelines, which ``---`` parts."""
    (folder / "rules.yml").write_text(rules)
    files = []
    for index, text in enumerate(pipelines.split("---\n") if pipelines else []):
        files.append(folder / f"{index}.pipeline")
        files[-1].write_text(text)
    outcome = convert(
        [str(folder / "rules.yml")], (), Config(pipelines=read_pipelines(files), **config)
    )
    assert not [d for d in outcome.diagnostics if not pipelines], outcome.diagnostics
    return outcome.planned


def only(planned: list[Planned]) -> Plan:
    """The plan of the only rule that is emitted."""
    (found,) = planned
    assert found.plan is not None, found.diagnostics
    return found.plan


@pytest.mark.parametrize(
    ("pipeline", "rule", "changes"), [case[1:] for case in SAME], ids=[case[0] for case in SAME]
)
def test_the_alerts_of_the_rule_rewritten_by_hand(
    tmp_path: Path, pipeline: str, rule: str, changes: dict[str, str]
) -> None:
    by_hand = rule
    for old, new in changes.items():
        assert old in by_hand
        by_hand = by_hand.replace(old, new)
    changed, wanted = only(piped(tmp_path, rule, pipeline)), only(piped(tmp_path, by_hand))
    assert [s.logsource for s in searches(changed)] == [s.logsource for s in searches(wanted)]
    found = 0
    for number in range(60):
        plan = wanted if number % 2 else changed  # each one's own boundary events
        events = timeline(plan, random.Random(number), NOW, 1)
        alerts = {
            tuple((alert.group, alert.time) for alert in evaluate(each, events, NOW))
            for each in (changed, wanted)
        }
        assert len(alerts) == 1, events
        found += bool(alerts.pop())
    assert found > 5, "the timelines do not reach the rule"
    if changes:
        before = only(piped(tmp_path, rule)) if "%" not in rule else None
        assert before is None or text(before) != text(changed), "the pipeline does nothing"


def text(plan: Plan) -> str:
    """A plan with its conditions, for a look."""
    return repr(plan) + "".join(repr(search.condition) for search in searches(plan))


def test_correlations_keep_their_own_names(trident: Trident, tmp_path: Path) -> None:
    """What a result column is called does not depend on a pipeline."""
    (tmp_path / "r.yml").write_text(RULE + COUNTED)
    (tmp_path / "p.pipeline").write_text(steps(
        "type: field_name_mapping,"
        " mapping: {Command: CommandLine, Site: User, Host: Computer, Account: ProcessId}"
    ))  # fmt: skip
    ran = trident("convert", "r.yml", "-t", "all", "-p", "p.pipeline", "--format", "json",
                  cwd=tmp_path)  # fmt: skip
    found = {each["target"]: each for each in ran.json["translations"]}
    assert found["kql"]["alert"]["group"].keys() == {"Host"}
    assert "DeviceName" in found["kql"]["query"]


def test_the_same_rules_for_every_target(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULE)
    (tmp_path / "p.yml").write_text(steps(
        "type: field_name_mapping, mapping: {Command: CommandLine, CommandLine: nonsense}",
        "type: field_name_mapping, mapping: {Site: User}",
    ))  # fmt: skip
    (tmp_path / "hand.yml").write_text(
        RULE.replace("Command", "CommandLine").replace("Site", "User")
    )
    ran = trident("convert", "r.yml", "-t", "all", "-p", "p.yml", cwd=tmp_path)
    assert ran.code == 0
    assert ran.out.count("note TRI480: the rule was changed by Own before") == 4
    hand = trident("convert", "hand.yml", "-t", "all", cwd=tmp_path)
    assert [line for line in ran.out.splitlines() if "TRI480" not in line] == hand.out.splitlines()


def test_pipelines_in_trident_yml(trident: Trident, tmp_path: Path) -> None:
    """The paths start at trident.yml; the option adds to the list."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "first.yml").write_text(
        steps("type: field_name_mapping, mapping: {Command: X}").replace("Own", "First")
    )
    (tmp_path / "second.yml").write_text(
        steps("type: field_name_mapping, mapping: {X: CommandLine, Site: User}")
    )
    (tmp_path / "trident.yml").write_text("pipelines: [site/first.yml]\n")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "r.yml").write_text(RULE)
    ran = trident("convert", "r.yml", "-t", "kql", "-p", "../second.yml", cwd=tmp_path / "work")
    assert "note TRI480: the rule was changed by First, Own before it was translated" in ran.out


def test_a_note_only_where_a_pipeline_applied(tmp_path: Path) -> None:
    pipeline = steps(f"type: field_name_suffix, suffix: Y, {DNS}")
    assert only(piped(tmp_path, RULE, pipeline)).pipelines == ()
    assert only(piped(tmp_path, OTHER, pipeline)).pipelines == ("Own",)


def test_values_of_trident_yml_reach_a_pipelines_condition(tmp_path: Path) -> None:
    pipeline = steps("type: add_condition, conditions: {User|expand: '%admins%'}")
    plan = only(piped(tmp_path, RULE, pipeline, placeholders={"admins": ("ada", "bob")}))
    assert "ada" in text(plan) and "Placeholder" not in text(plan)


def test_fields_of_one_rule_do_not_reach_the_next(tmp_path: Path) -> None:
    """pySigma's set_field gives every rule the same list, which add_field then grows."""
    pipeline = steps("type: set_field, fields: [A]", f"type: add_field, field: B, {WINDOWS}")
    found = piped(tmp_path, RULE + OTHER, pipeline)
    assert [getattr(each.plan, "outputs", None) for each in found] == [("A", "B"), ("A",)]


BAD = [
    # why, pipeline, code, line, in the message
    ("unknown key", "transformation: []\n", "TRI104", 1, "transformation"),
    ("broken YAML", "transformations: {]\n", "TRI002", 1, ""),
    ("duplicate key", "name: a\nname: b\n", "TRI003", 2, ""),
    ("a list", "- type: nest\n", "TRI101", 1, "mapping"),
    ("empty", "", "TRI120", 0, "no pipeline"),
    ("two documents", "name: a\n---\nname: b\n", "TRI120", 3, "more than one"),
    ("steps that are no list", "transformations: {type: case}\n", "TRI120", 1, "a list"),
    ("a step that is none", "transformations:\n  - case\n", "TRI120", 2, "mapping"),
    ("priority that is no number", "priority: high\n", "TRI120", 1, "a number"),
    ("unknown step", steps("type: nonsense"), "TRI120", 3, "nonsense"),
    ("a step without a type", steps("mapping: {a: b}"), "TRI120", 3, "type"),
    ("a parameter that is missing", steps("type: replace_string, regex: a"), "TRI120", 3, ""),
    ("an unknown parameter", steps("type: case, method: upper, x: y"), "TRI120", 3, ""),
    ("a regex that is none",
     steps("type: replace_string, regex: '(', replacement: a"), "TRI120", 3, ""),
    ("an unknown condition",
     steps("type: case, method: upper, rule_conditions: [{type: x}]"), "TRI120", 3, "'x'"),
    ("files", steps("type: file_placeholders, path: /etc/passwd"), "TRI121", 3, "reads files"),
    ("network", steps("type: http_placeholders, url: 'http://x/'"), "TRI121", 3, "network"),
    ("commands", steps("type: command_placeholders, command: [id]"), "TRI121", 3, "commands"),
    ("commands below nest", steps("type: nest, items: [{type: command_placeholders}]"), "TRI121",
     3, "commands"),
    ("text of one language", steps("type: query_expression_placeholders, expression: x"),
     "TRI122", 3, "query language"),
    ("finalizers", "name: x\nfinalizers: [{type: concat}]\n", "TRI122", 2, "finalizers"),
    ("a template on disk",
     "postprocessing:\n  - {type: template, template: x, path: /etc}\n", "TRI122", 1, "postproc"),
    ("other targets", "allowed_backends: [splunk]\n", "TRI123", 1, "trident_kql"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pipeline", "code", "line", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_bad_pipeline(
    trident: Trident,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pipeline: str,
    code: str,
    line: int,
    message: str,
) -> None:
    monkeypatch.setenv("PYSIGMA_ALLOW_EXTERNAL_SOURCES", "1")  # no way around the refusal
    monkeypatch.setenv("PYSIGMA_ALLOW_VARS_EXECUTION", "1")
    (tmp_path / "r.yml").write_text(RULE)
    (tmp_path / "p.yml").write_text(pipeline)
    ran = trident("convert", "r.yml", "-t", "kql", "-p", "p.yml", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    first = ran.err.splitlines()[0]
    assert first.startswith(f"p.yml:{line}:" if line else "p.yml: "), first
    assert f": {code} error: " in first and message in first


def test_allowed_backends(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULE)
    (tmp_path / "p.yml").write_text("allowed_backends: [splunk, trident_spl]\n" + MAPPED)
    assert trident("convert", "r.yml", "-t", "spl", "-p", "p.yml", cwd=tmp_path).code == 0
    assert trident("convert", "r.yml", "-t", "all", "-p", "p.yml", cwd=tmp_path).code == 2


def test_a_missing_file_in_trident_yml(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULE)
    (tmp_path / "trident.yml").write_text("pipelines:\n  - gone.yml\n")
    ran = trident("convert", "r.yml", "-t", "kql", cwd=tmp_path)
    assert ran.code == 2
    assert "trident.yml:2:5: TRI504 error: there is no file gone.yml" in ran.err


REFUSING = steps(f"type: rule_failure, message: no processes here, {WINDOWS}")
ITEM = steps(
    "type: detection_item_failure, message: no sites here,"
    " field_name_conditions: [{type: include_fields, fields: [Site]}]"
)
STRICT = steps("type: field_name_mapping, mapping: {Site: User}",
               "type: strict_field_mapping_failure")  # fmt: skip


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [(REFUSING, "no processes here"), (ITEM, "no sites here"), (STRICT, "not mapped: Command")],
)
@pytest.mark.parametrize("correlated", [False, True])
def test_a_rule_that_a_pipeline_refuses(
    trident: Trident, tmp_path: Path, pipeline: str, message: str, correlated: bool
) -> None:
    (tmp_path / "r.yml").write_text(RULE + (COUNTED if correlated else ""))
    (tmp_path / "good.yml").write_text(OTHER.removeprefix("---\n").replace("Command", "QueryName"))
    (tmp_path / "p.pipeline").write_text(pipeline.replace("{Site: User}", "{QueryName: QueryName}")
                                         if "QueryName" in pipeline else pipeline)  # fmt: skip
    asked = ("convert", "r.yml", "-t", "kql", "-t", "spl", "-p", "p.pipeline")
    ran = trident(*asked, "--format", "json", cwd=tmp_path)
    assert ran.code == 0
    assert [(each["target"], each["error"]["code"]) for each in ran.json["translations"]] == [
        ("kql", "TRI124"),
        ("spl", "TRI124"),
    ]
    assert ran.err.count("TRI124") == 1
    assert f"r.yml:1:1: TRI124 refused: the pipeline Own refuses the rule: {message}" in (
        ran.err.replace("The following fields are ", "").replace(":  ", ": ")
    )
    assert "0 translations; 2 refused; 0 errors" in ran.err
    assert trident(*asked, "--strict", cwd=tmp_path).code == 1


def test_a_pipeline_that_fails_on_one_rule(trident: Trident, tmp_path: Path) -> None:
    """A placeholder without a value; the other rules go on."""
    (tmp_path / "a.yml").write_text(RULE.replace("Site: north", "Site|expand: '%sites%'"))
    (tmp_path / "b.yml").write_text(OTHER.removeprefix("---\n"))
    (tmp_path / "p.pipeline").write_text(steps(
        "type: value_placeholders", "type: field_name_mapping, mapping: {Command: QueryName}"
    ))  # fmt: skip
    ran = trident("convert", "a.yml", "b.yml", "-t", "kql", "-p", "p.pipeline", cwd=tmp_path)
    assert ran.code == 1
    assert "a.yml:1:1: TRI125 error: the pipeline Own fails on the rule: " in ran.err
    assert "// q" in ran.out


def test_a_group_key_that_becomes_two_fields(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULE + COUNTED)
    (tmp_path / "p.pipeline").write_text(
        steps("type: field_name_mapping, mapping: {Host: [Computer, ComputerName]}")
    )
    ran = trident("convert", "r.yml", "-t", "kql", "-p", "p.pipeline", cwd=tmp_path)
    assert ran.code == 1
    assert (
        "TRI125 error: the pipeline Own makes Computer, ComputerName of the field Host" in ran.err
    )


EFFECTS = [
    ("a state for a backend", "type: set_state, key: index, val: windows", "'index'"),
    ("an attribute", "type: set_custom_attribute, attribute: ref, value: 1", "'ref'"),
]


@pytest.mark.parametrize(
    ("step", "named"), [case[1:] for case in EFFECTS], ids=[case[0] for case in EFFECTS]
)
def test_a_step_without_effect(trident: Trident, tmp_path: Path, step: str, named: str) -> None:
    (tmp_path / "r.yml").write_text(RULE.replace("Command", "CommandLine").replace("Site", "User"))
    (tmp_path / "p.yml").write_text(steps(f"type: nest, items: [{{{step}}}]"))
    ran = trident("convert", "r.yml", "-t", "kql", "-p", "p.yml", cwd=tmp_path)
    assert ran.code == 0
    assert f": TRI126 warning: nothing reads {named}" in ran.err
    checked = trident("check", "r.yml", "-p", "p.yml", "--select", "TRI126", cwd=tmp_path)
    assert (checked.code, f": TRI126 warning: nothing reads {named}" in checked.out) == (1, True)


def test_the_build_knows_the_pipeline(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "r.yml").write_text(RULE)
    (tmp_path / "p.yml").write_text(
        steps("type: field_name_mapping, mapping: {Command: CommandLine, Site: User}")
    )
    assert trident("build", "-p", "p.yml", cwd=tmp_path).code == 0
    assert '"../p.yml": "' in (tmp_path / "dist" / "manifest.json").read_text()
    assert trident("build", "--check", "-p", "p.yml", cwd=tmp_path).code == 0
    assert trident("build", "--check", cwd=tmp_path).code == 1


def test_engines_agree_after_a_pipeline(trident: Trident, tmp_path: Path) -> None:
    """One name per log source, a group key and an output field on real engines."""
    rules = RULE + OTHER + BOTH
    (tmp_path / "r.yml").write_text(rules)
    (tmp_path / "p.pipeline").write_text(steps(
        "type: field_name_mapping, mapping: {Command: CommandLine, Site: User, Host: Computer,"
        f" Account: Image}}, {WINDOWS}",
        "type: field_name_mapping, mapping: {Command: QueryName, Host: Computer, Login: Image},"
        f" {DNS}",
    ))  # fmt: skip
    chosen = ("-t", "spl", "-t", "eql", "--profile", "windows_ta", "--profile", "sysmon")
    ran = trident("verify", "r.yml", *chosen, "-p", "p.pipeline", "--fuzz", 12, cwd=tmp_path)
    assert ran.code == 0, ran.out
    assert "spl        windows_ta       exact (executed)         exact" in ran.out


def test_a_ruleset_without_pipelines_is_as_before(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULE + OTHER + BOTH)
    ruleset = Ruleset.from_documents(load([str(tmp_path / "rules.yml")]).documents)
    assert only(plan_all(ruleset)) == only(piped(tmp_path, RULE + OTHER + BOTH))
