"""Structures of another kind than anybody asked for: each is a finding at its place, none a
traceback, and what nobody has foreseen is one line with the way to repeat it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pytest
import yaml

from tests.hostile.structures import mutations
from tests.translator.conftest import Ran, Trident, base, hunt, write
from trident.app.build.build import build
from trident.app.check.run import check
from trident.app.check.selection import read_selection
from trident.app.commands import cli
from trident.app.explain.run import explain
from trident.app.files.json_text import parsed
from trident.app.input.config import Config, read_config
from trident.app.input.pipelines import read_pipelines
from trident.app.run import bulk, parallel
from trident.app.run.convert import chosen_profiles, convert
from trident.app.verify.exported import Reading, read_exported
from trident.app.verify.ruletests import read_rule_tests
from trident.base.diagnostics import Diagnostic, TridentError
from trident.mapping.profiles import load_profile

HERE = Path(__file__).parent
SOURCES: dict[str, Any] = yaml.safe_load((HERE / "structures.yml").read_text("utf-8"))
"""A structure of each kind, with everything in it that is read of it."""

TARGETS = ("kql", "spl", "eql", "esql")


def findings(diagnostics: list[Diagnostic]) -> None:
    """No finding is one that nobody has foreseen."""
    assert [each for each in diagnostics if each.code == "TRI599"] == []


def settings(file: Path) -> None:
    """Everything that is made of a ``trident.yml``."""
    chosen_profiles(TARGETS, (), read_config(file))


def pipeline(file: Path) -> None:
    """A pipeline, and a rule that goes through it."""
    rule = write(file.parent / "rules", base=base()) / "base.yml"
    findings(convert([str(rule)], (), Config(pipelines=read_pipelines([file]))).diagnostics)


def rules(file: Path) -> None:
    """Rules as ``convert``, ``build``, ``check`` and ``explain`` take them."""
    profiles = [load_profile("kql", "sentinel"), load_profile("eql", "integrations")]
    outcome, _ = build(file, Config(), profiles)
    findings(outcome.diagnostics)
    findings(list(check([str(file)], profiles[:1], Config(), read_selection((), ())).diagnostics))
    explain([str(file)], None, ["kql"], ["sentinel"], [], Config(), "text", False)


def rule_test(file: Path) -> None:
    """The events of a rule test."""
    read_rule_tests(str(file))


KINDS: dict[str, tuple[Callable[[Path], None], int]] = {
    # What reads it, and how many mutations are left out for each that is run here.
    "settings": (settings, 61),
    "pipeline": (pipeline, 53),
    "rule": (rules, 101),
    "count": (rules, 101),
    "order": (rules, 47),
    "filter": (rules, 31),
    "rule_test": (rule_test, 29),
}
"""All of them are run with ``python -m tests.hostile.test_structures KIND``."""


def documents(kind: str, structure: Any) -> list[Any]:
    """The documents of a file: a correlation and a filter come with the rules that they name."""
    others = {"count": ["rule"], "filter": ["rule"], "order": ["rule", "second"]}
    return [*(SOURCES[name] for name in others.get(kind, ())), structure]


def written(file: Path, kind: str, structure: Any) -> bool:
    """Whether YAML can write the structure, which then stands in the file."""
    try:
        text = yaml.safe_dump_all(documents(kind, structure), sort_keys=False)
    except (yaml.YAMLError, TypeError):
        return False
    file.write_text(text, encoding="utf-8")
    return True


def run_all(kind: str, file: Path, start: int, step: int) -> int:
    """Run every ``step``-th mutation of a kind; how many there were. Whatever else is raised than
    an error of ours fails."""
    read, _ = KINDS[kind]
    count = 0
    for path, odd, structure in islice(mutations(SOURCES[kind]), start, None, step):
        if written(file, kind, structure):
            count += 1
            try:
                read(file)
            except TridentError as error:
                assert error.diagnostic.code != "TRI599", (kind, path, odd)
            except Exception as error:
                raise AssertionError(f"{kind}: {path} as {str(odd)[:80]}: {error!r}") from error
    return count


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_in_every_kind(tmp_path: Path, kind: str) -> None:
    """A part of all mutations, the same each time."""
    file = tmp_path / "it.yml"
    assert written(file, kind, SOURCES[kind])
    KINDS[kind][0](file)  # as it is, it is read
    assert run_all(kind, file, 3, KINDS[kind][1]) > 10


def test_no_expression_is_made_of_null(trident: Trident, tmp_path: Path) -> None:
    """pySigma reads null as the text None, in a rule, a filter and a pipeline."""
    odd = ("null", "true", "[a, null]", "[no]")
    found = "TRI101 error: a regular expression is null, true or false, no text"
    selection = '{CommandLine|contains: "evil"}'
    narrowing = "title: f\nlogsource: {product: windows}\nfilter: {rules: any, s: {User|re: null}, \
condition: not s}\n"
    adding = "transformations: [{type: add_condition, conditions: {User|re: null}}]\n"
    for value in odd:
        rule = base().replace(selection, f"{{CommandLine|re: {value}}}")
        assert rule != base()
        ran = trident("convert", "-", "-t", "kql", stdin=rule)
        assert (ran.code, ran.out, found in ran.err) == (1, "", True), (value, ran)
    ran = trident("convert", "-", "-t", "kql", stdin=f"{base()}---\n{narrowing}")
    assert (ran.code, ran.out, found in ran.err) == (1, "", True), ran
    (tmp_path / "p.yml").write_text(adding)
    ran = trident("convert", "-", "-t", "kql", "-p", "p.yml", stdin=base(), cwd=tmp_path)
    assert (ran.code, ran.out, found in ran.err) == (1, "", True), ran
    fine = base().replace(selection, "{CommandLine|re: [a, 5], User: null}")
    assert trident("convert", "-", "-t", "kql", stdin=fine).code == 0


ONES: dict[str, tuple[str, str]] = {
    # What was a traceback once: the file, and what is in it.
    "an entity's key is null": (
        "rules/base.yml",
        base() + "id: 5f0c9d5c-2d6e-4b53-8f4b-0a8a54ab2a10\n"
        "trident: {entities: [{type: Host, null: Computer}]}\n",
    ),
    "an entity is a mapping with null": (
        "rules/base.yml",
        base() + "id: 5f0c9d5c-2d6e-4b53-8f4b-0a8a54ab2a10\ntrident: {entities: [{null: x}]}\n",
    ),
    "entities are a number": (
        "rules/base.yml",
        base() + "id: 5f0c9d5c-2d6e-4b53-8f4b-0a8a54ab2a10\ntrident: {entities: 5}\n",
    ),
    "tables are a text": ("trident.yml", "tables: {kql: x}\n"),
    "a table's name is null": ("trident.yml", "tables: {kql: {null: x}}\n"),
    "columns are a list": ("trident.yml", "tables: {kql: {T: {columns: [a]}}}\n"),
    "a step's id is a list": (
        "p.yml",
        "transformations: [{id: [a], type: set_state, key: a, val: b}]\n",
    ),
    "a state's key is a list": (
        "p.yml",
        "transformations: [{type: set_state, key: [a], val: b}]\n",
    ),
    "a condition's key is a mapping": (
        "p.yml",
        "transformations: [{type: set_state, key: a, val: b, rule_conditions: "
        "[{type: processing_state, key: {}, val: b}]}]\n",
    ),
    "a manifest of lists": ("dist/manifest.json", "[" * 200_000),
}


@pytest.mark.parametrize("kind", ONES)
def test_what_was_a_traceback(trident: Trident, tmp_path: Path, kind: str) -> None:
    place, text = ONES[kind]
    write(tmp_path, rules__base=base(), p="transformations: []\n", trident="{}")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(text)
    ran = trident("build", "rules", "-p", "p.yml", "--unchecked", cwd=tmp_path)
    assert ran.code in (1, 2), ran
    assert place.rpartition("/")[2] in ran.err
    assert "TRI599" not in ran.err
    assert "help: " in ran.err


def test_an_expression_that_cannot_be_read_is_printed_by_nobody_else(
    trident: Trident, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """RE2's own log has what anybody has written, as it stands."""
    step = "{type: set_state, key: a, val: b, detection_item_conditions: [{type: match_string, \
cond: any, pattern: '##[set-output name=x]['}]}"
    (tmp_path / "p.yml").write_text(f"transformations: [{step}]\n")
    ran = trident("convert", "-", "-t", "kql", "-p", "p.yml", stdin=base(), cwd=tmp_path)
    assert ran.code == 2
    assert capfd.readouterr() == ("", "")


def test_events(tmp_path: Path) -> None:
    """Records of an export, and values of every kind in them; a time that no calendar has."""
    file = tmp_path / "logs.jsonl"
    profile = load_profile("kql", "sentinel")
    rule = write(tmp_path, base=base()) / "base.yml"
    (planned,) = convert([str(rule)], (), Config()).planned
    assert planned.plan
    record = {
        "Type": "DeviceProcessEvents",
        "TimeGenerated": "2026-01-15T12:00:00Z",
        "ProcessCommandLine": "evil",
        "AdditionalFields": '{"a": 1}',
    }
    texts = []
    for _, _, structure in mutations(record):
        with suppress(TypeError):  # a key that JSON cannot write
            texts.append(json.dumps(structure, default=str))
    texts += ['{"a":' * 20_000 + "1" + "}" * 20_000, "[" * 200_000, '"\\ud800"', "1e999", "NaN"]
    texts += [json.dumps({**record, "TimeGenerated": time}) for time in (1e300, 1e15, -1e15)]
    reading = Reading.of(planned.plan, profile)
    for text in texts:
        file.write_text(text + "\n")
        try:
            list(read_exported(file, reading))
        except TridentError as error:
            assert error.diagnostic.code == "TRI031", text[:200]
            assert error.diagnostic.span.line == 1


def test_json() -> None:
    assert parsed(b'{"a": [1, 2]}') == {"a": [1, 2]}
    for text in ("", "{", "NaN", "-Infinity", "[" * 200_000, '{"a":' * 200_000, "\ud800"):
        for form in (text, text.encode("utf-8", "surrogatepass")):
            with pytest.raises(ValueError):
                parsed(form)


Broken = Callable[..., Any]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A defect in what every command does first."""

    def fail(*_: object, **__: object) -> None:
        raise KeyError("no\nidea\x1b[31m")

    monkeypatch.setattr("trident.app.input.sources._read", fail)
    monkeypatch.setattr("trident.app.report.listing.targets", fail)
    monkeypatch.setattr("trident.app.schema.schemas.SCHEMAS", {"config": fail})
    monkeypatch.delenv("TRIDENT_TRACEBACK", raising=False)
    yield
    os.environ.pop("TRIDENT_TRACEBACK", None)


UNFORESEEN = (
    "check rules",
    "convert rules -t kql --filter 'a b'",
    "build rules",
    "verify rules",
    "explain rules",
    "list filters rules",
    "list targets",
    "schema",
)


@pytest.mark.usefixtures("broken")
def test_what_nobody_has_foreseen(trident: Trident, tmp_path: Path) -> None:
    """One finding, exit code 2, with the command to repeat; the traceback for who asks for it."""
    write(tmp_path, rules__good=hunt("good"))
    assert {each.split()[0] for each in UNFORESEEN} == set(cli.COMMANDS)
    for command in UNFORESEEN:
        arguments = [part.strip("'") for part in command.replace("a b", "a_b").split()]
        arguments = [part.replace("_", " ") for part in arguments]
        ran: Ran = trident(*arguments, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, ""), (command, ran)
        first, second = ran.err.splitlines()
        assert first.startswith("trident: TRI599 error: KeyError: "), first
        assert "\x1b" not in ran.err
        assert second == f"    help: report what this prints: trident --traceback {command}"
        ran = trident("--traceback", *arguments, cwd=tmp_path)
        assert (ran.code, ran.err.startswith("Traceback ")) == (2, True)
        assert ran.err.endswith(f"trident --traceback {command}\n")
        os.environ.pop("TRIDENT_TRACEBACK")


def test_in_a_worker_too(trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that meets a defect says so to the one that started it, and prints nothing."""
    if parallel.START != "fork":
        pytest.skip("workers would not have the defect")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no idea")

    many = write(tmp_path, **{f"rules__r{n}": hunt(f"r{n}") for n in range(200)})
    monkeypatch.setattr(bulk.Work, "__call__", fail)
    ran = trident("convert", "rules", "-t", "kql", "--jobs", "2", "--no-cache", cwd=many)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[0] == "trident: TRI599 error: RuntimeError: no idea"
    assert "Traceback" not in ran.err


ENDS = ((click.UsageError("x"), 2), (click.Abort(), 1), (BrokenPipeError(32, "x"), 1))


def test_usage_and_pipes_are_clicks_own() -> None:
    """What click raises to end a command is no defect."""
    for error, code in ENDS:

        @click.command(cls=cli.Commands)
        def group() -> None: ...

        def fail(_: object, raised: BaseException = error) -> None:
            raise raised

        group.get_command = lambda *_, fail=fail: click.Command("x", callback=lambda: fail(0))  # type: ignore[method-assign]
        ran = click.testing.CliRunner().invoke(group, ["x"])
        assert ran.exit_code == code, error
        assert "TRI599" not in ran.output


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        for each in sys.argv[1:] or KINDS:
            print(each, run_all(each, Path(folder) / "it.yml", 0, 1), "runs", flush=True)
