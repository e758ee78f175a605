"""Builds that are killed: ``python -m tests.translator.artifacts.killed --times 50``.

Two sets of rules take turns in one output folder, and each build is killed (SIGKILL) at a random
moment. Whatever the moment, the folder holds one of the two trees, every file as its manifest
says. Three of four kills wait for the new tree to appear beside the old one, because a build
spends most of its time elsewhere: they hit the files being written, the exchange of the trees, or
the removal of the old one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.translator.conftest import hunt, write

Tree = dict[str, bytes]

PROGRAM = "from trident.app.commands.cli import main; main()"
BUILD = [sys.executable, "-c", PROGRAM, "build", "--unchecked"]
"""A parser's start would be most of a build's time, and has nothing to do with what is written."""

FOREIGN = "notes.txt"
TEMPORARY = ".dist.trident-*"


def kills(folder: Path, times: int, seed: int) -> Iterator[str]:
    """Kill ``times`` builds; what each one left.

    Raises:
        AssertionError: when the folder holds anything but one of the two trees.
    """
    rolled = random.Random(seed)
    trees = {}
    for name, rules in (("A", ("door", "gone", "both")), ("B", ("door2", "both", "new"))):
        write(folder, **{f"{name}__{rule}": _rule(name, rule) for rule in rules})
        subprocess.run(_build(name, f"dist{name}"), cwd=folder, check=True, capture_output=True)
        trees[name] = _files(folder / f"dist{name}")
    assert trees["A"] != trees["B"]
    subprocess.run(_build("A", "dist"), cwd=folder, check=True, capture_output=True)
    (folder / "dist" / FOREIGN).write_text("mine")
    before, writing = _timed(folder, "B")
    there = _which(folder / "dist", trees)
    assert there == "B"
    for number in range(times):
        other = "BA"[there == "B"]
        waits = number % 4 > 0
        longest = 1.3 * writing if waits else before + writing
        ended = _killed(folder, other, rolled.uniform(0, longest), waits=waits)
        there = _which(folder / "dist", trees)
        half = any(folder.glob(TEMPORARY))
        yield (
            f"{'the new' if there == other else 'the old'} tree, "
            f"{'a temporary one beside it' if half else 'nothing else'}, "
            f"{'after' if ended else 'before'} the build's end"
        )
    subprocess.run(_build("A", "dist"), cwd=folder, check=True, capture_output=True)
    assert _which(folder / "dist", trees) == "A"
    left = {path.name for path in folder.iterdir()} - {"A", "B", "distA", "distB", "dist"}
    assert not left, f"left behind: {left}"


def _rule(name: str, rule: str) -> str:
    return hunt(rule).replace("evil", f"evil {name}")


def _build(rules: str, dist: str) -> list[str]:
    return [*BUILD, rules, "-o", dist]


def _start(folder: Path, rules: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        _build(rules, "dist"), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _wait(run: subprocess.Popen[bytes], folder: Path) -> None:
    """Until the build's temporary tree appears, or the build ends."""
    while run.poll() is None and not any(folder.glob(TEMPORARY.replace("*", str(run.pid)))):
        time.sleep(0.0005)


def _timed(folder: Path, rules: str) -> tuple[float, float]:
    """Seconds that a whole build takes before it writes, and from then on."""
    start = time.monotonic()
    run = _start(folder, rules)
    _wait(run, folder)
    began = time.monotonic()
    assert run.wait() == 0
    return began - start, time.monotonic() - began


def _killed(folder: Path, rules: str, seconds: float, *, waits: bool) -> bool:
    """Start a build and kill it; whether it had ended before."""
    run = _start(folder, rules)
    if waits:
        _wait(run, folder)
    time.sleep(seconds)
    ended = run.poll() is not None
    run.kill()
    run.wait()
    return ended


def _which(dist: Path, trees: dict[str, Tree]) -> str:
    found = _files(dist)
    assert found.pop(FOREIGN) == b"mine"
    outputs = json.loads(found["manifest.json"])["outputs"]
    assert outputs == {
        path: hashlib.sha256(content).hexdigest()
        for path, content in found.items()
        if path != "manifest.json"
    }, "the manifest is not that of the files"
    names = [name for name, tree in trees.items() if tree == found]
    assert names, "neither of the two trees"
    return names[0]


def _files(folder: Path) -> Tree:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def main() -> None:
    """Kill builds in a new folder and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for what, number in Counter(kills(Path(folder), given.times, given.seed)).items():
            print(f"{number:>4} times {what}")


if __name__ == "__main__":
    main()
