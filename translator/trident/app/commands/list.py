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

    options.give(listing.aligned(listing.targets()), "text")


@command.command()
def profiles() -> None:
    """Each target's tables and fields, as a SIEM stores them."""
    from trident.app.report import listing

    options.give(listing.aligned(listing.profiles()), "text")


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
        options.give(listing.capability_page(chosen), form)
        return
    options.give(listing.aligned(listing.capability_rows(chosen)), form)
    reasons = list(listing.refusal_reasons(chosen))
    if reasons:
        options.give("\n" + listing.aligned(reasons), form)


@command.command()
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text")
def codes(form: str) -> None:
    """Every code of a finding or a note, and the way out."""
    from trident.app.report import listing

    page = listing.codes_page() if form == "markdown" else listing.aligned(listing.code_rows())
    options.give(page, form)


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
        options.give(listing.aligned(rows), "text")
    options.leave(options.FOUND if loaded.diagnostics else 0)
