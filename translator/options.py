"""What the commands share: options, reading ``trident.yml``, reporting, exit codes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from translator.config import Config
    from translator.convert import Outcome

FOUND, FAILED = 1, 2
"""Exit codes: findings, and a usage or tool error."""

Command = Callable[..., None]


def reporting(command: Command) -> Command:
    """A command whose ``TridentError`` is a usage or tool error."""

    @functools.wraps(command)
    def reported(*args: Any, **kwargs: Any) -> None:
        from backends.diagnostics import TridentError

        try:
            command(*args, **kwargs)
        except TridentError as error:
            from translator.output import finding

            say(finding(error.diagnostic))
            leave(FAILED)

    return reported


# Decorators of a command's function; each gives it the argument of its name.
config = click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The trident.yml to use; default: the nearest in this folder or above.",
)
filters = click.option(
    "--filter", "filters", multiple=True, metavar="NAME", help="Switch a filter on; repeatable."
)
stack = click.option(
    "--stack",
    metavar="VERSION",
    help="Elastic's version for esql, such as 9.3; default: trident.yml.",
)
strict = click.option("--strict", is_flag=True, help="Exit 1 on a refusal, too.")


def read_config(file: Path | None, stack: str | None) -> Config:
    """The ``trident.yml`` given or found, with the Elastic version of the command line.

    Raises:
        TridentError: as ``translator.config.read_config``.
    """
    from translator.config import find_config, read_config

    config = read_config(file or find_config(Path()))
    return config.with_setting("esql", "stack", stack) if stack else config


def report(outcome: Outcome) -> None:
    """Print every finding of a run and what came out, counted."""
    from translator.output import findings, summary

    for line in findings(outcome):
        say(line)
    say(summary(outcome))


def say(line: str) -> None:
    """Print what is no product."""
    click.echo(line, err=True)


def leave(code: int) -> NoReturn:
    """End the command with an exit code."""
    click.get_current_context().exit(code)
