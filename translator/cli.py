"""The ``trident`` command. Product on stdout, everything else on stderr.

Exit codes: 0 done; 1 findings: an error in a rule, a stale output, with ``--strict`` a refusal;
2 usage or tool error. What a command needs is imported when it runs: ``--help`` stays quick.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from translator.config import Config
    from translator.convert import Outcome

FOUND, FAILED = 1, 2
"""Exit codes: findings, and a usage or tool error."""

Command = Callable[..., None]


def _reporting(command: Command) -> Command:
    """A command whose ``TridentError`` is a usage or tool error."""

    @functools.wraps(command)
    def reported(*args: Any, **kwargs: Any) -> None:
        from backends.diagnostics import TridentError

        try:
            command(*args, **kwargs)
        except TridentError as error:
            from translator.output import finding

            _say(finding(error.diagnostic))
            _exit(FAILED)

    return reported


_config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The trident.yml to use; default: the nearest in this folder or above.",
)
_filter_option = click.option(
    "--filter", "filters", multiple=True, metavar="NAME", help="Switch a filter on; repeatable."
)
_stack_option = click.option(
    "--stack",
    metavar="VERSION",
    help="Elastic's version for esql, such as 9.3; default: trident.yml.",
)
_strict_option = click.option("--strict", is_flag=True, help="Exit 1 on a refusal, too.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sigma-trident", prog_name="trident")
def main() -> None:
    """Sigma detections and correlations as KQL, SPL and EQL, with their fidelity stated."""


@main.command()
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
@_filter_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."
)
@_strict_option
@_stack_option
@_config_option
@_reporting
def convert(
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

    config = _config(config_file, stack)
    chosen = convert.chosen_profiles(convert.chosen_targets(targets), profiles, config)
    outcome = convert.convert(rules, chosen, config, filters)
    product = (writer.as_json if form == "json" else writer.text)(outcome.translations)
    if output:
        writer.write_file(output, product)
    else:
        click.echo(product.encode(), nl=False)
    _report(outcome)
    _exit(FOUND if outcome.errors or (strict and outcome.refused) else 0)


@main.command()
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
@_filter_option
@_strict_option
@_stack_option
@_config_option
@_reporting
def build(
    rules: str,
    dist: Path,
    check: bool,
    filters: tuple[str, ...],
    strict: bool,
    stack: str | None,
    config_file: Path | None,
) -> None:
    """Write every artifact of the RULES folder (default: rules), or none when a rule fails."""
    from translator import build, convert, tree
    from translator.output import finding

    config = _config(config_file, stack)
    targets = convert.chosen_targets([convert.ALL])
    chosen = convert.chosen_profiles(targets, (), config, every=True)
    outcome = convert.convert([rules], chosen, config, filters)
    files = build.artifacts(outcome, Path(rules), config)
    _report(outcome)
    if outcome.errors or (strict and outcome.refused):
        _say(f"{dist} is left as it is")
        _exit(FOUND)
    if check:
        stale = list(tree.differences(files, dist))
        for diagnostic in stale:
            _say(finding(diagnostic))
        _exit(FOUND if stale else 0)
    changed = tree.replace_tree(files, dist)
    _say(f"{dist}: {len(files)} files, {changed} changed")


@main.command()
@click.argument("rules", nargs=-1, type=click.Path(exists=True))
@click.option("-t", "--target", "targets", multiple=True, metavar="TARGET", help="Only these.")
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Only these.")
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text")
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
@_filter_option
@_stack_option
@_config_option
@_reporting
def verify(
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
    stack: str | None,
    config_file: Path | None,
) -> None:
    """Run every query of RULES (default: rules) on an engine and compare with what it means."""
    from translator import convert
    from translator.verify import command

    config = _config(config_file, stack)
    planned, diagnostics = command.planned(rules or ("rules",), config, filters)
    if (events is None) != (source is None):
        raise click.UsageError("--events and --source go together")
    if events and source:
        _exit(command.own_data(planned, diagnostics, events, source))
    if update:
        _exit(command.update(planned, diagnostics))
    if against:
        _exit(command.against(planned, against, config, filters))
    chosen = convert.chosen_profiles(
        convert.chosen_targets(targets or (convert.ALL,)), profiles, config, every=True
    )
    product, failed = command.verify(planned, diagnostics, chosen, form, fuzz, seed)
    click.echo(product.encode(), nl=False)
    _exit(FOUND if failed else 0)


@main.command()
@click.argument("code")
@_reporting
def explain(code: str) -> None:
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


@main.group(name="list")
def list_() -> None:
    """Show what there is."""


@list_.command()
def targets() -> None:
    """The query languages."""
    from translator import listing

    click.echo(listing.aligned(listing.targets()), nl=False)


@list_.command()
def profiles() -> None:
    """Each target's tables and fields, as a SIEM stores them."""
    from translator import listing

    click.echo(listing.aligned(listing.profiles()), nl=False)


@list_.command()
@click.option("-t", "--target", "names", multiple=True, metavar="TARGET")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text")
@_reporting
def capabilities(names: tuple[str, ...], form: str) -> None:
    """What each target can say, and how well."""
    from translator import convert, listing

    chosen = convert.chosen_targets(names or (convert.ALL,))
    if form == "markdown":
        click.echo(listing.capability_page(chosen), nl=False)
        return
    click.echo(listing.aligned(listing.capability_rows(chosen)), nl=False)
    reasons = list(listing.refusal_reasons(chosen))
    if reasons:
        click.echo("\n" + listing.aligned(reasons), nl=False)


@list_.command()
@click.argument("rules", nargs=-1, type=click.Path(exists=True))
def filters(rules: tuple[str, ...]) -> None:
    """The filters that --filter switches on, in RULES (default: rules)."""
    from translator import listing
    from translator.load import load
    from translator.output import finding

    loaded = load(rules or ("rules",), named_filters=True)
    for diagnostic in loaded.diagnostics:
        _say(finding(diagnostic))
    rows = list(listing.filters(loaded.documents))
    if rows:
        click.echo(listing.aligned(rows), nl=False)
    _exit(FOUND if loaded.diagnostics else 0)


def _config(file: Path | None, stack: str | None) -> Config:
    from translator.config import find_config, read_config

    config = read_config(file or find_config(Path()))
    return config.with_setting("esql", "stack", stack) if stack else config


def _report(outcome: Outcome) -> None:
    from translator.output import findings, summary

    for line in findings(outcome):
        _say(line)
    _say(summary(outcome))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _exit(code: int) -> NoReturn:
    click.get_current_context().exit(code)
