"""Trident's speed and memory as ratios to sigma-cli's, measured side by side.

    python benchmarks/speed.py --sigma .venv-sigma/bin/sigma --rules ../shared/corpus/sigmahq/rules

Every command runs once unmeasured (bytecode, file cache), then in turn with the others, --rounds
times; a figure is the median. Time is what a person waits; the processor time of all processes is
shown beside it, which other work on the machine changes less. Memory is the peak of the largest
process. Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from uuid import NAMESPACE_URL, uuid5

TARGETS = ("kql", "spl", "eql")
RUNS, LINE = "{:34} {:>8} {:>8} {:>8}", "{:56} {:>8} {:>8} {:>7}"


@dataclass(slots=True)
class Figures:
    """What was measured of one command: seconds, processor seconds, peak MiB, a value a round."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sigma", required=True, help="sigma-cli with its splunk backend")
    parser.add_argument("--trident", default=shutil.which("trident"), help="default: on the PATH")
    parser.add_argument("--rules", required=True, type=Path, help="the public Sigma rules")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(given, Path(folder))
        figures = _measure(commands, given.rounds)
    print(f"{given.rounds} rounds, {len(os.sched_getaffinity(0))} processors, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}\n")
    print(RUNS.format("command", "seconds", "cpu s", "MiB"))
    for name, found in figures.items():
        medians = map(statistics.median, (found.wall, found.processor, found.memory))
        print(RUNS.format(name, *("{:.2f} {:.2f} {:.0f}".format(*medians)).split()))
    print("\n" + LINE.format("goal", "elapsed", "cpu", "at most"))
    for goal, wall, processor, bound in _goals(figures):
        verdict = "met" if wall <= bound else "MISSED"
        print(LINE.format(goal, f"{wall:.3f}", f"{processor:.3f}", f"{bound:.3f}"), verdict)


def _commands(given: argparse.Namespace, folder: Path) -> dict[str, Sequence[str]]:
    """Every command by its name, in the order of a round."""
    rule = next(iter(sorted(given.rules.glob("windows/process_creation/*.yml"))))
    out, cache = str(folder / "out"), ("--cache-dir", str(folder / "cache"))
    every = [argument for target in TARGETS for argument in ("-t", target)]

    def trident(rules: Path, *arguments: str) -> Sequence[str]:
        return (given.trident, "convert", str(rules), *arguments, "-o", out)

    def sigma(rules: Path) -> Sequence[str]:
        options = ("--without-pipeline", "-t", "splunk", "--skip-unsupported", "-o", out)
        return (given.sigma, "convert", *options, str(rules))

    return {
        "sigma-cli --help": (given.sigma, "--help"),
        "trident --help": (given.trident, "--help"),
        "sigma-cli, one rule": sigma(rule),
        **{
            f"trident, one rule, {target}": trident(rule, "-t", target, "--no-cache")
            for target in TARGETS
        },
        "sigma-cli, all rules": sigma(given.rules),
        "trident, all rules, 3 targets": trident(given.rules, *every, "--no-cache"),
        "the same, 1 process": trident(given.rules, *every, "--no-cache", "--jobs", "1"),
        "the same, from the cache": trident(given.rules, *every, *cache),
        **{
            f"trident, {share} of the rules": trident(rules, *every, "--no-cache", "--jobs", "1")
            for share, rules in _shares(given.rules, folder)
        },
    }


def _shares(rules: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Folders with parts of the rules; twice the rules are copies with other ids and names."""
    files = sorted(rules.rglob("*.yml"))
    for share, step in (("1/4", 4), ("1/2", 2)):
        part = folder / share.replace("/", "-")
        for file in files[::step]:
            _copy(file, part / file.relative_to(rules))
        yield share, part
    twice = folder / "twice"
    for file in files:
        _copy(file, twice / "one" / file.relative_to(rules))
        _copy(file, twice / "two" / file.relative_to(rules), renamed=True)
    yield "2x", twice


def _copy(file: Path, place: Path, renamed: bool = False) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    text = file.read_text(encoding="utf-8")
    if renamed:
        text = re.sub(r"(?m)^id: *(\S+)", lambda m: f"id: {uuid5(NAMESPACE_URL, m[1])}", text)
        text = re.sub(r"(?m)^name: *(\S+)", r"name: \1_again", text)
    place.write_text(text, encoding="utf-8")


def _measure(commands: dict[str, Sequence[str]], rounds: int) -> dict[str, Figures]:
    figures = {name: Figures() for name in commands}
    for name, command in commands.items():
        _run(name, command)
    for _ in range(rounds):
        for name, command in commands.items():
            wall, processor, memory = _run(name, command)
            figures[name].wall.append(wall)
            figures[name].processor.append(processor)
            figures[name].memory.append(memory)
    return figures


def _run(name: str, command: Sequence[str]) -> tuple[float, float, float]:
    """Seconds, processor seconds of the process and its children, MiB of the largest of them."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{name}: exit code {process.returncode}: {' '.join(command)}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return wall, usage.ru_utime + usage.ru_stime, kilobytes / 1024


def _goals(figures: dict[str, Figures]) -> Iterator[tuple[str, float, float, float]]:
    """Each goal with our figure by elapsed and by processor time, and its bound."""

    def ratio(ours: str, theirs: str, share: float = 1) -> tuple[float, float]:
        return tuple(  # type: ignore[return-value]
            share
            * statistics.median(kind(figures[ours]))
            / statistics.median(kind(figures[theirs]))
            for kind in kinds
        )

    kinds: tuple[Callable[[Figures], list[float]], ...] = (
        lambda found: found.wall,
        lambda found: found.processor,
    )
    third = 1 / len(TARGETS)
    whole, peer = "trident, all rules, 3 targets", "sigma-cli, all rules"
    yield ("--help / sigma-cli's", *ratio("trident --help", "sigma-cli --help"), 0.25)
    for target in TARGETS:
        mine = ratio(f"trident, one rule, {target}", "sigma-cli, one rule")
        yield (f"one rule, {target} / sigma-cli's", *mine, 0.6)
    yield ("all rules, a target of three / sigma-cli's one", *ratio(whole, peer, third), 1 / 8)
    cached = ratio("the same, from the cache", peer)
    yield ("all rules, three targets cached / sigma-cli's one", *cached, 1 / 40)
    single = "the same, 1 process"
    for share, times in (("1/4", 4), ("1/2", 2), ("2x", 0.5)):
        grown = ratio(single, f"trident, {share} of the rules", 1 / times)
        if times < 1:
            grown = (1 / grown[0], 1 / grown[1])
        yield (f"growth: time a rule, more rules / fewer, {share} and 1", *grown, 1.1)
    memory = {name: max(found.memory) for name, found in figures.items()}
    most = max(found for name, found in memory.items() if "sigma-cli" not in name)
    yield ("peak memory of a process / sigma-cli's", *(2 * (most / memory[peer],)), 1.0)


if __name__ == "__main__":
    main()
