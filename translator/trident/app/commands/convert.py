"""``trident convert``."""

from __future__ import annotations

from pathlib import Path

import click

from trident.app.commands import options


@click.command()
@click.argument("rules", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True))
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="TARGET",
    help="A query language (trident list targets), or all; repeatable.",
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
@options.checked(default=False)
@options.strict
@options.site
@options.jobs
@options.no_cache
@options.cache_dir
@options.reporting
def command(
    rules: tuple[str, ...],
    targets: tuple[str, ...],
    profiles: tuple[str, ...],
    filters: tuple[str, ...],
    form: str,
    output: Path | None,
    checked: bool,
    strict: bool,
    site: options.Site,
    jobs: int | None,
    no_cache: bool,
    cache_dir: Path | None,
) -> None:
    """Translate RULES: files, folders, or - for standard input."""
    from trident.app.files.writing import write_file
    from trident.app.input.sources import read_sources
    from trident.app.report import console
    from trident.app.run.collector import paused
    from trident.app.run.results import Inputs, Result, kept

    others = [*([site.file] if site.file else []), *site.pipelines]
    inputs = Inputs(read_sources(rules, named_filters=bool(filters)), others)

    @paused()
    def converted() -> Result:
        from trident.app.run import bulk, convert
        from trident.app.run.progress import Progress

        settings = site.config()
        chosen = convert.chosen_profiles(convert.chosen_targets(targets), profiles, settings)
        review = options.checking(folder) if checked else None
        work = bulk.Work(chosen, settings, filters, form, review)
        with Progress("Translating") as progress:
            product = bulk.convert(inputs.rules, work, jobs, progress.at)
        further = tuple(each.file for each in settings.pipelines)
        failed = product.tally.errors or (strict and product.tally.refused)
        report = "\n".join(filter(None, (product.report, options.unchecked(chosen, checked))))
        code = options.FOUND if failed else 0
        return Result(product.content, report, code, further, product.lasting)

    folder = options.cache(cache_dir, no_cache, site, rules)
    said = (checked, site.stack, site.unmapped, site.accept)
    asked = ("convert", targets, profiles, filters, form, strict, *said)
    result = kept(folder, asked, inputs, converted)
    if output:
        write_file(output, result.content)
    else:
        console.give(result.content)
    options.say(result.report)
    options.leave(result.code)
