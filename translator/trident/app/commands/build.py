"""``trident build``."""

from __future__ import annotations

from pathlib import Path

import click

from trident.app.commands import options


@click.command()
@click.argument("rules", default="rules", type=click.Path(exists=True))
@click.option(
    "-o",
    "--output",
    "dist",
    default="dist",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write; default: dist.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the folder is stale.")
@click.option(
    "--diff", is_flag=True, help="Write nothing; print what would change, exit 1 when anything."
)
@click.option(
    "--only",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only these: a folder such as spl/windows_ta, a file, a rule; with * and ?; repeatable.",
)
@options.report_format
@options.filters
@options.checked(default=True)
@options.strict
@options.site
@options.jobs
@options.no_cache
@options.cache_dir
@options.reporting
def command(
    rules: str,
    dist: Path,
    check: bool,
    diff: bool,
    patterns: tuple[str, ...],
    form: str,
    filters: tuple[str, ...],
    checked: bool,
    strict: bool,
    site: options.Site,
    jobs: int | None,
    no_cache: bool,
    cache_dir: Path | None,
) -> None:
    """Write every artifact of the RULES folder (default: rules), or none when a rule fails."""
    from trident.app.build import build, difftext, partial, tree
    from trident.app.files.writing import refuse_links
    from trident.app.report import console
    from trident.app.run import convert
    from trident.app.run.progress import Progress

    refuse_links(dist)
    if diff and form != "text":
        raise click.UsageError("--diff and --format are both for standard output")
    config = site.config()
    targets = convert.chosen_targets([convert.ALL])
    chosen = convert.chosen_profiles(targets, (), config, every=True)
    folder = options.cache(cache_dir, no_cache, site, (rules,))
    checking = options.checking(folder) if checked else None
    with Progress("Building") as progress:
        outcome, files = build.build(
            Path(rules), config, chosen, filters, jobs, progress.at, checking
        )
    if patterns:
        files = partial.only(files, dist, patterns)
    failed = outcome.errors or (strict and outcome.refused)
    stale = list(tree.differences(files, dist)) if check and not failed else []
    options.report(outcome, "build", stale, form=form, strict=strict)
    options.say_unchecked(chosen, checked)
    if failed:
        options.say(f"{dist} is left as it is")
        options.leave(options.FOUND)
    if diff:
        changes = list(difftext.unified_diff(files, dist))
        console.give_diff("".join(changes))
        options.leave(options.FOUND if changes else 0)
    if check:
        options.leave(options.FOUND if stale else 0)
    changed = tree.replace_tree(files, dist)
    options.say(f"{dist}: {len(files)} files, {changed} changed")
