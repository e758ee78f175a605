"""``trident build --only``: what is chosen is made anew, and the manifest is true of the rest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.translator.build.test_build import files
from tests.translator.conftest import Trident, hunt, write
from trident.app.build.tree import TOOL

OLD, NEW = hunt("door"), hunt("door").replace("evil", "wicked")


@pytest.fixture
def project(trident: Trident, tmp_path: Path) -> Path:
    """A folder that was built, and whose rules have changed since: ``door`` finds something
    else, ``gone`` is gone, ``added`` is new, ``same`` is as it was."""
    write(tmp_path, rules__door=OLD, rules__gone=hunt("gone"), rules__same=hunt("same"))
    assert trident("build", cwd=tmp_path).code == 0
    write(tmp_path, rules__door=NEW, rules__added=hunt("added"))
    (tmp_path / "rules" / "gone.yml").unlink()
    return tmp_path


def manifest(project: Path) -> Any:
    """The manifest, after holding its digests against the files."""
    dist = files(project / "dist")
    found = json.loads(dist.pop("manifest.json"))
    assert found["outputs"] == {
        path: hashlib.sha256(content).hexdigest() for path, content in dist.items()
    }
    listed = {path for each in found["translations"] for path in each["files"]}
    assert listed == set(dist)
    return found


CASES = [
    ("a target", ["kql"], "kql/"),
    ("a profile", ["spl/windows_ta"], "spl/windows_ta/"),
    ("a folder with a slash", ["esql/sysmon/"], "esql/sysmon/"),
    ("a kind of artifact", ["*/hunting"], "kql/sentinel/hunting/"),
    ("one file", ["kql/sentinel/many_door.kql"], "kql/sentinel/many_door.kql"),
    ("several", ["eql", "esql"], ("eql/", "esql/")),
]


@pytest.mark.parametrize(
    ("patterns", "places"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_part_is_made_and_the_rest_kept(
    trident: Trident, project: Path, patterns: list[str], places: str | tuple[str, ...]
) -> None:
    old = files(project / "dist")
    trident("build", "-o", "whole", cwd=project)
    whole = files(project / "whole")
    options = [option for pattern in patterns for option in ("--only", pattern)]
    assert trident("build", *options, cwd=project).code == 0
    dist = files(project / "dist")
    for path in (dist.keys() | old.keys() | whole.keys()) - {"manifest.json"}:
        expected = whole if path.startswith(places) else old
        assert dist.get(path) == expected.get(path), path
    found = manifest(project)
    differing = {path for path in dist.keys() | whole.keys() if dist.get(path) != whole.get(path)}
    assert set(found["stale"]) == differing - {"manifest.json"}
    assert set(found["stale"].values()) == {
        "out of date", "missing", "left behind by a rule that is gone",
    }  # fmt: skip
    again = trident("build", *options, cwd=project)
    assert "0 changed" in again.err
    assert trident("build", *options, "--check", cwd=project).code == 0
    assert trident("build", "--check", cwd=project).code == 1


def test_parts_become_the_whole(trident: Trident, project: Path) -> None:
    trident("build", "-o", "whole", cwd=project)
    for target in ("kql", "spl", "eql", "esql"):
        assert trident("build", "--only", target, cwd=project).code == 0
    assert files(project / "dist") == files(project / "whole")


@pytest.mark.parametrize("name", ["many_door", "many_d*"])
def test_a_rule(trident: Trident, project: Path, name: str) -> None:
    old = files(project / "dist")
    trident("build", "--only", name, cwd=project)
    dist = files(project / "dist")
    changed = {path for path in dist if dist[path] != old.get(path)} - {"manifest.json"}
    assert len(changed) > 5
    listed = {
        path
        for entry in manifest(project)["translations"]
        if entry["rule"]["name"] == "many_door"
        for path in entry["files"]
    }
    assert changed <= listed  # some hold other rules, too: an app, an import file
    assert dist.keys() == old.keys()
    assert not any("many_door" in path for path in manifest(project)["stale"])


def test_a_rule_that_is_gone(trident: Trident, project: Path) -> None:
    assert any("gone" in path for path in files(project / "dist"))
    trident("build", "--only", "many_gone", cwd=project)
    assert not any("gone" in path for path in files(project / "dist"))
    assert not any("gone" in path for path in manifest(project)["stale"])


def test_the_manifest_says_what_the_kept_query_is(trident: Trident, project: Path) -> None:
    """An entry goes with its file: the rule is refused now, its old query still lies there."""
    refused = NEW.replace("group-by: [Computer]", "group-by: [NoSuchField]")
    write(project, rules__door=refused)
    trident("build", "--only", "spl", cwd=project)

    def fidelity(profile: str) -> list[tuple[str, bool]]:
        return [
            (each["fidelity"], bool(each["files"]))
            for each in manifest(project)["translations"]
            if each["rule"]["name"] == "many_door" and each["profile"] == profile
        ]

    assert set(fidelity("cim")) == {("refused", False)}
    assert set(fidelity("defender")) == {("exact", True)}


def test_into_nothing(trident: Trident, project: Path) -> None:
    assert trident("build", "-o", "other", "--only", "kql", cwd=project).code == 0
    dist = files(project / "other")
    assert all(path.startswith("kql/") for path in dist if path != "manifest.json")
    listed = json.loads(dist["manifest.json"])
    assert {each["target"] for each in listed["translations"]} == {"kql"}
    assert set(listed["stale"].values()) == {"missing"}


def test_foreign_files_stay(trident: Trident, project: Path) -> None:
    (project / "dist" / "kql" / "notes.txt").write_text("mine")
    trident("build", "--only", "spl", cwd=project)
    assert (project / "dist" / "kql" / "notes.txt").read_text() == "mine"
    assert "kql/notes.txt" not in json.loads(files(project / "dist")["manifest.json"])["outputs"]


def test_a_name_that_chooses_nothing(trident: Trident, project: Path) -> None:
    before = files(project / "dist")
    ran = trident("build", "--only", "kql/sentinell", cwd=project)
    assert ran.code == 2
    assert "TRI770" in ran.err
    assert "did you mean kql/sentinel?" in ran.err
    assert files(project / "dist") == before


@pytest.mark.parametrize("broken", ["", ', "translations": [1]'])
def test_a_manifest_of_another_shape(trident: Trident, tmp_path: Path, broken: str) -> None:
    write(tmp_path, rules__door=OLD)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "manifest.json").write_text(
        f'{{"tool": {{"name": "{TOOL}"}}, "outputs": {{}}{broken}}}'
    )
    assert trident("build", "--only", "kql", cwd=tmp_path).code == 0
    assert (tmp_path / "dist" / "kql" / "sentinel" / "many_door.kql").is_file()
