"""``trident convert``."""

from __future__ import annotations

from pathlib import Path

import click

from translator import options


@click.command()
@click.argument("rules", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True))
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="TARGET",
    help="kql, spl, eql or all; repeatable.",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME",
    help="A profile of a target (trident list profiles); repeatable.",
)
@options.filters
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."
)
@options.strict
@options.stack
@options.config
@options.reporting
def command(
    rules: tuple[str, ...],
    targets: tuple[str, ...],
    profiles: tuple[str, ...],
    filters: tuple[str, ...],
    form: str,
    output: Path | None,
    strict: bool,
    stack: str | None,
    config_file: Path | None,
) -> None:
    """Translate RULES: files, folders, or - for standard input."""
    from translator import convert
    from translator import output as writer

    config = options.read_config(config_file, stack)
    chosen = convert.chosen_profiles(convert.chosen_targets(targets), profiles, config)
    outcome = convert.convert(rules, chosen, config, filters)
    product = (writer.as_json if form == "json" else writer.text)(outcome.translations)
    if output:
        writer.write_file(output, product)
    else:
        click.echo(product.encode(), nl=False)
    options.report(outcome)
    options.leave(options.FOUND if outcome.errors or (strict and outcome.refused) else 0)
