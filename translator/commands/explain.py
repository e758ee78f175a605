"""``trident explain``."""

from __future__ import annotations

import click

from translator import options


@click.command()
@click.argument("code")
@options.reporting
def command(code: str) -> None:
    """Say what a CODE (such as TRI202) means, and the way out."""
    from backends.diagnostics import codes
    from translator.suggest import unknown

    known = codes()
    if code.upper() not in known:
        raise unknown("TRI510", "code", code, known)
    entry = known[code.upper()]
    lines = [f"{code.upper()}: {entry['title']}"]
    if "text" in entry:
        lines.append(f"On a query: {entry['text']}")
    lines.append(f"What to do: {entry['help']}")
    click.echo("\n".join(lines))
