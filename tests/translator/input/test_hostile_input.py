"""Hostile input costs a diagnostic: never a traceback, never TRI599, in bounded time and memory."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sigma.conditions import ConditionFieldEqualsValueExpression
from sigma.types import SigmaRegularExpression, SigmaString

from tests.translator.conftest import Trident, base, hunt, write
from trident.meaning.detection import compile_detection
from trident.rule.regex import compile_regex

RULE = """\
title: bad
name: bad
logsource: {category: process_creation, product: windows}
detection:
  s: SELECTION
  condition: CONDITION
"""
CORRELATION = """\
---
title: c
correlation:
  type: temporal
  timespan: 5m
  condition: CONDITION
"""


def rule(selection: str = "{CommandLine: a}", condition: str = "s") -> str:
    """A rule with this selection and condition."""
    return RULE.replace("SELECTION", selection).replace("CONDITION", condition)


def nested(text: str, levels: int = 10_000, opening: str = "(", closing: str = ")") -> str:
    """``text`` in many parentheses."""
    return opening * levels + text + closing * levels


BAD = [
    # why, text, code, line
    ("10,000 levels of YAML", rule(nested("1", opening="{a: ", closing="}")), "TRI007", 5),
    ("10,000 levels of lists", "title: bad\ndetection: " + nested("", opening="[", closing="]"),
     "TRI007", 2),
    ("not, 10,000 times", rule(condition="not " * 10_000 + "s"), "TRI007", 6),
    ("not, more often than may be walked", rule(condition="not " * 400 + "s"), "TRI007", 6),
    ("not in a correlation", rule() + base("b").join(["---\n", ""])
     + CORRELATION.replace("CONDITION", "bad and " + "not " * 400 + "b"), "TRI007", 19),
    ("groups in a regex", rule("{CommandLine|re: '" + nested("a", 3000) + "'}"), "TRI007", 4),
    ("a list with itself in it", "title: bad\ndetection: &d {s: [*d], condition: s}\n", "TRI005",
     2),
    ("aliases that add up",
     "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
     "e: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", "TRI005", 3),
    ("300,000 values", rule("[" + "a," * 300_000 + "a]"), "TRI006", 1),
    ("a number of 5,000 digits", rule(f"{{ProcessId: {'9' * 5000}}}"), "TRI002", 5),
    ("a date that is none", "title: bad\ndate: 2026-02-31\n", "TRI002", 2),
    *((f"a !!{tag} that is none", f"title: bad\nlevel: !!{tag} {value}\n", "TRI002", 2)
      for tag, value in (("timestamp", "x"), ("int", "''"), ("int", "x"), ("float", "x"),
                         ("bool", "x"), ("binary", "x"))),
    ("a date far away", "title: bad\ndate: 99999-99-99\nlogsource: {product: windows}\n"
     "detection: {s: {a: b}, condition: s}\n", "TRI101", 2),
    ("an id of 100,000 letters", "id: " + "a" * 100_000 + "\n" + rule(), "TRI119", 1),
    ("a name that is a list", rule().replace("name: bad", "name: [a, {b: c}]"), "TRI101", 4),
    ("a title that is a mapping", rule().replace("title: bad", "title: {a: [b]}"), "TRI101", 1),
    ("a timespan beyond any log", hunt("bad").replace("5m", "9" * 30 + "d"), "TRI106", 15),
    ("a look-back beyond any log", hunt("bad") + f"trident: {{lookback: {'9' * 30}d}}\n",
     "TRI107", 17),
    ("a number beyond any count", hunt("bad").replace("gte: 1", "gte: 1" + "0" * 30), "TRI106",
     16),
    ("a percentile that is infinite",
     hunt("bad").replace("event_count", "value_percentile")
     .replace("gte: 1", "gte: 1, field: a, percentile: .inf"), "TRI101", 8),
    ("a number that is infinite", hunt("bad").replace("gte: 1", "gte: .inf"), "TRI101", 16),
    ("a tab", "title: bad\n\tname: b\n", "TRI002", 2),
    ("a NUL byte", "title: a\0b\n", "TRI002", 1),
    ("a scalar", "hello\n", "TRI004", 1),
    ("a list", "- 1\n", "TRI004", 1),
    ("a key of a list", "title: bad\n? [a]\n: b\n", "TRI002", 2),
    ("an unknown tag", "title: !!python/object:os.system bad\n", "TRI002", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "line"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_one_diagnostic(trident: Trident, tmp_path: Path, text: str, code: str, line: int) -> None:
    write(tmp_path, bad=text, good=hunt("good"))
    ran = trident("convert", ".", "-t", "all", cwd=tmp_path)
    assert ran.code == 1
    assert ran.out.count(" many_good") == 4
    first = next(each for each in ran.err.splitlines() if f": {code} error: " in each)
    assert first.startswith(f"bad.yml:{line}:"), first[:200]
    assert "TRI599" not in ran.err
    assert max(map(len, ran.err.splitlines())) < 150_000


FINE = [
    ("10,000 parentheses", rule(condition=nested("s"))),
    ("10,000 operands", rule(condition=" and ".join(["s"] * 10_000))),
    ("a value of 1,000,000 letters", rule("{CommandLine|contains: '" + "a" * 1_000_000 + "'}")),
    ("5,000 wildcards", rule("{CommandLine: '" + "*a" * 5_000 + "'}")),
    ("a regex that explodes", rule("{CommandLine|re: '(a+)+$'}")),
    ("5,000 optional letters", rule("{CommandLine|re: '" + "a?" * 5_000 + "'}")),
    ("5,000 selections", rule().replace("  s: {CommandLine: a}\n", "".join(
        f"  s{number}: {{CommandLine: a{number}}}\n" for number in range(5_000)
    )).replace("condition: s", "condition: 1 of s*")),
    ("infinite numbers", rule("{ProcessId: [.inf, -.inf, .nan]}")),
    ("numbers that a float cannot hold", rule("{ProcessId: 1e400}")),
]  # fmt: skip


@pytest.mark.parametrize("text", [case[1] for case in FINE], ids=[case[0] for case in FINE])
def test_converted_or_refused(trident: Trident, tmp_path: Path, text: str) -> None:
    """Large, but with a meaning: each target says it or has a code for why it cannot."""
    write(tmp_path, bad=text, good=hunt("good"))
    ran = trident("convert", ".", "-t", "all", cwd=tmp_path)
    assert "TRI599" not in ran.err, ran.err[:500]
    assert ran.out.count(" many_good") == 4


TITLES = ["\x1b[31mred", "\u202egnp.exe", "a\nb", "*/ DROP", "``` | delete", "<!-- -->", "'''",
          "${x}", "{{x}}", "%s", "a" * 256, "\U0001f600", "// x",
          "../../etc/passwd"]  # fmt: skip


@pytest.mark.parametrize("title", TITLES)
def test_hostile_titles(trident: Trident, tmp_path: Path, title: str) -> None:
    """A title stays on its comment line, and steers neither terminal nor path."""
    import yaml

    text = (
        yaml.safe_dump({"title": title, "name": title}, allow_unicode=False)
        + rule().split("\n", 2)[2]
    )
    write(tmp_path, rules__bad=text, plain=rule())
    plain = trident("convert", "plain.yml", "-t", "all", cwd=tmp_path).out.splitlines()
    ran = trident("convert", "rules", "-t", "all", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out and "\u202e" not in ran.out
    code = [each for each in ran.out.splitlines() if not each.startswith(("//", "```"))]
    assert code == [each for each in plain if not each.startswith(("//", "```"))]
    assert trident("build", cwd=tmp_path).code == 0
    assert {each.name for each in tmp_path.iterdir()} == {"rules", "plain.yml", "dist"}


def test_utf16(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, good=hunt("good"))
    (tmp_path / "bad.yml").write_bytes(rule().encode("utf-16"))
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert (ran.code, "// many_good" in ran.out) == (1, True)
    assert "bad.yml:1:1: TRI001 error: not UTF-8: byte 0xFF" in ran.err


def test_files_that_cannot_be_read(
    trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No permission (root has it, so it is played), links that end nowhere or in themselves."""
    write(tmp_path, good=hunt("good"), secret=rule())
    (tmp_path / "self.yml").symlink_to("self.yml")
    (tmp_path / "to.yml").symlink_to("fro.yml")
    (tmp_path / "fro.yml").symlink_to("to.yml")
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "folder.yml" / "up").symlink_to("..", target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.yml")
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(tmp_path)
        bound.bind("socket.yml")
        opened = os.open

        def refusing(path: str, *given: int) -> int:
            if str(path).endswith("secret.yml"):
                raise PermissionError(13, "Permission denied")
            return opened(path, *given)

        monkeypatch.setattr(os, "open", refusing)
        ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert (ran.code, "// many_good" in ran.out) == (1, True)
    found = {each.split(":")[0] for each in ran.err.splitlines() if " TRI001 error: " in each}
    assert found == {"secret.yml", "self.yml", "to.yml", "fro.yml"}
    assert "secret.yml: TRI001 error: Permission denied" in ran.err
    assert "pipe.yml: TRI008 error: a pipe, no regular file" in ran.err
    assert "socket.yml: TRI008 error: a socket, no regular file" in ran.err


def test_a_folder_that_cannot_be_listed(
    trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, good=hunt("good"), closed__rule=rule())
    listed = os.scandir

    def refusing(folder: str) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert (ran.code, "// many_good" in ran.out) == (1, True)
    assert "closed: TRI001 error: " in ran.err


def measured(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[bytes], int]:
    """A run of the command in a process of its own that must not hang, its peak memory in MB."""
    script = (
        "import resource, subprocess, sys;"
        "main = 'from trident.app.commands.cli import main; main()';"
        "ran = subprocess.run([sys.executable, '-c', main, *sys.argv[1:]],"
        " stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024);"
        "sys.exit(ran.returncode)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=240,
    )
    return ran, int(ran.stdout)


def test_a_document_of_100_megabytes(tmp_path: Path) -> None:
    with (tmp_path / "huge.yml").open("wb") as file:
        file.write(b"title: huge\ndetection:\n")
        file.seek(100_000_000)
        file.write(b"\n")
    write(tmp_path, good=hunt("good"))
    ran, megabytes = measured(tmp_path, "convert", ".", "-t", "kql")
    assert ran.returncode == 1
    assert b"huge.yml: TRI006 error: larger than 10,000,000 bytes" in ran.stderr
    assert megabytes < 120, "no more than the limit is read"


def test_a_document_of_many_values(tmp_path: Path) -> None:
    """Below the limit of bytes, but its nodes would take gigabytes."""
    write(tmp_path, many=rule("[" + "a," * 4_900_000 + "a]"), good=hunt("good"))
    ran, megabytes = measured(tmp_path, "convert", ".", "-t", "kql")
    assert ran.returncode == 1
    assert b"TRI006 error: more than 250,000 values" in ran.stderr
    assert megabytes < 250


@pytest.mark.parametrize("shape", ["list", "maps"])
def test_a_rule_of_100_000_values(tmp_path: Path, shape: str) -> None:
    line = {"list": "    - value{}\n", "maps": "    - CommandLine: value{}*\n"}[shape]
    key = {"list": "\n    CommandLine|contains:\n", "maps": "\n"}[shape]
    values = key + "".join(line.replace("    -", "      -").format(n) for n in range(100_000))
    (tmp_path / "rule.yml").write_text(rule(values.removesuffix("\n")))
    ran, megabytes = measured(tmp_path, "convert", "rule.yml", "-t", "all")
    assert ran.returncode == 0, ran.stderr[:500]
    assert b"4 translations: 4 exact" in ran.stderr
    assert megabytes < 700


def test_a_rule_of_100_000_references(tmp_path: Path) -> None:
    listed = "".join(f"    - rule{number}\n" for number in range(100_000))
    (tmp_path / "rule.yml").write_text(
        f"title: c\ncorrelation:\n  type: temporal\n  timespan: 5m\n  rules:\n{listed}"
    )
    ran, megabytes = measured(tmp_path, "convert", "rule.yml", "-t", "all")
    assert (ran.returncode, b"TRI102 error: no rule is called 'rule0'" in ran.stderr) == (1, True)
    assert megabytes < 400


def test_one_broken_file_among_the_public_rules(
    trident: Trident, tmp_path: Path, shared: Path
) -> None:
    rules = shared / "corpus" / "sigmahq" / "rules"
    copied = shutil.copytree(rules, tmp_path / "rules", copy_function=os.symlink)
    asked = ("convert", "rules", "-t", "kql", "--format", "json")
    whole = trident(*asked, cwd=tmp_path)
    broken = sorted(copied.rglob("*.yml"))[1500]
    broken.unlink()
    broken.write_text("title: x\ndetection: {]\n")
    ran = trident(*asked, cwd=tmp_path)
    assert (whole.code, ran.code) == (0, 1)
    name = broken.relative_to(tmp_path).as_posix()
    left = [each for each in whole.json["translations"] if each["rule"]["file"] != name]
    assert len(left) == len(whole.json["translations"]) - 1 == 3140
    assert ran.json["translations"] == left
    assert [line for line in ran.err.splitlines() if " error: " in line] == [
        line for line in ran.err.splitlines() if line.startswith(f"{name}:2:") and "TRI002" in line
    ]


EXPLODING = ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){20}$", "(a?){40}a{40}$", r"^(\w+\s?)*$"]


@pytest.mark.parametrize("pattern", EXPLODING)
def test_evaluating_a_regex_that_explodes(pattern: str) -> None:
    """Years in Python's own engine; RE2 is linear."""
    assert compile_regex(SigmaRegularExpression(pattern)).search("a" * 5_000 + "!") is None


def test_evaluating_wildcards_that_explode() -> None:
    value = SigmaString("*a" * 60 + "*b")
    test = compile_detection(ConditionFieldEqualsValueExpression("f", value))
    assert not test({"f": "a" * 20_000})
    assert test({"f": "a" * 20_000 + "b"})
