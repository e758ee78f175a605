"""``trident list``."""

from __future__ import annotations

import click

from trident.app.commands import options


@click.group(name="list")
def command() -> None:
    """Show what there is."""


@command.command()
def targets() -> None:
    """The query languages."""
    from trident.app.report import listing

    click.echo(listing.aligned(listing.targets()), nl=False)


@command.command()
def profiles() -> None:
    """Each target's tables and fields, as a SIEM stores them."""
    from trident.app.report import listing

    click.echo(listing.aligned(listing.profiles()), nl=False)


@command.command()
@click.option("-t", "--target", "names", multiple=True, metavar="TARGET")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text")
@options.reporting
def capabilities(names: tuple[str, ...], form: str) -> None:
    """What each target can say, and how well."""
    from trident.app.report import listing
    from trident.app.run import convert

    chosen = convert.chosen_targets(names or (convert.ALL,))
    if form == "markdown":
        click.echo(listing.capability_page(chosen), nl=False)
        return
    click.echo(listing.aligned(listing.capability_rows(chosen)), nl=False)
    reasons = list(listing.refusal_reasons(chosen))
    if reasons:
        click.echo("\n" + listing.aligned(reasons), nl=False)


@command.command()
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text")
def codes(form: str) -> None:
    """Every code of a finding or a note, and the way out."""
    from trident.app.report import listing

    page = listing.codes_page() if form == "markdown" else listing.aligned(listing.code_rows())
    click.echo(page, nl=False)


@command.command()
@click.argument("rules", nargs=-1, type=click.Path(exists=True))
def filters(rules: tuple[str, ...]) -> None:
    """The filters that --filter switches on, in RULES (default: rules)."""
    from trident.app.input.load import load
    from trident.app.report import listing
    from trident.app.report.text import printed

    loaded = load(rules or ("rules",), named_filters=True)
    for line in printed(loaded.diagnostics):
        options.say(line)
    rows = list(listing.filters(loaded.documents))
    if rows:
        click.echo(listing.aligned(rows), nl=False)
    options.leave(options.FOUND if loaded.diagnostics else 0)
