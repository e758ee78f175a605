"""``trident verify``."""

from __future__ import annotations

from pathlib import Path

import click

from trident.app.commands import options


@click.command()
@click.argument("rules", nargs=-1, type=click.Path(exists=True))
@click.option("-t", "--target", "targets", multiple=True, metavar="TARGET", help="Only these.")
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Only these.")
@options.report_format
@click.option("--fuzz", type=click.IntRange(min=1), help="Random timelines per rule and profile.")
@click.option("--seed", type=int, default=0, show_default=True, help="Where --fuzz starts.")
@click.option("--update", is_flag=True, help="Write expected alerts from the evaluator.")
@click.option(
    "--against",
    type=click.Path(exists=True),
    metavar="OLD_RULES",
    help="Show the alerts that the tests gain and lose against these rules.",
)
@click.option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Exported logs (.jsonl or .csv) to evaluate the rules on, with --source.",
)
@click.option("--source", metavar="PROFILE", help="The profile whose field names --events has.")
@options.filters
@options.site
@options.reporting
def command(
    rules: tuple[str, ...],
    targets: tuple[str, ...],
    profiles: tuple[str, ...],
    form: str,
    fuzz: int | None,
    seed: int,
    update: bool,
    against: str | None,
    events: Path | None,
    source: str | None,
    filters: tuple[str, ...],
    site: options.Site,
) -> None:
    """Run every query of RULES (default: rules) on an engine and compare with what it means."""
    from trident.app.run import convert
    from trident.app.verify import command as verification

    config = site.config()
    planned, diagnostics = verification.planned(rules or ("rules",), config, filters)
    if (events is None) != (source is None):
        raise click.UsageError("--events and --source go together")
    if events and source:
        options.leave(verification.own_data(planned, diagnostics, events, source))
    if update:
        options.leave(verification.update(planned, diagnostics))
    if against:
        options.leave(verification.against(planned, against, config, filters))
    chosen = convert.chosen_profiles(
        convert.chosen_targets(targets or (convert.ALL,)), profiles, config, every=True
    )
    product, failed = verification.verify(planned, diagnostics, chosen, form, fuzz, seed)
    options.give(product, form)
    options.leave(options.FOUND if failed else 0)
