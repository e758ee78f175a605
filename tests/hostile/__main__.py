"""Checkouts of strangers at random: ``python -m tests.hostile --runs 20000``.

Each fault is shown with its number; ``--case NUMBER`` shows that case and its answer again.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import click

from tests.hostile.cases import case
from tests.hostile.run import answer, judged


@click.command()
@click.option("--runs", default=2_000, show_default=True, help="How many cases.")
@click.option("--first", default=0, show_default=True, help="The number of the first.")
@click.option("--jobs", default=2, show_default=True, help="In how many processes.")
@click.option("--case", "number", type=int, help="Show this case and its answer.")
def main(runs: int, first: int, jobs: int, number: int | None) -> None:
    """Run commands in random checkouts, and say which answers are wrong."""
    if number is not None:
        _show(number)
        return
    started, wrong = time.monotonic(), 0
    numbers = range(first, first + runs)
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        for done, (number, faults) in enumerate(pool.map(_numbered, numbers, chunksize=20), 1):
            wrong += bool(faults)
            for fault in faults:
                click.echo(f"{number}: {' '.join(case(number).arguments)}: {fault}")
            if done % 1_000 == 0:
                click.echo(f"{done:,} of {runs:,}, {wrong} wrong", err=True)
    click.echo(f"{runs:,} runs, {wrong} wrong, {time.monotonic() - started:.0f} s")
    sys.exit(bool(wrong))


def _numbered(number: int) -> tuple[int, list[str]]:
    return number, judged(number)


def _show(number: int) -> None:
    made = case(number)
    for name, content in made.files.items():
        click.echo(f"== {name!r}")
        click.echo(content.decode("utf-8", "backslashreplace"))
    click.echo(f"== trident {' '.join(made.arguments)}")
    ended = answer(made)
    click.echo(ended.product)
    click.echo(ended.messages)
    click.echo(ended.raised)
    click.echo(f"== exit code {ended.code}, {ended.seconds:.2f} s")
    for fault in judged(number):
        click.echo(f"== {fault}")


if __name__ == "__main__":
    main()
