"""A full disk, a folder that nobody may write to, two builds at once."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.translator.conftest import hunt, write

TRIDENT = [sys.executable, "-c", "from trident.app.commands.cli import main; main()"]
OPTIONS = ["--no-cache", "--jobs", "1"]
ONE_PROFILE = "profiles: {kql: sentinel, spl: [], eql: [], esql: []}\n"
COMMANDS = {
    "build": ["build", "rules", "-o", "out/dist", "--unchecked", *OPTIONS],
    "convert": ["convert", "rules", "-t", "kql", "--format", "json", "-o", "out/q.json", *OPTIONS],
    "check": [
        "check",
        "rules",
        "-t",
        "kql",
        "--format",
        "json",
        "-o",
        "out/report.json",
        "--no-cache",
    ],
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where this user may mount one."""
    folder = tmp_path / "out"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _run(folder: Path, command: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TRIDENT, *COMMANDS[command]], cwd=folder, capture_output=True, text=True, **more
    )  # type: ignore[call-overload]


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _fails_and_leaves_all_as_it_was(folder: Path, command: str, **more: object) -> None:
    before = _tree(folder / "out")
    ended = _run(folder, command, **more)
    assert (ended.returncode, "TRI503" in ended.stderr) == (2, True), ended.stderr
    assert "Traceback" not in ended.stderr
    assert _tree(folder / "out") == before


def _one_rule_then_many(folder: Path, command: str) -> None:
    write(folder, rules__first=hunt("first"))
    (folder / "trident.yml").write_text(ONE_PROFILE)
    (folder / "out").mkdir(exist_ok=True)
    ended = _run(folder, command)
    assert ended.returncode == (command == "check"), ended.stderr  # which has something to say
    write(folder, **{f"rules__rule{number}": hunt(f"rule{number}") for number in range(3)})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk(disk: Path, tmp_path: Path, command: str) -> None:
    _one_rule_then_many(tmp_path, command)
    (disk / "filling").write_bytes(b"x" * _free(disk))
    _fails_and_leaves_all_as_it_was(tmp_path, command)


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


@pytest.mark.parametrize("command", COMMANDS)
def test_a_limit_of_what_a_file_may_hold(tmp_path: Path, command: str) -> None:
    _one_rule_then_many(tmp_path, command)
    limit = (100, 100)
    _fails_and_leaves_all_as_it_was(
        tmp_path, command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_read_only_disk(disk: Path, tmp_path: Path, command: str) -> None:
    _one_rule_then_many(tmp_path, command)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    _fails_and_leaves_all_as_it_was(tmp_path, command)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_the_user_may_not_write_to(tmp_path: Path, command: str) -> None:
    _one_rule_then_many(tmp_path, command)
    (tmp_path / "out").chmod(0o500)
    try:
        _fails_and_leaves_all_as_it_was(tmp_path, command)
    finally:
        (tmp_path / "out").chmod(0o700)


def test_two_builds_at_once(tmp_path: Path) -> None:
    """One comes after the other or says that it could not; the tree is one of theirs, whole."""

    def build(rules: str, dist: str) -> list[str]:
        return [*TRIDENT, "build", rules, "-o", dist, "--unchecked", *OPTIONS]

    (tmp_path / "trident.yml").write_text(ONE_PROFILE)
    trees = []
    for name in ("a", "b"):
        write(tmp_path, **{f"{name}__{name}{number}": hunt(f"{name}{number}") for number in "12"})
        subprocess.run(build(name, f"dist_{name}"), cwd=tmp_path, check=True, capture_output=True)
        trees.append(_tree(tmp_path / f"dist_{name}"))
    for _ in range(2):
        runs = [
            subprocess.Popen(
                build(name, "dist"), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            for name in ("a", "b")
        ]
        ends = [(run.communicate()[1].decode(), run.returncode) for run in runs]
        assert all(code == 0 or (code == 2 and "TRI50" in said) for said, code in ends), ends
        assert any(code == 0 for _, code in ends), ends
        assert _tree(tmp_path / "dist") in trees
    assert {path.name for path in tmp_path.iterdir()} == {
        *("a", "b", "dist_a", "dist_b", "dist", "trident.yml"),
    }
