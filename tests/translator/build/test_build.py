"""``trident build``: which files it writes, that they are the same each time, and --check."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.translator.conftest import Trident, base, count, hunt, together, write
from trident.app.build.tree import MANIFEST


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def project(hunts: Path) -> Path:
    """A folder with the hunts in ``rules``."""
    return hunts.parent


def test_the_shipped_rules(trident: Trident, root: Path, tmp_path: Path) -> None:
    assert trident("build", root / "rules", "-o", tmp_path / "dist", "--unchecked").code == 0


def test_the_hunts(trident: Trident, project: Path) -> None:
    ran = trident("build", cwd=project)
    assert ran.code == 0
    assert "TRI201 refused (kql defender)" in ran.err
    dist = files(project / "dist")
    steg, jpeg = "steganography_then_webmail", "large_jpeg_from_new_source"
    assert set(dist) >= {
        "manifest.json",
        f"kql/sentinel/{steg}.kql",
        f"kql/sentinel/{jpeg}.kql",
        f"kql/sentinel/hunting/{steg}.yaml",
        f"kql/sentinel/hunting/{jpeg}.yaml",
        f"kql/defender/{steg}.kql",
        f"spl/microsoft_addon/{steg}.spl",
        f"spl/microsoft_addon/{jpeg}.spl",
        f"spl/windows_ta/{steg}.spl",
        f"spl/windows_ta/{jpeg}.spl",
        f"eql/integrations/{steg}.eql",
        f"eql/integrations/{steg}.search-request.json",
        f"eql/integrations/{jpeg}.eql",
        f"eql/integrations/{jpeg}.search-request.json",
        f"eql/integrations/{jpeg}.baseline-request.json",
    }
    assert f"kql/defender/{jpeg}.kql" not in dist
    json.loads(dist[f"eql/integrations/{jpeg}.baseline-request.json"])


def test_a_rule_that_needs_two_queries(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__rule=together("one", "two"))
    trident("build", cwd=tmp_path)
    dist = files(tmp_path / "dist")
    first, second = (dist[f"eql/integrations/both{part}.eql"] for part in ("", ".2"))
    assert first != second
    (entry,) = (
        each
        for each in json.loads(dist["manifest.json"])["translations"]
        if (each["target"], each["profile"]) == ("eql", "integrations")
    )
    assert {"eql/integrations/both.eql", "eql/integrations/both.2.eql"} <= set(entry["files"])


def test_the_files_are_what_convert_prints(trident: Trident, project: Path) -> None:
    trident("build", cwd=project)
    printed = trident("convert", "rules", "-t", "all", "--checked", cwd=project).out
    for path, content in files(project / "dist").items():
        default = {"sentinel", "microsoft_addon", "integrations"}.intersection(path.split("/"))
        if default and path.endswith((".kql", ".spl", ".eql")):
            assert content.decode() in printed


def test_manifest(trident: Trident, project: Path) -> None:
    trident("build", cwd=project)
    dist = files(project / "dist")
    manifest = json.loads(dist.pop("manifest.json"))
    assert manifest["schema"] == 1
    assert set(manifest["tool"]) == {"name", "version"}
    assert manifest["outputs"] == {
        path: hashlib.sha256(content).hexdigest() for path, content in dist.items()
    }
    rules = files(project / "rules")
    assert manifest["inputs"] == {
        path: hashlib.sha256(content).hexdigest() for path, content in rules.items()
    }
    listed = [path for each in manifest["translations"] for path in each["files"]]
    assert set(listed) == set(dist)  # an import file holds several rules
    refused = [each for each in manifest["translations"] if each["fidelity"] == "refused"]
    assert {(each["profile"], each["error"]["code"]) for each in refused} == {
        ("defender", "TRI201"),
        ("cim", "TRI202"),
    }
    for each in manifest["translations"]:
        assert (project / "rules" / each["rule"]["file"]).is_file()


def test_the_same_bytes_from_anywhere(trident: Trident, project: Path, tmp_path: Path) -> None:
    trident("build", cwd=project)
    elsewhere = tmp_path / "else" / "where"
    elsewhere.mkdir(parents=True)
    trident("build", project / "rules", "-o", elsewhere / "out", cwd=elsewhere)
    assert files(elsewhere / "out") == files(project / "dist")


def test_check(trident: Trident, project: Path) -> None:
    assert trident("build", "--check", cwd=project).code == 1
    assert not (project / "dist").exists()
    trident("build", cwd=project)
    assert trident("build", "--check", cwd=project).code == 0
    rule = project / "rules" / "steganography_then_webmail.yml"
    rule.write_text(rule.read_text().replace("timespan: 30m", "timespan: 20m"))
    (project / "rules" / "large_jpeg_from_new_source.yml").unlink()
    (project / "dist" / "kql" / "defender" / "steganography_then_webmail.kql").unlink()
    before = files(project / "dist")
    ran = trident("build", "--check", cwd=project)
    assert ran.code == 1
    lines = ran.err.splitlines()
    assert "dist/kql/sentinel/steganography_then_webmail.kql: TRI507 error: out of date" in lines
    assert "dist/kql/defender/steganography_then_webmail.kql: TRI507 error: missing" in lines
    assert (
        "dist/kql/sentinel/large_jpeg_from_new_source.kql: TRI507 error: "
        "left behind by a rule that is gone"
    ) in lines
    assert files(project / "dist") == before


def test_an_unchanged_build_touches_nothing(trident: Trident, project: Path) -> None:
    trident("build", cwd=project)
    before = written(project / "dist")
    ran = trident("build", cwd=project)
    assert "0 changed" in ran.err
    assert written(project / "dist") == before


def written(folder: Path) -> list[tuple[int, int]]:
    """Which files a folder and its manifest are, and when they were written."""
    return [(stat.st_ino, stat.st_mtime_ns) for stat in map(Path.stat, (folder, folder / MANIFEST))]


def test_an_error_leaves_the_old_output(trident: Trident, project: Path) -> None:
    trident("build", cwd=project)
    before = files(project / "dist")
    write(project / "rules", broken=count("nobody"), good=hunt("good"))
    ran = trident("build", cwd=project)
    assert ran.code == 1
    assert "rules/broken.yml:6:3: TRI102" in ran.err
    assert files(project / "dist") == before
    assert not list(project.glob(".dist*"))


def test_strict_stops_at_a_refusal(trident: Trident, project: Path) -> None:
    ran = trident("build", "--strict", cwd=project)
    assert ran.code == 1
    assert not (project / "dist").exists()


def test_only_the_profiles_of_the_configuration(trident: Trident, project: Path) -> None:
    write(project, trident="profiles: {kql: sentinel, spl: microsoft_addon}")
    trident("build", "--strict", cwd=project)
    dist = files(project / "dist")
    assert not [path for path in dist if "defender" in path]
    assert "../trident.yml" in json.loads(dist["manifest.json"])["inputs"]


def test_a_filter_changes_the_output(trident: Trident, project: Path) -> None:
    write(project, trident="placeholders: {it_admin_users: [root-admin]}")
    trident("build", "--filter", "exclude_it_admin_users", cwd=project)
    query = files(project / "dist")["kql/sentinel/steganography_then_webmail.kql"]
    assert b"root-admin" in query


HOSTILE = [
    "../../../etc/cron.d/x",
    "/etc/passwd",
    "..",
    "CON",
    "a\\b",
    "x\n# y",
    "\u202egpj.exe",
    "x" * 5000,
    "${P95} {{ 1 }} {% x %}",
]


@pytest.mark.parametrize("title", HOSTILE, ids=[repr(t[:12]) for t in HOSTILE])
@pytest.mark.parametrize("key", ["title", "name", "id"])
def test_hostile_names_stay_inside(trident: Trident, tmp_path: Path, title: str, key: str) -> None:
    quoted = json.dumps(title)
    lines = [line for line in base().splitlines() if not line.startswith(("name:", "title:"))]
    head = {"title": '"t"', key: quoted}
    text = "\n".join([*(f"{name}: {value}" for name, value in head.items()), *lines])
    write(tmp_path, rules__rule=text, rules__good=hunt("good"))
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    ran = trident("build", cwd=tmp_path)
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert all((tmp_path / "dist") in path.parents for path in made)
    # pySigma wants a UUID as id and a title of at most 256 characters.
    if key == "id" or (key == "title" and len(title) > 256):
        assert ran.code == 1
        assert "rules/rule.yml:" in ran.err.splitlines()[0]
        assert ("TRI119" if key == "id" else "TRI101") in ran.err.splitlines()[0]
        assert not made
    else:
        assert ran.code == 0
        assert len([path for path in made if path.parent.name == "sentinel"]) == 2


def test_names_that_differ_in_case_alone(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__a=base("rule"), rules__b=base("RULE"), rules__c=base("r ule"))
    trident("build", cwd=tmp_path)
    names = {path.name.lower() for path in (tmp_path / "dist" / "kql" / "sentinel").glob("*.kql")}
    assert len(names) == 3


def test_processes_make_the_same_bytes(trident: Trident, root: Path, tmp_path: Path) -> None:
    """Each profile in a process of its own, or all in one."""
    for jobs in (1, 2):
        ran = trident(
            "build", root / "rules", "-o", tmp_path / str(jobs), "--jobs", jobs, "--unchecked"
        )
        assert ran.code == 0
    assert files(tmp_path / "1") == files(tmp_path / "2")
