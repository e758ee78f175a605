"""``trident explain`` on rules, as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translator.conftest import Trident, base, count, hunt, hunts, together, trident, write
from trident.target import registry

__all__ = ["hunts", "trident"]


def test_a_rule(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=hunt())
    ran = trident("explain", "rule.yml", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("many_base: Many base\n  correlation rule, rule.yml:8\n")
    assert 'CommandLine contains "evil", ignoring case [selection]' in ran.out
    assert "base: Base base\n  detection rule, rule.yml:1\n" in ran.out


@pytest.mark.parametrize("arguments", [["rule.yml:base"], ["rule.yml", "--rule", "base"]])
def test_one_rule(trident: Trident, tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, rule=hunt())
    ran = trident("explain", *arguments, cwd=tmp_path)
    assert ran.code == 0
    assert "many_base" not in ran.out and "Base base" in ran.out


def test_rules_in_several_files(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, one=base(), two=count())
    assert "many_base" in trident("explain", tmp_path / "one.yml", tmp_path / "two.yml").out
    alone = trident("explain", tmp_path / "two.yml")
    assert alone.code == 1 and "TRI102" in alone.err and alone.out == ""


def test_standard_input(trident: Trident) -> None:
    assert "<stdin>:1" in trident("explain", "-", stdin=base()).out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nothing.yml"], "TRI520"),
        (["TRI202", "nothing"], "TRI520"),
        (["rule.yml:nobody"], "TRI521"),
        (["rule.yml", "--rule", "bsae"], "TRI521"),
        (["rule.yml", "-t", "sql"], "TRI501"),
        (["rule.yml", "-t", "kql", "--profile", "none"], "TRI502"),
        (["rule.yml", "--filter", "none"], "TRI111"),
    ],
)
def test_usage(trident: Trident, tmp_path: Path, arguments: list[str], code: str) -> None:
    write(tmp_path, rule=base())
    ran = trident("explain", *arguments, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert code in ran.err


def test_several_codes(trident: Trident) -> None:
    ran = trident("explain", "TRI202", "TRI410")
    assert ran.out.count("What to do:") == 2


def test_json(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=together("one", "two"))
    ran = trident("explain", "rule.yml", "-t", "all", "--format", "json", cwd=tmp_path)
    assert ran.code == 0
    assert ran.json["schema"] == 1
    (explained,) = ran.json["explanations"]
    assert explained["rule"]["name"] == "both"
    assert [each["name"] for each in explained["inputs"]] == ["one", "two"]
    fidelities = {each["target"]: each["fidelity"] for each in explained["targets"]}
    assert set(fidelities) == set(registry.names())
    assert (
        fidelities.items()
        >= {"kql": "exact", "spl": "exact", "eql": "covering", "esql": "exact"}.items()
    )
    test = explained["targets"][0]["rules"][0]["tests"][0]
    assert test["pieces"] == [{"text": 'ProcessCommandLine contains "evil one"', "shared": False}]


def test_a_refusal_is_no_failure(trident: Trident, tmp_path: Path) -> None:
    text = hunt().replace("condition: {gte: 1}", "condition: {lt: 5}")
    write(tmp_path, rule=text)
    ran = trident("explain", "rule.yml", "-t", "eql", cwd=tmp_path)
    assert ran.code == 0
    assert "refused" in ran.out and "TRI351" in ran.out and "help:" in ran.out


def test_filters_are_named(trident: Trident, hunts: Path) -> None:
    one = '{title: Not Bob, name: not_bob, logsource: {category: process_creation, product: windows}, filter: {rules: any, bob: {User: bob}, condition: not bob}}\n'  # fmt: skip  # noqa: E501
    write(hunts, rule=base())
    (hunts / "filters" / "bob.yml").write_text(one)
    ran = trident("explain", hunts / "rule.yml", "--filter", "not_bob")
    assert ran.code == 0, ran.err
    assert "filters: not_bob" in ran.out
    assert 'User is not "bob", ignoring case, or is missing [filter not_bob: bob]' in ran.out
    assert "_filt_" not in ran.out
    without = trident("explain", hunts / "rule.yml")
    assert "bob" not in without.out


def test_a_broken_document_beside(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=f"{base()}---\ntitle: [\n")
    ran = trident("explain", "rule.yml", cwd=tmp_path)
    assert ran.code == 1
    assert "TRI002" in ran.err


def test_nothing_steers_the_terminal(trident: Trident, tmp_path: Path) -> None:
    text = base().replace('"evil"', '"\\e]0;x\\a\\u202E"').replace("Base base", '"T\\e[1m"')
    write(tmp_path, rule=text)
    ran = trident("explain", "rule.yml", "-t", "all", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)
    assert "<U+001B>" in ran.out


def test_long_lists(trident: Trident, tmp_path: Path) -> None:
    values = ", ".join(f"v{number}" for number in range(45))
    write(tmp_path, rule=base().replace('"evil"', f"[{values}]"))
    cut = trident("explain", "rule.yml", "-t", "kql", cwd=tmp_path).out
    assert "… and 37 more" in cut and "… and 37 more pieces" in cut and "v44" not in cut
    whole = trident("explain", "rule.yml", "-t", "kql", "--all", cwd=tmp_path).out
    assert "…" not in whole and whole.count('"v44"') == 3


def test_the_same_each_time(trident: Trident, hunts: Path) -> None:
    first, second = (trident("explain", hunts, "-t", "all").out for _ in range(2))
    assert first == second


def test_your_own_mapping_is_called_yours(trident: Trident, tmp_path: Path) -> None:
    write(
        tmp_path,
        rule=base(),
        trident="fields: {kql: [{logsource: {category: process_creation, product: windows}, "
        "fields: {CommandLine: FolderPath}}]}\n",
    )
    ran = trident("explain", "rule.yml", "-t", "kql", cwd=tmp_path)
    assert "-> FolderPath" in ran.out and "(trident.yml)" in ran.out
