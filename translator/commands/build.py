"""``trident build``."""

from __future__ import annotations

from pathlib import Path

import click

from translator import options


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
@options.filters
@options.strict
@options.pipelines
@options.unmapped
@options.stack
@options.config
@options.reporting
def command(
    rules: str,
    dist: Path,
    check: bool,
    filters: tuple[str, ...],
    strict: bool,
    pipelines: tuple[Path, ...],
    unmapped: str | None,
    stack: str | None,
    config_file: Path | None,
) -> None:
    """Write every artifact of the RULES folder (default: rules), or none when a rule fails."""
    from translator import build, convert, tree
    from translator.output import finding

    config = options.read_config(config_file, stack, unmapped, pipelines)
    targets = convert.chosen_targets([convert.ALL])
    chosen = convert.chosen_profiles(targets, (), config, every=True)
    outcome = convert.convert([rules], chosen, config, filters)
    files = build.artifacts(outcome, Path(rules), config, chosen)
    options.report(outcome)
    if outcome.errors or (strict and outcome.refused):
        options.say(f"{dist} is left as it is")
        options.leave(options.FOUND)
    if check:
        stale = list(tree.differences(files, dist))
        for diagnostic in stale:
            options.say(finding(diagnostic))
        options.leave(options.FOUND if stale else 0)
    changed = tree.replace_tree(files, dist)
    options.say(f"{dist}: {len(files)} files, {changed} changed")
