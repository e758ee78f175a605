"""Runs that are killed (SIGKILL and the like): ``python -m tests.hostile.kills --times 200``.

Two inputs take turns with one output of ``build``, ``convert -o`` and ``verify --update``, and
each run is killed. Whatever the moment, the output is the one or the other, whole. Half of the
kills are at random moments of the run, which spends most of its time before it writes; the other
half are in the write phase: at a random byte of a file being written (the kernel ends a process
at its limit of file size), or just before a step of the file system (a file opened to write, a
folder made, a rename, a removal).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.translator.conftest import hunt, write

Tree = dict[str, bytes]

FOREIGN = "notes.txt"

RUN = """\
import os, resource, signal, sys
kind, number, top, *arguments = sys.argv[1:]
from trident.app.commands.cli import main
steps = 0
def watch(event, arguments):
    global steps
    flags = arguments[2] if event == "open" else 0
    written = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
    if written or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link"):
        path = os.fspath(arguments[0]) if not isinstance(arguments[0], int) else ""
        if os.path.abspath(path).startswith(top):
            steps += 1
            if kind == "step" and steps == int(number):
                os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
if kind == "byte":
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(number), int(number)))
try:
    main(arguments)
finally:
    if kind == "count":
        print("steps", steps, file=sys.stderr)
"""
"""A run that ends at a byte of a file, at a step of the file system, or says how many it took."""


@dataclass(frozen=True, slots=True)
class Job:
    """A command whose output two inputs, A and B, take turns with."""

    name: str
    arguments: Callable[[str], list[str]]
    prepare: Callable[[Path, str], None]
    """Put the input of that name in its place."""
    output: Callable[[Path], Tree]
    """What is there afterwards."""


def _in_place(folder: Path, name: str) -> None:
    """Both inputs stand where they are."""


def _build(folder: Path) -> Job:
    for name, rules in (("A", ("door", "gone", "both")), ("B", ("door2", "both", "new"))):
        write(folder, **{f"{name}__{rule}": _rule(name, rule) for rule in rules})
    job = Job(
        "build",
        lambda name: ["build", name, "-o", "dist", "--unchecked", "--no-cache", "--jobs", "1"],
        _in_place,
        lambda folder: _files(folder / "dist"),
    )
    assert _start(job, folder, "A", "moment", 0).wait() == 0
    (folder / "dist" / FOREIGN).write_text("mine")
    return job


def _convert(folder: Path) -> Job:
    for name, count in (("A", 3), ("B", 5)):
        write(folder, **{f"{name}__{name}{each}": _rule(name, f"r{each}") for each in range(count)})
    options = ["--format", "json", "-o", "out.json", "--no-cache", "--jobs", "1"]
    return Job(
        "convert",
        lambda name: ["convert", name, "-t", "all", *options],
        _in_place,
        lambda folder: _files(folder, "out.json"),
    )


def _verify(folder: Path) -> Job:
    """The rule test is updated for two rules that alert on different events."""
    shipped = Path(__file__).resolve().parents[2] / "rules/examples/password_spray.yml"
    test = shipped.with_name("password_spray.events.yml")
    (folder / "rules").mkdir()
    shutil.copy(test, folder / "rules" / test.name)

    def prepare(folder: Path, name: str) -> None:
        limit = {"A": "gte: 10", "B": "gte: 9"}[name]
        text = shipped.read_text("utf-8")
        assert "gte: 10" in text
        (folder / "rules" / shipped.name).write_text(text.replace("gte: 10", limit), "utf-8")

    return Job(
        "verify",
        lambda name: ["verify", "rules", "--update"],
        prepare,
        lambda folder: _files(folder / "rules", test.name),
    )


JOBS: tuple[Callable[[Path], Job], ...] = (_build, _convert, _verify)


def kills(top: Path, times: int, seed: int) -> Iterator[str]:
    """Kill ``times`` runs of each job in new folders below ``top``; what each one left.

    Raises:
        AssertionError: when an output is anything but one of the two.
    """
    for make in JOBS:
        folder = top / make.__name__
        folder.mkdir()
        yield from _killed_runs(make(folder), folder, times, random.Random(seed))


def _killed_runs(job: Job, folder: Path, times: int, rolled: random.Random) -> Iterator[str]:
    outputs: dict[str, Tree] = {}
    took: dict[str, tuple[float, int]] = {}
    for name in "ABAB":  # the second time, what the other input left is replaced
        job.prepare(folder, name)
        took[name] = _whole(job, folder, name)
        outputs[name] = job.output(folder)
    assert outputs["A"] != outputs["B"]
    names = set(_names(folder))
    largest = max(len(content) for tree in outputs.values() for content in tree.values())
    there = "B"
    for number in range(times):
        other = "BA"[there == "B"]
        job.prepare(folder, other)
        seconds, steps = took[other]
        if number % 2:
            how = "step" if number % 4 == 1 else "byte"
            at = rolled.randint(1, steps) if how == "step" else rolled.randrange(largest)
            ended = _start(job, folder, other, how, at).wait() >= 0
        else:
            how = "moment"
            run = _start(job, folder, other, how, 0)
            time.sleep(rolled.uniform(0, seconds))
            ended = run.poll() is not None
            run.kill()
            run.wait()
        left = [name for name in "AB" if job.output(folder) == outputs[name]]
        assert left, f"{job.name}: neither of the two outputs after a {how}"
        there = left[0]
        yield (
            f"{job.name}, {'not killed' if ended else f'killed at a {how}'}: "
            f"{'the new' if there == other else 'the old'} output"
        )
    for name in "BA":  # one of them has something to write, and removes what the others left
        job.prepare(folder, name)
        _whole(job, folder, name)
    assert job.output(folder) == outputs["A"]
    assert set(_names(folder)) == names, f"left behind: {set(_names(folder)) - names}"


def _rule(name: str, rule: str) -> str:
    return hunt(rule).replace("evil", f"evil {name}")


def _start(job: Job, folder: Path, name: str, kind: str, number: int) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-c", RUN, kind, str(number), str(folder)]
    return subprocess.Popen(
        [*program, *job.arguments(name)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if kind == "count" else subprocess.DEVNULL,
    )


def _whole(job: Job, folder: Path, name: str) -> tuple[float, int]:
    """Seconds and steps of a run that nobody kills."""
    start = time.monotonic()
    run = _start(job, folder, name, "count", 0)
    _, said = run.communicate()
    assert run.returncode == 0, said.decode()
    return time.monotonic() - start, int(said.decode().rpartition("steps")[2])


def _files(folder: Path, pattern: str = "**/*") -> Tree:
    """The files there; a tree with a manifest has what its manifest says."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }
    if "manifest.json" in files:
        assert files[FOREIGN] == b"mine"
        assert json.loads(files["manifest.json"])["outputs"] == {
            path: hashlib.sha256(content).hexdigest()
            for path, content in files.items()
            if path not in ("manifest.json", FOREIGN)
        }, "the manifest is not that of the files"
    return files


def _names(folder: Path) -> list[str]:
    """What stands beside the outputs."""
    return [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if "dist/" not in path.relative_to(folder).as_posix()
    ]


def main() -> None:
    """Kill runs in a new folder and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=67, help="kills of each of three commands")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for what, number in Counter(kills(Path(folder), chosen.times, chosen.seed)).items():
            print(f"{number:>4} times {what}")


if __name__ == "__main__":
    main()
