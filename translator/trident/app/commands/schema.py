"""``trident schema``."""

from __future__ import annotations

import click

from trident.app.commands import options


@click.command()
@click.argument("name", type=click.Choice(["config", "rule"]), default="config")
@options.reporting
def command(name: str) -> None:
    """Print the JSON schema of trident.yml (config, the default) or of a rule's trident: (rule)."""
    from trident.app.schema.schemas import SCHEMAS
    from trident.base.printable import json_text

    options.give(json_text(SCHEMAS[name]()), "json")
