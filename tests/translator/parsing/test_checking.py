"""What is said of a query that a parser of its language has looked at, and of one that none has."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.targets import SHIPPED
from tests.translator.conftest import Ran, Trident, base, hunt, together, write
from trident.app.parsing import checkers, process
from trident.app.parsing.process import Answer, Parsers, Question
from trident.app.parsing.verdicts import FILE, Verdicts
from trident.mapping.binding import Bound
from trident.result.translation import Query
from trident.target import registry
from trident.translate import translate

INSTALLED = tuple(name for name in SHIPPED if not checkers.missing(name))
PASSED = {
    name: says if name in INSTALLED else "not checked"
    for name, says in {"kql": "bound", "spl": "parsed", "eql": "bound", "esql": "bound"}.items()
}
BROKEN = {
    "kql": {" contains ": " cntains ", "ProcessCommandLine": "NoSuchColumn", "evil": '"'},
    "spl": {"category=": "| whre category==", "=": "=(", "evil": '"'},
    "eql": {"any where": "any were", "process.command_line": "no.such_field"},
    "esql": {"WHERE": "WHER", "process.command_line": "no.such_field"},
}
"""What a parser of each language must not take: syntax and, where it binds, names."""

Change = Callable[[Query, Bound], Query]
RenderWith = Callable[[Change], None]


@pytest.fixture
def render_with(monkeypatch: pytest.MonkeyPatch) -> RenderWith:
    """Let every renderer's query pass through a function."""
    renderer = translate.renderer

    def through(change: Change) -> None:
        def render(target: str) -> Callable[[Bound], Query]:
            return lambda bound: change(renderer(target)(bound), bound)

        monkeypatch.setattr(translate, "renderer", render)

    return through


def translations(ran: Ran) -> dict[str, dict[str, Any]]:
    """The translations of a run of ``convert --format json`` by target."""
    return {each["target"]: each for each in ran.json["translations"]}


def test_each_target_says_how_far_it_was_checked(trident: Trident, tmp_path: Path) -> None:
    nowhere = base("nowhere").replace("process_creation", "telex")
    write(tmp_path, rules__rule=base(), rules__nowhere=nowhere)
    for name in SHIPPED:
        printed = {
            option: trident("convert", "rules/rule.yml", "-t", name, *option, cwd=tmp_path)
            for option in ((), ("--unchecked",), ("--checked",))
        }
        unchecked, same, checked = (ran.out.splitlines() for ran in printed.values())
        assert same == unchecked
        assert [ran.code for ran in printed.values()] == [0, 0, 0]
        (line,) = (each for each in unchecked if "checked: " in each)
        assert line.endswith(("checked: not checked", "checked: not checked ```"))
        expected = [each.replace("not checked", PASSED[name]) for each in unchecked]
        assert checked == expected, name
    as_json = ("convert", "rules", "-t", "all", "--format", "json")
    unsaid = trident(*as_json, cwd=tmp_path).json["translations"]
    said = trident(*as_json, "--checked", cwd=tmp_path).json["translations"]
    assert {each["checked"] for each in unsaid if each["query"]} == {"not checked"}
    assert {(each["target"], each["checked"]) for each in said} >= set(PASSED.items())
    assert [{**each, "checked": None} for each in said] == [
        {**each, "checked": None} for each in unsaid
    ]
    trident("build", cwd=tmp_path)
    manifest = json.loads((tmp_path / "dist/manifest.json").read_text("utf-8"))
    for each in manifest["translations"]:
        refused = each["fidelity"] == "refused"
        assert each["checked"] == (None if refused else PASSED[each["target"]])
    assert (tmp_path / "dist/kql/sentinel/base.kql").read_text("utf-8").splitlines()[2] == (
        "// checked: bound"
    )
    trident("build", "--unchecked", cwd=tmp_path)
    manifest = json.loads((tmp_path / "dist/manifest.json").read_text("utf-8"))
    assert {each["checked"] for each in manifest["translations"]} == {"not checked", None}


@pytest.mark.parametrize("target", INSTALLED)
def test_a_rejected_query_is_an_error_of_its_rule(
    trident: Trident, tmp_path: Path, target: str, render_with: RenderWith
) -> None:
    write(tmp_path, rules__rule=f"# a comment\n{base()}")
    convert = ("convert", "rules", "-t", target, "--format", "json", "--no-cache")
    check = ("check", "rules", "-t", target, "--select")
    for good, bad in BROKEN[target].items():

        def broken(query: Query, bound: Bound, good: str = good, bad: str = bad) -> Query:
            assert good in query.text
            return replace(query, text=query.text.replace(good, bad))

        render_with(broken)
        ran = trident(*convert, "--checked", cwd=tmp_path)
        (translation,) = ran.json["translations"]
        assert ran.code == 1, bad
        assert (translation["query"], translation["checked"]) == (None, None)
        assert translation["error"]["code"] == "TRI680"
        assert "rules/rule.yml:2:1: TRI680 error (" in ran.err
        assert "1 error" in ran.err
    assert trident(*convert, cwd=tmp_path).code == 0, "nobody has looked"
    ran = trident(*check, "TRI68", cwd=tmp_path)
    assert ran.code == 1
    assert re.match(rf"rules/rule\.yml:2:1: TRI680 error: .*\({target} \w+\)\n", ran.out)
    assert trident(*check, "TRI69", cwd=tmp_path).code == 0
    assert trident(*check, "TRI68", "--unchecked", cwd=tmp_path).code == 0
    write(tmp_path, suppressed__rule=f"# trident: ignore[TRI680]\n{base()}")
    for option in ("--checked", "--unchecked"):
        ran = trident("check", "suppressed", *check[2:], "TRI68,TRI690", option, cwd=tmp_path)
        assert (ran.code, ran.out) == (0, "")


def test_a_rejected_query_leaves_the_output_as_it_is(
    trident: Trident, tmp_path: Path, render_with: RenderWith
) -> None:
    write(tmp_path, rules__rule=base())
    render_with(lambda query, bound: replace(query, text=f"{query.text} ("))
    ran = trident("build", cwd=tmp_path)
    assert ran.code == 1
    for target in INSTALLED:
        assert f"TRI680 error ({target} " in ran.err
    assert not (tmp_path / "dist").exists()
    assert trident("build", "--unchecked", cwd=tmp_path).code == 0
    assert (tmp_path / "dist").is_dir()


def test_what_goes_with_a_query_is_checked_too(
    trident: Trident, tmp_path: Path, render_with: RenderWith
) -> None:
    """A second query of the rule, and the one inside of a search request."""
    write(tmp_path, rules__both=together("one", "two"))
    convert = ("convert", "rules", "-t", "eql", "--format", "json", "--checked", "--no-cache")
    assert trident(*convert, cwd=tmp_path).code == 0
    kinds = []
    for index in range(3):

        def broken(query: Query, bound: Bound, index: int = index) -> Query:
            companions = list(query.companions)
            kinds.append(companions[index].kind)
            body = json.dumps(companions[index].body).replace("any where", "any were", 1)
            companions[index] = replace(companions[index], body=json.loads(body))
            return replace(query, companions=tuple(companions))

        render_with(broken)
        ran = trident(*convert, cwd=tmp_path)
        assert ran.code == 1, index
        assert "TRI680" in ran.err
    assert kinds == ["search-request", "query", "search-request"]


def test_the_query_of_an_artifact_is_checked_too(
    trident: Trident, tmp_path: Path, render_with: RenderWith
) -> None:
    """A run of a schedule has another query than the rule as it is."""
    write(tmp_path, rules__rule=hunt())

    def broken(query: Query, bound: Bound) -> Query:
        run = getattr(bound.plan, "run", None)
        return query if run is None else replace(query, text=f"{query.text} (")

    render_with(broken)
    ran = trident("build", cwd=tmp_path)
    assert ran.code == 1
    places = ("kql/sentinel", "kql/defender", "spl/windows_ta", "esql/integrations")
    for place in (each for each in places if each.partition("/")[0] in INSTALLED):
        assert f"TRI680 error: artifact for {place}: the query is not valid: " in ran.err


def test_a_query_with_parameters_is_checked_with_values(trident: Trident, root: Path) -> None:
    ran = trident(
        "convert", root / "rules", "-t", "eql", "--profile", "integrations",
        "--format", "json", "--checked",
    )  # fmt: skip
    parameters = {
        parameter["type"]: each["checked"]
        for each in ran.json["translations"]
        for parameter in each["parameters"].values()
    }
    assert parameters == {"number": "bound", "strings": "bound"}


def test_names_passed_through_are_the_site_s(trident: Trident, tmp_path: Path) -> None:
    """``--unmapped keep`` leaves a name to the site, so the parser takes it for one of its."""
    write(tmp_path, rules__rule=base().replace("CommandLine|", "NobodyMapsThis|"))
    ran = trident(
        "convert", "rules", "-t", "all", "--unmapped", "keep", "--checked", "--format", "json",
        cwd=tmp_path,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert {name: each["checked"] for name, each in translations(ran).items()} == PASSED


def test_what_has_passed_is_not_asked_again(
    trident: Trident, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = Parsers.answers

    def counted(self: Parsers, questions: list[Question]) -> list[Answer]:
        asked.extend(f"{each.target}" for each in questions)
        return answers(self, questions)

    monkeypatch.setattr(Parsers, "answers", counted)
    write(tmp_path, rules__one=base("one"), rules__two=base("two", "wicked"))

    def new(*arguments: object) -> list[str]:
        asked.clear()
        assert trident(*arguments, cwd=tmp_path).code == 0
        return sorted(asked)

    convert = ("convert", "rules", "--checked", "-t", "kql", "-t", "eql")
    assert new(*convert) == ["eql", "eql", "kql", "kql"]
    assert new(*convert) == [], "the whole run is in the cache"
    assert new(*convert, "--format", "json") == [], "another run, the same queries"
    assert new("check", "rules", "-t", "kql", "-t", "eql", "--select", "TRI68") == []
    assert new(*convert, "--no-cache") == ["eql", "eql", "kql", "kql"]
    write(tmp_path, rules__two=base("two", "nasty"))
    assert new(*convert) == ["eql", "kql"], "only what has changed"
    new("build")
    assert new("build") == []
    (own_cache / FILE).write_bytes(b"\xff\n" * 9)
    assert new("build") != [], "a damaged file is as good as none"
    assert new("build") == [], "and mends itself"


def test_the_digests(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first = Verdicts(folder, "parser 1")
    first.add(["a", "b"])
    again = Verdicts(folder, "parser 1")
    assert [again.has(each) for each in "abc"] == [True, True, False]
    assert not Verdicts(folder, "parser 2").has("a"), "another version has said nothing yet"
    again.add(["c"])
    assert again.has("c")
    assert Verdicts(folder, "parser 1").has("c")
    assert {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()} == {
        FILE: 0o600,
        "secret": 0o600,
    }
    memory = Verdicts()
    memory.add(["a"])
    assert (memory.has("a"), memory.has("b")) == (True, False)
    unwritable = Verdicts(tmp_path / "cache" / FILE / "below", "parser 1")
    unwritable.add(["a"])
    assert not Verdicts(tmp_path / "cache" / FILE / "below", "parser 1").has("a")
    question = Question("kql", "T", {"T": {"a": "string"}})
    others = [
        replace(question, target="spl"),
        replace(question, query="T "),
        replace(question, names={"T": {"a": "long"}}),
    ]
    assert len({each.digest for each in (question, *others)}) == 4


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Parsers:
    """Parsers that answer as ``hanging.py`` says, and have three seconds for a query."""
    monkeypatch.setattr(process, "_MODULE", "tests.translator.parsing.hanging")
    monkeypatch.setattr(process, "PAYS", 2)
    own = Parsers(2, 3.0)
    monkeypatch.setattr("trident.app.parsing.check.parsers", lambda jobs: own)
    return own


def test_a_parser_that_hangs_costs_one_query(
    trident: Trident, tmp_path: Path, hanging: Parsers
) -> None:
    words = ("good", "hang", "fine", "crash", "fault", "well", "reject", "once")
    answers = hanging.answers([Question("kql", word, {}) for word in words])
    hanging.close()
    assert dict(zip(words, answers, strict=True)) == {
        "good": Answer(),
        "hang": Answer(fault="no answer within 3 s"),
        "fine": Answer(),
        "crash": Answer(fault="the process ended"),
        "fault": Answer(fault="out of depth"),
        "well": Answer(),
        "reject": Answer(problem="rejected reject"),
        "once": Answer(),
    }
    write(tmp_path, **{f"rules__{word}": base(word, word) for word in ("good", "fault", "fine")})
    convert = ("convert", "rules", "-t", "kql", "--format", "json", "--checked")
    for _ in range(2):  # and no cache keeps what may be another time
        ran = trident(*convert, cwd=tmp_path)
        assert ran.code == 0
        checked = {each["rule"]["name"]: each["checked"] for each in ran.json["translations"]}
        assert checked == {"fault": "not checked", "fine": "bound", "good": "bound"}
        assert "rules/fault.yml:1:1: TRI681 warning: " in ran.err
        assert "kql sentinel is not checked, its parser failed: out of depth" in ran.err
    ran = trident("check", "rules", "-t", "kql", "--select", "TRI681", cwd=tmp_path)
    assert ran.code == 1
    assert ran.out.count("TRI681") == 1
    hanging.close()


def test_a_missing_package_is_one_line(
    trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = checkers.find_spec
    absent = {"kustology", "lark"}
    monkeypatch.setattr(checkers, "find_spec", lambda name: None if name in absent else find(name))
    write(tmp_path, rules__rule=base())
    ran = trident("convert", "rules", "-t", "all", "--format", "json", "--checked", cwd=tmp_path)
    assert ran.code == 0
    lines = [each for each in ran.err.splitlines() if "for want of a parser" in each]
    said = {name: each["checked"] for name, each in translations(ran).items() if name in PASSED}
    assert said == {**PASSED, "kql": "not checked", "spl": "not checked"}
    line = "not checked, for want of a parser: kql (kustology), spl (lark)"
    assert len(lines) == 1
    assert lines[0].startswith(line)
    assert "pip install" in lines[0]
    for command in (("build",), ("check", "rules", "--select", "TRI68")):
        ran = trident(*command, cwd=tmp_path)
        assert ran.code == 0
        assert ran.err.count(line) == 1
    assert "for want" not in trident("build", "--unchecked", cwd=tmp_path).err
    assert "for want" not in trident("convert", "rules", "-t", "kql", cwd=tmp_path).err


def test_a_target_without_a_parser(
    trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = replace(registry.target("kql"), checker="")
    monkeypatch.setattr(checkers.registry, "target", lambda name: record)
    monkeypatch.setattr(checkers, "checker", checkers.checker.__wrapped__)
    monkeypatch.setattr("trident.app.parsing.check.checker", checkers.checker)
    write(tmp_path, rules__rule=base())
    convert = ("convert", "rules", "-t", "kql", "--checked", "--no-cache")
    ran = trident(*convert, cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "1 translation: 1 exact; 0 refused; 0 errors\n")
    assert "// checked: not checked\n" in ran.out
    record = replace(record, checker="package_that_is_nowhere.checker:Checker")
    ran = trident(*convert, cwd=tmp_path)
    assert ran.code == 0
    assert "for want of a parser: kql (package_that_is_nowhere); " in ran.err
    assert "// checked: not checked\n" in ran.out


def test_the_same_bytes_from_several_processes(trident: Trident, tmp_path: Path) -> None:
    """Forked workers leave the parsers of their parent alone."""
    rules = {f"rules__rule{index}": base(f"r{index}", f"v{index}") for index in range(8)}
    filler = f"# {'x' * 40_000}\n"
    write(tmp_path, **{name: text + filler for name, text in rules.items()})
    convert = ("convert", "rules", "-t", "spl", "-t", "eql", "--checked", "--no-cache")
    alone = trident(*convert, "--jobs", "1", cwd=tmp_path)
    together_ = trident(*convert, "--jobs", "2", cwd=tmp_path)
    after = trident(*convert, "--jobs", "1", cwd=tmp_path)
    assert (alone.out, alone.err) == (together_.out, together_.err) == (after.out, after.err)
    assert alone.out.count("checked: bound") == alone.out.count("checked: parsed") == 8


def test_nothing_of_it_is_imported_without_being_asked_for() -> None:
    code = (
        "import sys; from trident.app.commands.cli import main\n"
        "try: main(['convert', '-', '-t', 'kql', '--no-cache'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print([name for name in sys.modules if 'parsing' in name and 'trident' in name])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], input=base(), capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"
