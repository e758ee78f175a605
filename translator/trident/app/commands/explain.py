"""``trident explain``."""

from __future__ import annotations

import re

import click

from trident.app.commands import options

_CODE = re.compile(r"TRI\d+", re.IGNORECASE)


@click.command()
@click.argument("what", nargs=-1, required=True)
@click.option("--rule", metavar="NAME", help="Explain this rule only: its name, id or title.")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="Also say where each part of this target's query comes from; repeatable, or all.",
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
@click.option("--all", "everything", is_flag=True, help="Show long lists and values whole.")
@options.site
@options.reporting
def command(
    what: tuple[str, ...],
    rule: str | None,
    targets: tuple[str, ...],
    profiles: tuple[str, ...],
    filters: tuple[str, ...],
    form: str,
    everything: bool,
    site: options.Site,
) -> None:
    """Say in words what a rule means, or what a CODE (such as TRI202) means.

    WHAT is a code, or rule files: FILE, FILE:RULE, folders, or - for standard input. Give the
    files that a correlation's rules stand in, too.
    """
    if all(map(_CODE.fullmatch, what)):
        options.give("\n\n".join(map(_code, what)) + "\n", form="text")
        return
    from trident.app.explain.run import explain

    config = site.config()
    outcome = explain(what, rule, targets, profiles, filters, config, form, everything)
    options.give(outcome.product, form)
    for line in outcome.findings():
        options.say(line)
    options.leave(options.FOUND if outcome.errors else 0)


def _code(code: str) -> str:
    from trident.app.input.suggest import unknown
    from trident.base.diagnostics import codes

    known = codes()
    if code.upper() not in known:
        raise unknown("TRI510", "code", code, known)
    entry = known[code.upper()]
    lines = [f"{code.upper()}: {entry['title']}"]
    if "text" in entry:
        lines.append(f"On a query: {entry['text']}")
    lines.append(f"What to do: {entry['help']}")
    return "\n".join(lines)
