"""``trident convert`` and ``trident list``: what goes where, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.targets import SHIPPED
from tests.translator.conftest import Trident, base, count, hunt, together, write
from trident.result.capabilities import FEATURES
from trident.target import registry

FILTER = """\
title: Quiet machines
name: quiet
logsource: {{product: windows}}
filter:
  rules: [base]
  selection: {{Computer|expand: "{value}"}}
  condition: not selection
"""


def test_help_imports_no_heavy_module() -> None:
    script = (
        "import sys; from trident.app.commands.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(run.stderr.split())
    assert not {"sigma", "jinja2", "yaml", "ruamel", "rich", "trident.rule", "eql"} & loaded
    assert "convert" in run.stdout


def test_version(trident: Trident) -> None:
    ran = trident("--version")
    assert (ran.code, ran.out.split()[0]) == (0, "trident,")


def test_text_is_the_query_below_its_comment(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=hunt())
    ran = trident("convert", tmp_path / "rule.yml", "-t", "kql")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0] == "// many_base: Many base"
    assert lines[1].startswith("// kql, profile sentinel: exact (")
    rest = [line for line in lines if not line.startswith("//")]
    assert "DeviceProcessEvents" in "\n".join(rest)
    assert "" not in rest  # a blank line would end the query in Microsoft's editors
    assert ran.err == "1 translation: 1 exact; 0 refused; 0 errors\n"


def test_every_target(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=hunt())
    ran = trident("convert", tmp_path, "-t", "all")
    assert ran.code == 0
    assert "// kql, profile sentinel: " in ran.out
    assert "``` spl, profile microsoft_addon: " in ran.out
    assert "// eql, profile integrations: " in ran.out
    assert ran.out.count("\n\n") == len(registry.names()) - 1


def test_a_rule_that_needs_two_queries(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=together("one", "two"))
    ran = trident("convert", tmp_path, "-t", "eql")
    assert ran.code == 0
    first, second = ran.out.split("\n\n")
    assert "// eql, profile integrations, query 1 of 2: " in first
    assert "// eql, profile integrations, query 2 of 2: " in second
    assert "sequence" in first
    assert "sequence" in second


SHAPE = {
    "rule": {"id", "name", "title", "file", "line"},
    "target": str,
    "profile": str,
    "fidelity": str,
    "proof": (str, type(None)),
    "checked": (str, type(None)),
    "query": (str, type(None)),
    "alert": (dict, type(None)),
    "parameters": dict,
    "companions": list,
    "notes": list,
    "error": (dict, type(None)),
}


def test_json_shape(trident: Trident, hunts: Path) -> None:
    ran = trident(
        "convert", hunts, *(each for name in SHIPPED for each in ("-t", name)),
        "--profile", "sentinel", "--profile", "defender",
        "--format", "json",
    )  # fmt: skip
    assert ran.code == 0
    assert list(ran.json) == ["schema", "translations"]
    assert ran.json["schema"] == 1
    found = ran.json["translations"]
    assert {(t["rule"]["name"], t["target"], t["profile"]) for t in found} >= {
        (rule, target, profile)
        for rule in ("steganography_then_webmail", "large_jpeg_from_new_source")
        for target, profile in (
            ("kql", "sentinel"),
            ("kql", "defender"),
            ("spl", "microsoft_addon"),
            ("eql", "integrations"),
            ("esql", "integrations"),
        )
    }
    for translation in found:
        assert list(translation) == list(SHAPE)
        assert set(translation["rule"]) == SHAPE["rule"]
        for key, kind in SHAPE.items():
            if key != "rule":
                assert isinstance(translation[key], kind), key
        assert (translation["query"] is None) == (translation["error"] is not None)
        for companion in translation["companions"]:
            assert set(companion) == {"name", "kind", "body"}
        names = {companion["name"] for companion in translation["companions"]}
        for name, parameter in translation["parameters"].items():
            assert set(parameter) == {"type", "companion", "path"}
            assert parameter["companion"] in names
            assert f"${{{name}}}" in translation["query"]
        for note in translation["notes"]:
            assert set(note) == {"code", "text"}
    (refused,) = (t for t in found if t["fidelity"] == "refused")
    assert (refused["profile"], refused["error"]["code"]) == ("defender", "TRI201")
    assert set(refused["error"]) == {"code", "message", "hint", "config"}


def test_a_single_rule_has_no_alert(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=base())
    (found,) = trident("convert", tmp_path, "-t", "kql", "--format", "json").json["translations"]
    assert found["alert"] is None


EMITTED = [
    ("only the correlation", hunt(), ["many_base"]),
    ("a rule that nobody refers to", base() + "---\n" + base("alone"), ["base", "alone"]),
    ("generate", base() + "---\n" + count().replace("rules:", "generate: true\n  rules:"),
     ["base", "many_base"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "names"), [c[1:] for c in EMITTED], ids=[c[0] for c in EMITTED])
def test_emitted(trident: Trident, tmp_path: Path, text: str, names: list[str]) -> None:
    write(tmp_path, rule=text)
    ran = trident("convert", tmp_path, "-t", "kql", "--format", "json")
    assert [t["rule"]["name"] for t in ran.json["translations"]] == names


def test_standard_input(trident: Trident) -> None:
    ran = trident("convert", "-", "-t", "kql", "--format", "json", stdin=hunt())
    (found,) = ran.json["translations"]
    assert (found["rule"]["file"], found["rule"]["line"]) == ("<stdin>", 8)


def test_several_inputs(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, a__base=base(), b__count=count(), c=base("other"))
    ran = trident("convert", tmp_path / "a", tmp_path / "b", tmp_path / "c.yml", "-t", "kql")
    assert ran.code == 0
    assert "// many_base" in ran.out
    assert "// other" in ran.out


def test_output_file(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=hunt())
    file = tmp_path / "out.kql"
    ran = trident("convert", tmp_path / "rule.yml", "-t", "kql", "-o", file)
    assert (ran.code, ran.out) == (0, "")
    assert "DeviceProcessEvents" in file.read_text()


REFUSED = base().replace("product: windows", "product: windows, service: nowhere").replace(
    "category: process_creation, ", "")  # fmt: skip


def test_a_refusal_is_no_failure_unless_strict(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, a=REFUSED, b=hunt("other"))
    ran = trident("convert", tmp_path, "-t", "kql")
    assert ran.code == 0
    assert "// many_other" in ran.out
    assert "a.yml:1:1: TRI201 refused (kql sentinel): " in ran.err
    assert "help: " in ran.err
    assert "1 refused; 0 errors" in ran.err
    strict = trident("convert", tmp_path, "-t", "kql", "--strict")
    assert (strict.code, strict.out) == (1, ran.out)


UNKNOWN = [
    ("target", ["-t", "kqll"], "TRI501", "did you mean kql?"),
    ("profile", ["-t", "kql", "--profile", "sentinell"], "TRI502", "did you mean sentinel?"),
    ("profile of another target", ["-t", "spl", "--profile", "sentinel"], "TRI502", ""),
    ("filter", ["-t", "kql", "--filter", "quit"], "TRI111", "did you mean quiet?"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "hint"), [c[1:] for c in UNKNOWN], ids=[c[0] for c in UNKNOWN]
)
def test_unknown_names(
    trident: Trident, tmp_path: Path, arguments: list[str], code: str, hint: str
) -> None:
    write(tmp_path, rule=hunt(), filters__quiet=FILTER.format(value="x"))
    ran = trident("convert", tmp_path / "rule.yml", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert f"trident: {code} error: " in ran.err
    assert hint in ran.err


def test_filter(trident: Trident, tmp_path: Path) -> None:
    write(
        tmp_path,
        rules__rule=hunt(),
        rules__filters__quiet=FILTER.format(value="%machines%"),
        trident="placeholders: {machines: [ws-quiet]}",
    )
    off = trident("convert", "rules", "-t", "kql", cwd=tmp_path)
    assert "ws-quiet" not in off.out
    for rules in ("rules", "rules/rule.yml"):
        on = trident("convert", rules, "-t", "kql", "--filter", "quiet", cwd=tmp_path)
        assert on.code == 0
        assert "ws-quiet" in on.out
    (tmp_path / "trident.yml").unlink()
    unfilled = trident("convert", "rules", "-t", "kql", "--filter", "quiet", cwd=tmp_path)
    assert (unfilled.code, unfilled.out) == (1, "")
    assert "%machines%" in unfilled.err


def test_default_profiles_of_the_configuration(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__rule=hunt(), trident="profiles: {kql: [defender, sentinel]}")
    ran = trident("convert", "rules", "-t", "kql", "--format", "json", cwd=tmp_path)
    assert [t["profile"] for t in ran.json["translations"]] == ["defender", "sentinel"]
    other = tmp_path / "other.yml"
    other.write_text("profiles: {kql: defender}")
    ran = trident(
        "convert", "rules", "-t", "kql", "--config", other, "--format", "json", cwd=tmp_path
    )
    assert [t["profile"] for t in ran.json["translations"]] == ["defender"]


HOSTILE = r'"x\n| take 1 ``` | outputlookup y \e[31m \u202E // \""'
"""As YAML: a line break, the end of an SPL comment, a terminal's escape, a right-to-left mark."""


@pytest.mark.parametrize("target", registry.names())
def test_a_title_cannot_leave_its_comment(trident: Trident, tmp_path: Path, target: str) -> None:
    write(tmp_path, plain=base(), hostile=base().replace("Base base", HOSTILE))
    plain, hostile = (
        trident("convert", tmp_path / f"{name}.yml", "-t", target).out.split("\n", 1)
        for name in ("plain", "hostile")
    )
    assert "take 1" in hostile[0]
    assert hostile[0].isprintable()
    assert hostile[1] == plain[1]
    if target == "spl":
        assert hostile[0].count("```") == 2


def test_diagnostics_cannot_steer_the_terminal(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=base() + '"\\e]0;x\\a": 1\n"\\e]0;x\\a": 2\n')
    ran = trident("convert", tmp_path, "-t", "kql")
    assert ran.code == 1
    assert "\x1b" not in ran.err


def test_list(trident: Trident, hunts: Path) -> None:
    targets = trident("list", "targets").out
    assert [line.split()[0] for line in targets.splitlines()] == list(registry.names())
    profiles = trident("list", "profiles").out
    assert ["kql", "sentinel"] in [line.split()[:2] for line in profiles.splitlines()]
    matrix = trident("list", "capabilities").out
    assert all(feature in matrix for feature in FEATURES)
    one = trident("list", "capabilities", "-t", "kql").out.splitlines()[0].split()
    assert one == ["feature", "kql", "meaning"]
    assert "exclude_it_admin_users" in trident("list", "filters", hunts).out
    unknown = trident("list", "capabilities", "-t", "sql")
    assert (unknown.code, "TRI501" in unknown.err) == (2, True)


def test_no_rules(trident: Trident, tmp_path: Path) -> None:
    ran = trident("convert", tmp_path, "-t", "kql")
    assert (ran.code, ran.out) == (2, "")
    assert "TRI505" in ran.err


def test_no_such_file(trident: Trident, tmp_path: Path) -> None:
    assert trident("convert", tmp_path / "none.yml", "-t", "kql").code == 2


@pytest.mark.parametrize(
    ("code", "returned", "says"),
    [
        ("TRI202", 0, "field without a column"),
        ("tri451", 0, "On a query: a sequence takes its events in strict order"),
        ("TRI999", 2, "TRI510"),
    ],
)
def test_explain_a_code(trident: Trident, code: str, returned: int, says: str) -> None:
    ran = trident("explain", code)
    assert ran.code == returned and says in ran.out + ran.err
