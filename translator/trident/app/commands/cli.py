"""The ``trident`` command. Product on stdout, everything else on stderr.

Exit codes: 0 done; 1 findings: an error in a rule, a stale output, with ``--strict`` a refusal;
2 usage or tool error. A command's module is imported when it is asked for, and what it needs when
it runs: ``--help`` stays quick.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from trident.app.run import collector

COMMANDS = ("check", "convert", "build", "verify", "explain", "list", "schema")
"""The commands, each in the module of ``trident.app.commands`` with its name."""


_WRITTEN, _TRACEBACK = "trident.arguments", "--traceback"


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

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a rule's life."""
        return list(COMMANDS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments of the command, kept as they were written."""
        ctx.meta[_WRITTEN] = [each for each in args if each != _TRACEBACK]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what nobody has foreseen is one finding, and exit code 2."""
        try:
            with _printable_errors():
                return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # nobody reads any more: click ends the command
            from trident.app.commands.options import FAILED, say
            from trident.app.report.text import finding
            from trident.app.run.unforeseen import unforeseen

            say(finding(unforeseen(error, ctx.meta[_WRITTEN])))
            ctx.exit(FAILED)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None for one that is not there."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"trident.app.commands.{cmd_name}")
        command: click.Command = module.command
        return command


def _show_tracebacks(_: click.Context, __: click.Parameter, wanted: bool) -> None:
    if wanted:
        os.environ["TRIDENT_TRACEBACK"] = "1"  # of every process of the run


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    _TRACEBACK,
    is_flag=True,
    expose_value=False,
    callback=_show_tracebacks,
    help="Show where an internal error comes from.",
)
@click.version_option(package_name="sigma-trident", prog_name="trident")
def main() -> None:
    """Sigma detections and correlations as KQL, SPL and EQL, with their fidelity stated."""


collector.skip_at_exit()
