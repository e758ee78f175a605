"""Bad input: each a diagnostic with code, file and line; the other rules are still converted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.translator.conftest import Trident, base, count, hunt, write

BAD = [
    ("broken YAML", "title: x\ndetection: {]\nlogsource: {}\n", "TRI002", 2),
    ("duplicate keys", hunt("bad") + "level: low\nlevel: high\n", "TRI003", 18),
    ("no Sigma document", "title: x\nfoo: bar\n", "TRI004", 1),
    ("no mapping", "- a\n- b\n", "TRI004", 1),
    ("alias that holds itself", "title: x\ndetection: &d {a: [*d]}\n", "TRI005", 2),
    ("unknown reference", count("missing"), "TRI102", 6),
    ("unknown reference by id", count("6b8d9d5c-2d6e-4b53-8f4b-0a8a54ab2a10"), "TRI102", 6),
    ("two rules of one name", base("bad") + "---\n" + base("bad", "other"), "TRI103", 8),
    ("misspelt key below correlation", hunt("bad").replace("group-by", "groupby"), "TRI104", 14),
    ("misspelt key below trident", hunt("bad") + "trident: {lokback: 1d}\n", "TRI104", 17),
    ("reference to itself", count("bad").replace("[bad]", "[many_bad]"), "TRI110", 6),
    ("bad condition", base("bad").replace("condition: selection", "condition: selction"),
     "TRI101", 6),
    ("detection of another kind", "title: x\nlogsource: {product: windows}\ndetection: 5\n",
     "TRI101", 3),
    ("correlation of another kind", "title: x\ncorrelation: foo\n", "TRI101", 2),
    ("timespan of no unit", hunt("bad").replace("5m", "5 apples"), "TRI101", 15),
    ("expand without a value", base("bad").replace("|contains: \"evil\"", "|expand: '%list%'"),
     "TRI109", 4),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "line"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_bad_rule(trident: Trident, tmp_path: Path, text: str, code: str, line: int) -> None:
    write(tmp_path, bad=text, good=hunt("good"))
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert ran.code == 1
    assert "// many_good" in ran.out
    first = ran.err.splitlines()[0]
    assert first.startswith(f"bad.yml:{line}:"), ran.err
    assert f": {code} error: " in first
    assert "help: " in ran.err


def test_a_rule_that_refers_to_a_broken_one(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, a=base("bad") + "level: low\nlevel: high\n", b=count("bad"))
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert "a.yml:8:1: TRI003" in ran.err
    assert "b.yml:6:3: TRI108" in ran.err
    assert "TRI102" not in ran.err


def test_unknown_field_for_the_table(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, bad=base("bad").replace("CommandLine|", "ComandLine|"), good=hunt("good"))
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert ran.code == 0  # a refusal foreseen by the mapping data
    assert "bad.yml:1:1: TRI202 refused (kql sentinel): " in ran.err
    assert "did you mean CommandLine?" in ran.err
    assert "// many_good" in ran.out


def test_unreadable_files(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, good=hunt("good"))
    (tmp_path / "latin.yml").write_bytes("title: ä\n".encode("latin-1"))
    (tmp_path / "gone.yml").symlink_to("nowhere")
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert ran.code == 1
    assert "// many_good" in ran.out
    assert "latin.yml:1:8: TRI001" in ran.err
    assert "gone.yml: TRI001" in ran.err


def test_unwritable_output_file(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=hunt())
    ran = trident("convert", tmp_path / "rule.yml", "-t", "kql", "-o", tmp_path / "no" / "x.kql")
    assert (ran.code, ran.out) == (2, "")
    assert "TRI503" in ran.err


def test_unwritable_output_folder(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__rule=hunt())
    (tmp_path / "file").write_text("")
    ran = trident("build", "rules", "-o", "file/dist", cwd=tmp_path)
    assert ran.code == 2
    assert "file" in ran.err
    assert "TRI503" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__rule=hunt())
    (tmp_path / "out").mkdir(mode=0o500)
    ran = trident("build", "rules", "-o", "out/dist", cwd=tmp_path)
    assert ran.code == 2
    assert "TRI503" in ran.err


def test_a_defect_of_ours_is_one_rules_alone(
    trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trident.app.run import convert

    whole = convert.translate

    def translate(plan, profile):  # type: ignore[no-untyped-def]
        if plan.identity.name == "many_bad":
            raise RuntimeError("no idea")
        return whole(plan, profile)

    monkeypatch.setattr(convert, "translate", translate)
    write(tmp_path, bad=hunt("bad"), good=hunt("good"))
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert ran.code == 1
    assert "bad.yml:8:1: TRI599 error: RuntimeError in kql profile sentinel: no idea" in ran.err
    assert "// many_good" in ran.out


IN_FILE_FILTER = (
    base()
    + """\
---
title: Not by the scanner
logsource: {product: windows}
filter:
  rules: [base]
  selection: {User: scanner}
  condition: not selection
"""
)


def test_a_filter_in_the_same_file_is_on(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rule=IN_FILE_FILTER)
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert ran.code == 0
    assert 'not(AccountName =~ "scanner")' in ran.out


FILTERS = [
    ("fits no rule", "[base]", "[bse]", "TRI114 warning", 11, 0),
    ("bad condition", "not selection", "not selction", "TRI101 error", 13, 1),
    ("without rules", "  rules: [base]\n", "", "TRI101 error", 10, 1),
]


@pytest.mark.parametrize(
    ("old", "new", "found", "line", "code"), [c[1:] for c in FILTERS], ids=[c[0] for c in FILTERS]
)
def test_bad_filter(
    trident: Trident, tmp_path: Path, old: str, new: str, found: str, line: int, code: int
) -> None:
    write(tmp_path, rule=IN_FILE_FILTER.replace(old, new))
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert ran.code == code
    assert any(
        each.startswith(f"rule.yml:{line}:") and found in each for each in ran.err.splitlines()
    )
    # A rule without the filter that its file has would mean something else.
    assert (ran.out == "") == (code == 1)
