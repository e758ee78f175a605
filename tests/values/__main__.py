"""Random values with random modifiers on every engine: ``python -m tests.values --runs 50000``.

A run is one query with one value (or list of values) and modifiers that an engine has executed
and that was held against the evaluator; refusals are counted apart. Exits 1 on a difference.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from tests.support.selection import Bench, lab_profile, missing_engine
from tests.support.targets import SHIPPED
from tests.values.cases import FIELD, Case, random_cases

SHOWN = 10
"""How many differences are printed in full for each target."""


@dataclass(slots=True)
class Summary:
    """What came out on one target."""

    target: str
    runs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[Case, str]] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        refused = ", ".join(f"{code} {number}" for code, number in sorted(self.refused.items()))
        return (
            f"{self.target}: {self.runs} runs in {self.seconds:.0f} s, "
            f"{len(self.differences)} differences; refused: {refused or 'none'}"
        )


def run(target: str, count: int, seed: int) -> Summary:
    """``count`` runs on one target; the same seed makes the same cases."""
    summary, random, started = Summary(target), Random(seed), time.monotonic()
    profile = lab_profile(target, {FIELD: (FIELD, "string")})
    with Bench(target) as bench:
        for case in _endless(random):
            if summary.runs >= count:
                break
            try:
                code = bench.check(case.plan, profile, case.events(random))
            except Exception as error:  # a difference, or an engine that fails: both are findings
                summary.differences.append((case, f"{type(error).__name__}: {error}"))
                code = ""
            if code:
                summary.refused[code] += 1
            else:
                summary.runs += 1
    summary.seconds = time.monotonic() - started
    return summary


def _endless(random: Random) -> Iterator[Case]:
    while True:
        yield from random_cases(random, 1000)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", default=50_000, type=int, help="in total, over the targets")
    arguments.add_argument("--seed", default=1, type=int)
    arguments.add_argument("--target", choices=SHIPPED, action="append", dest="targets")
    given = arguments.parse_args()
    targets = given.targets or SHIPPED
    found = []
    for target in targets:
        if package := missing_engine(target):
            print(f"{target}: not run, {package} is not installed")
            continue
        summary = run(target, -(-given.runs // len(targets)), given.seed)
        found.append(summary)
        print(summary, flush=True)
        for case, message in summary.differences[:SHOWN]:
            print(f"  {case.modifiers or 'equals'} {case.value!r}: {message}", file=sys.stderr)
    print(f"{sum(summary.runs for summary in found)} runs in total, seed {given.seed}")
    return int(any(summary.differences for summary in found))


if __name__ == "__main__":
    sys.exit(main())
