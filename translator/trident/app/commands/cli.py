"""The ``trident`` command. Product on stdout, everything else on stderr.

Exit codes: 0 done; 1 findings: an error in a rule, a stale output, with ``--strict`` a refusal;
2 usage or tool error. A command's module is imported when it is asked for, and what it needs when
it runs: ``--help`` stays quick.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from trident.app.run import collector

COMMANDS = ("check", "convert", "build", "verify", "explain", "list", "schema")
"""The commands, each in the module of ``trident.app.commands`` with its name."""


@contextmanager
def _printable_errors() -> Iterator[None]:
    """click's own errors name files and values as they came."""
    try:
        yield
    except click.UsageError as error:
        from trident.base.printable import printable

        message = error.format_message()
        said = "\n".join(map(printable, message.split("\n")))
        if said == message:
            raise
        raise click.UsageError(said, error.ctx) from error


class Commands(click.Group):
    """A group whose commands are imported one by one."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """As click does."""
        with _printable_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does."""
        with _printable_errors():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a rule's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None for one that is not there."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"trident.app.commands.{cmd_name}")
        command: click.Command = module.command
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sigma-trident", prog_name="trident")
def main() -> None:
    """Sigma detections and correlations as KQL, SPL and EQL, with their fidelity stated."""


collector.skip_at_exit()
