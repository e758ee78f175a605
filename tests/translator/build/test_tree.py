"""The output folder changes as a whole, and foreign files in it stay."""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trident.app.build import tree
from trident.app.build.tree import differences, replace_tree
from trident.base.diagnostics import TridentError

Files = dict[str, bytes]


def made(**content: str) -> Files:
    """A set of files with its manifest; ``a__b`` stands for ``a/b.kql``."""
    files = {key.replace("__", "/") + ".kql": text.encode() for key, text in content.items()}
    manifest = {"tool": {"name": tree.TOOL}, "outputs": dict.fromkeys(files, "")}
    files["manifest.json"] = json.dumps(manifest).encode()
    return files


def present(folder: Path) -> Files:
    """The files below ``folder``."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(params=["exchange", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without renameat2."""
    if request.param == "two renames":

        def without(*_: object, **__: object) -> None:
            raise OSError

        monkeypatch.setattr(ctypes, "CDLL", without)


@pytest.mark.usefixtures("way")
def test_replaced_with_foreign_files_kept(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    old, new = made(a__x="1", a__y="2", b__z="3", c="4"), made(a__x="1", d__w="5", c="6")
    assert replace_tree(old, dist) == 5
    assert present(dist) == old
    (dist / "a" / "notes.txt").write_text("mine")
    (dist / "own" / "empty").mkdir(parents=True)
    (dist / "link").symlink_to("nowhere")
    (dist / "a").chmod(0o750)
    assert replace_tree(new, dist) == 5
    assert present(dist) == new | {"a/notes.txt": b"mine"}
    assert (dist / "own" / "empty").is_dir()
    assert (dist / "link").readlink() == Path("nowhere")
    assert not (dist / "b").exists()
    assert stat.S_IMODE((dist / "a").stat().st_mode) == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_the_mode_of_a_new_folder_is_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    replace_tree(made(a="1"), tmp_path / "dist")
    assert (tmp_path / "dist").stat().st_mode == (tmp_path / "usual").stat().st_mode


def in_the_way(folder: Path, kind: str) -> None:
    """Put something foreign where ``a/x.kql`` belongs, or where its folder does."""
    (folder / "elsewhere").mkdir(parents=True)
    match kind:
        case "file":
            (folder / "a").mkdir()
            (folder / "a" / "x.kql").write_text("mine")
        case "folder":
            (folder / "a" / "x.kql" / "deep").mkdir(parents=True)
        case "link":
            (folder / "a").mkdir()
            (folder / "a" / "x.kql").symlink_to("nowhere")
        case "file as folder":
            (folder / "a").write_text("mine")
        case "link as folder":
            (folder / "a").symlink_to("elsewhere", target_is_directory=True)


@pytest.mark.parametrize("kind", ["file", "folder", "link", "file as folder", "link as folder"])
def test_a_foreign_file_in_the_way(tmp_path: Path, kind: str) -> None:
    dist = tmp_path / "dist"
    in_the_way(dist, kind)
    before = sorted(dist.rglob("*"))
    with pytest.raises(TridentError) as caught:
        replace_tree(made(a__x="1"), dist)
    assert caught.value.diagnostic.code == "TRI506"
    assert str(dist / "a") in caught.value.diagnostic.span.file
    assert sorted(dist.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"outputs": 5}', b"\xff", b"{"])
def test_a_broken_manifest_owns_nothing(tmp_path: Path, manifest: bytes) -> None:
    dist = tmp_path / "dist"
    replace_tree(made(a="1"), dist)
    (dist / "manifest.json").write_bytes(manifest)
    with pytest.raises(TridentError) as caught:
        replace_tree(made(a="2"), dist)
    assert caught.value.diagnostic.code == "TRI506"
    assert (dist / "a.kql").read_bytes() == b"1"


def test_a_manifest_cannot_reach_outside(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    dist = tmp_path / "dist"
    dist.mkdir()
    outputs = {"../precious": "", "/etc/x": "", "": "", ".": "", "a\0b": "", "\ud800": ""}
    manifest = {"tool": {"name": tree.TOOL}, "outputs": outputs}
    (dist / "manifest.json").write_text(json.dumps(manifest))
    assert tree.owned(dist) == {"manifest.json"}
    replace_tree(made(a="1"), dist)
    assert (tmp_path / "precious").read_text() == "x"
    assert present(dist) == made(a="1")


def test_the_current_folder_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    for folder in (Path(), Path("..")):
        with pytest.raises(TridentError) as caught:
            replace_tree(made(a="1"), folder)
        assert caught.value.diagnostic.code == "TRI503"


def test_an_unwritable_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TridentError) as caught:
        replace_tree(made(a="1"), tmp_path / "file" / "dist")
    assert caught.value.diagnostic.code == "TRI503"


def test_a_failure_on_the_way_leaves_the_old_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dist = tmp_path / "dist"
    replace_tree(made(a="1"), dist)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tree, "_exchange", full)
    with pytest.raises(TridentError) as caught:
        replace_tree(made(a="2"), dist)
    assert caught.value.diagnostic.message == "No space left on device"
    assert present(dist) == made(a="1")
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, other = tmp_path / f".dist.trident-{gone.pid}-0123abcd", tmp_path / ".dist.trident-notes"
    running = tmp_path / f".dist.trident-{os.getppid()}-0123abcd"
    for folder in (left, other, running):
        folder.mkdir()
    replace_tree(made(a="1"), tmp_path / "dist")
    assert not left.exists()
    assert other.exists()
    assert running.exists()
    left.mkdir()
    assert replace_tree(made(a="1"), tmp_path / "dist") == 0
    assert not left.exists()


def test_differences(tmp_path: Path) -> None:
    replace_tree(made(a="1", b="2", c="3"), tmp_path)
    (tmp_path / "a.kql").unlink()
    found = [(Path(d.span.file).name, d.message) for d in differences(made(a="1", b="9"), tmp_path)]
    assert found == [
        ("a.kql", "missing"),
        ("b.kql", "out of date"),
        ("manifest.json", "out of date"),
        ("c.kql", "left behind by a rule that is gone"),
    ]


FOREVER = """
import sys
from pathlib import Path
from tests.translator.build.test_tree import made
from trident.app.build.tree import replace_tree
number = int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    replace_tree(made(**{f"a{i}__x": str(number) for i in range(40)}), Path(sys.argv[1]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9")
def test_a_kill_leaves_no_mixed_tree(tmp_path: Path, root: Path) -> None:
    dist = tmp_path / "dist"
    rolled = random.Random(7)
    replace_tree(made(**{f"a{i}__x": "0" for i in range(40)}), dist)
    (dist / "mine.txt").write_text("mine")
    for start in range(0, 1000, 100):
        run = subprocess.Popen(
            [sys.executable, "-c", FOREVER, dist, str(start)], stdout=subprocess.PIPE, cwd=root
        )
        assert run.stdout
        run.stdout.readline()
        time.sleep(rolled.uniform(0, 0.05))
        run.kill()
        run.communicate()
        found = present(dist)
        assert found.pop("mine.txt") == b"mine"
        (number,) = {content for path, content in found.items() if path.endswith("x.kql")}
        assert found == made(**{f"a{i}__x": number.decode() for i in range(40)})
