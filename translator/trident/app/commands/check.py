"""``trident check``."""

from __future__ import annotations

from pathlib import Path

import click

from trident.app.commands import options


@click.command()
@click.argument("rules", nargs=-1, type=click.Path(exists=True, allow_dash=True))
@click.option("-t", "--target", "targets", multiple=True, metavar="TARGET", help="Only these.")
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Only these.")
@click.option(
    "--select", multiple=True, metavar="CODES", help="Only codes that begin so, such as TRI6."
)
@click.option("--ignore", multiple=True, metavar="CODES", help="No codes that begin so.")
@options.filters
@options.report_format
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."
)
@options.checked(default=True)
@options.site
@options.no_cache
@options.cache_dir
@options.reporting
def command(
    rules: tuple[str, ...],
    targets: tuple[str, ...],
    profiles: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    filters: tuple[str, ...],
    form: str,
    output: Path | None,
    checked: bool,
    site: options.Site,
    no_cache: bool,
    cache_dir: Path | None,
) -> None:
    """Say what is wrong or unusual in RULES (default: rules), without writing a query."""
    from trident.app.check.run import check
    from trident.app.check.selection import read_selection
    from trident.app.files.writing import write_file
    from trident.app.report.formats import FORMATS as formats
    from trident.app.report.text import counts
    from trident.app.run import convert, parallel

    config = site.config()
    chosen = convert.chosen_profiles(
        convert.chosen_targets(targets or (convert.ALL,)), profiles, config
    )
    selection = read_selection(select or config.select, (*config.ignore, *ignore))
    folder = options.cache(cache_dir, no_cache, site, rules)
    report = check(
        rules or ("rules",),
        chosen,
        config,
        selection,
        filters,
        narrowed=bool(targets or profiles),
        checking=options.checking(folder, parallel.processors()) if checked else None,
    )
    product = formats[form](report)
    if output:
        write_file(output, product.encode())
    else:
        options.give(product, form)
    options.say_unchecked(chosen, checked)
    options.say(counts(report))
    options.leave(options.FOUND if report.diagnostics else 0)
