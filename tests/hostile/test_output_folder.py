"""What a command writes stands where it was told to, or nowhere: no link leads it elsewhere, and
nothing of anybody else is replaced."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.translator.build.test_build import files
from tests.translator.conftest import Trident, hunt, write
from trident.app.build.partial import only
from trident.app.build.tree import MANIFEST

BUILD = ("build", "rules", "--unchecked")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with one rule, beside a folder of somebody's."""
    site = "profiles: {kql: sentinel, spl: microsoft_addon, eql: sysmon, esql: sysmon}"
    write(tmp_path / "checkout", rules__good=hunt("good"), trident=site)
    precious = tmp_path / "precious"
    (precious / "kql" / "sentinel").mkdir(parents=True)
    (precious / "kql" / "sentinel" / "many_good.kql").write_text("mine")
    (precious / "letter.txt").write_text("mine")
    return tmp_path / "checkout"


LINKS = [("dist", "dist"), ("out", "out/dist"), ("a/b", "a/b/../b/dist")]
"""A link in the checkout, and an output folder that passes it."""


def test_a_link_is_no_output_folder(trident: Trident, project: Path) -> None:
    """The folder itself, one above it, written relatively and from the root; with every option."""
    precious = project.parent / "precious"
    (project / "a").mkdir()
    for link, _ in LINKS:
        (project / link).symlink_to(precious, target_is_directory=True)
    before, listed = files(precious), sorted(precious.rglob("*"))
    for _, folder in LINKS:
        for output in (folder, project / folder, f"{folder}/"):
            for further in ((), ("--check",), ("--diff",), ("--only", "kql")):
                ran = trident(*BUILD, "-o", output, *further, cwd=project)
                assert (ran.code, ran.out) == (2, ""), (output, further, ran)
                assert "TRI511 error: a symbolic link" in ran.err
    assert (files(precious), sorted(precious.rglob("*"))) == (before, listed)
    assert not list(project.parent.glob(".*trident*"))


def test_a_link_above_the_checkout_is_the_users_own(trident: Trident, project: Path) -> None:
    (project.parent / "short").symlink_to("checkout", target_is_directory=True)
    ran = trident(*BUILD, "-o", project.parent / "short" / "dist", cwd=project.parent / "precious")
    assert ran.code == 2  # no rules there
    ran = trident(*BUILD, "-o", project.parent / "short" / "dist", cwd=project)
    assert ran.code == 0, ran.err
    assert (project / "dist" / "manifest.json").is_file()


FOREIGN: dict[str, str] = {
    "no manifest": "",
    "another tool's": '{"tool": {"name": "other"}, "outputs": {"letter.txt": "", "kql/x": ""}}',
    "no tool's": '{"outputs": {"letter.txt": ""}}',
    "no JSON": "{",
    "deep": "[" * 200_000,
    "many values": "[" + "1," * 3_000_001 + "1]",
    "a list": "[1]",
    "a tool of another kind": '{"tool": [1], "outputs": {"letter.txt": ""}}',
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_folder_of_somebody_elses(trident: Trident, project: Path, kind: str) -> None:
    precious = project.parent / "precious"
    if FOREIGN[kind]:
        (precious / "manifest.json").write_text(FOREIGN[kind])
    (precious / "kql" / "sentinel" / "many_good.kql").unlink()  # nothing in the way
    before, listed = files(precious), sorted(precious.rglob("*"))
    for further in ((), ("--only", "kql")):
        ran = trident(*BUILD, "-o", "../precious", *further, cwd=project)
        assert (ran.code, ran.out) == (2, ""), ran
        assert "TRI506 error: " in ran.err
        assert "help: " in ran.err
    assert (files(precious), sorted(precious.rglob("*"))) == (before, listed)
    assert trident(*BUILD, "-o", "../precious", "--check", cwd=project).code == 1


def test_a_folder_that_holds_nothing_yet(trident: Trident, project: Path) -> None:
    """Empty, or with hidden files such as git's, which stay."""
    (project / "dist").mkdir()
    (project / "dist" / ".gitkeep").write_text("")
    assert trident(*BUILD, cwd=project).code == 0
    assert (project / "dist" / ".gitkeep").is_file()
    assert trident(*BUILD, "--check", cwd=project).code == 0


def test_no_link_inside_is_followed(trident: Trident, project: Path) -> None:
    """A built file, or a folder of built files, that became a link since: nothing is read or
    written where it leads, and the next build has a file there again."""
    precious = project.parent / "precious"
    assert trident(*BUILD, cwd=project).code == 0
    built = files(project / "dist")
    before, listed = files(precious), sorted(precious.rglob("*"))
    query = "kql/sentinel/many_good.kql"
    for place, target in ((query, query), ("kql/sentinel", "kql/sentinel"), ("kql", "kql")):
        here = project / "dist" / place
        os.rename(here, project / "aside")  # noqa: PTH104
        here.symlink_to(precious / target)
        ran = trident(*BUILD, "--check", cwd=project)
        assert (ran.code, "TRI507" in ran.err) == (1, True)
        ran = trident(*BUILD, "--diff", cwd=project)
        assert ran.code == 1
        assert "mine" not in ran.out
        tree = only(built, project / "dist", ["spl"])
        assert query not in tree
        ran = trident(*BUILD, cwd=project)
        assert (files(precious), sorted(precious.rglob("*"))) == (before, listed), place
        if ran.code:  # a link where a folder of ours belongs is not ours to replace
            assert "TRI506" in ran.err
            here.unlink()
            os.rename(project / "aside", here)  # noqa: PTH104
        else:
            assert not here.is_symlink()
            (project / "aside").unlink()
        assert trident(*BUILD, cwd=project).code == 0
        assert files(project / "dist") == built


def test_an_output_folder_that_is_none(trident: Trident, project: Path) -> None:
    os.mkfifo(project / "dist")
    ran = trident(*BUILD, cwd=project)
    assert (ran.code, "TRI506" in ran.err) == (2, True)
    assert (project / "dist").is_fifo()


def test_a_manifest_of_our_shape_with_anything_in_it(trident: Trident, project: Path) -> None:
    """Values of every kind where ``--only`` reads an earlier manifest."""
    assert trident(*BUILD, cwd=project).code == 0
    dist = project / "dist"
    made = files(dist)
    odd = (None, True, 5, 1.5, "x", [], [1], [[]], {}, {"x": [1]}, ["\ud800", "a\0b", "../x"])
    for path in (
        *(("outputs",), ("translations",), ("translations", 0), ("tool",), ("stale",)),
        *(("translations", 0, key) for key in ("rule", "files", "target", "profile")),
        *(("translations", 0, "rule", key) for key in ("id", "name", "title", "file")),
    ):
        for value in odd:
            manifest = json.loads(made[MANIFEST])
            part = manifest
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = value
            (dist / MANIFEST).write_text(json.dumps(manifest))
            tree = only(made, dist, ["many_good"])
            assert tree.keys() <= made.keys(), (path, value)
            assert json.loads(tree[MANIFEST])["translations"], (path, value)


OUTPUTS = (
    "convert rules -t kql --no-cache -o {}",
    "check rules --unchecked --format sarif -o {}",
    "verify rules --update",
)


def test_a_file_is_not_written_through_a_link(trident: Trident, project: Path) -> None:
    precious = project.parent / "precious"
    letter = precious / "letter.txt"
    (project / "out").symlink_to(letter)
    (project / "sub").symlink_to(precious, target_is_directory=True)
    (project / "gone").symlink_to(precious / "new.txt")
    os.mkfifo(project / "pipe")
    for command in OUTPUTS[:2]:
        for output in ("out", project / "out", "sub/letter.txt", "gone", "pipe", "/dev/stdout"):
            ran = trident(*command.format(output).split(), cwd=project)
            assert (ran.code, ran.out) == (2, ""), (command, output, ran)
            assert "TRI511 error: " in ran.err
            assert letter.read_text() == "mine"
            assert not (precious / "new.txt").exists()


def test_a_rule_test_that_is_a_link_is_not_updated(
    trident: Trident, project: Path, root: Path
) -> None:
    examples = root / "rules" / "examples"
    name = "brute_force_then_success"
    rules = project / "rules"
    (rules / f"{name}.yml").write_text((examples / f"{name}.yml").read_text())
    text = (examples / f"{name}.events.yml").read_text()
    changed = text.replace("    alerts: []", "    alerts: [{at: now, group: x, why: odd}]", 1)
    assert changed != text
    there = project.parent / "precious" / "events.yml"
    there.write_text(changed)
    (rules / f"{name}.events.yml").symlink_to(there)
    ran = trident(*OUTPUTS[2].split(), cwd=project)
    assert (ran.code, "TRI511" in ran.err) == (2, True), ran
    assert there.read_text() == changed


def test_files_are_written_whole(trident: Trident, project: Path) -> None:
    """In the place of the old one, with its mode; nothing is left beside, and a file that may
    not be written is not replaced."""
    output = project / "out.kql"
    output.write_text("old")
    output.chmod(0o640)
    other = project / "other"
    os.link(output, other)
    convert = OUTPUTS[0].format("out.kql").split()
    assert trident(*convert, cwd=project).code == 0
    assert "many_good" in output.read_text()
    assert output.stat().st_mode & 0o777 == 0o640
    assert other.read_text() == "old"  # a new file, not the old one's bytes
    assert not list(project.glob(".out*"))
    for inside in ("out.kql/x", "rules"):
        ran = trident(*OUTPUTS[0].format(inside).split(), cwd=project)
        assert ran.code == 2
    if os.geteuid():
        output.chmod(0o440)
        ran = trident(*convert, cwd=project)
        assert (ran.code, "TRI503" in ran.err) == (2, True)
