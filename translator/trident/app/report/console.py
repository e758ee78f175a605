"""The one place that writes to a terminal or a log: messages, reports for a person, products.

What is for a person is made printable here, line by line, whatever it is made of. A product is
text of a format or language with escapes of its own, which its writer has used; a query's text is
the product itself.
"""

from __future__ import annotations

import os
import stat
import sys

import click

from trident.base.printable import printable_line


def say(text: str) -> None:
    """Print what is no product, to standard error."""
    click.echo(_lines(text), err=True)


def show(text: str) -> None:
    """Print a report or list for a person, which ends with a line break, as a command's product."""
    click.echo(_lines(text).encode(), nl=False)


def give(product: bytes) -> None:
    """Print a product as it is."""
    click.echo(product, nl=False)


def give_diff(diff: str) -> None:
    """Print a diff: as it is for a file or a program that applies it, as lines for a person on a
    terminal and in the log of an Actions job, whose reader takes commands from it. What it is of
    may be anybody's."""
    if sys.stdout.isatty() or (os.environ.get("GITHUB_ACTIONS") and not _into_file()):
        give(_lines(diff, "\t").encode())
    else:
        give(diff.encode())


def _into_file() -> bool:
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except OSError:
        return False


def _lines(text: str, between: str = "") -> str:
    """``text`` with each line printable; ``between`` stands for itself inside of one."""
    return "\n".join(printable_line(line, between) for line in text.split("\n"))
