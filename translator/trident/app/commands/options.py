"""What the commands share: options, reading ``trident.yml``, reporting, exit codes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from trident.app.input.config import Config
    from trident.app.parsing.check import Checking
    from trident.app.run.convert import Outcome
    from trident.base.diagnostics import Diagnostic
    from trident.mapping.profiles import Profile

FOUND, FAILED = 1, 2
"""Exit codes: findings, and a usage or tool error."""

Command = Callable[..., None]


def reporting(command: Command) -> Command:
    """A command whose ``TridentError`` is a usage or tool error."""

    @functools.wraps(command)
    def reported(*args: Any, **kwargs: Any) -> None:
        from trident.base.diagnostics import TridentError

        try:
            command(*args, **kwargs)
        except TridentError as error:
            from trident.app.run.output import finding

            say(finding(error.diagnostic))
            leave(FAILED)
        except KeyboardInterrupt:
            from trident.app.run.output import finding

            say(finding(TridentError("TRI531", "interrupted").diagnostic))
            leave(FAILED)

    return reported


@dataclass(frozen=True, slots=True)
class Site:
    """What is said of the site: its ``trident.yml``, None without one, and what the command line
    says instead of it (the Elastic version, what becomes of unmapped fields) or besides
    (pipelines, further levels)."""

    file: Path | None
    stack: str | None
    unmapped: str | None
    accept: tuple[str, ...]
    pipelines: tuple[Path, ...]

    def config(self) -> Config:
        """The configuration that all of it makes.

        Raises:
            TridentError: as ``trident.app.input.config.read_config``, ``read_pipelines``.
        """
        from trident.app.input.config import read_config

        config = read_config(self.file)
        if self.pipelines:
            from trident.app.input.pipelines import read_pipelines  # here, as few runs have any

            own = (*config.pipelines, *read_pipelines(self.pipelines))
            config = replace(config, pipelines=own)
        if self.unmapped:
            config = replace(config, unmapped=self.unmapped)
        if self.accept:
            from trident.result.translation import Fidelity

            levels = dict.fromkeys([*config.accept, *map(Fidelity, self.accept)])
            config = replace(config, accept=tuple(levels))
        if self.stack:
            from trident.target import registry

            for name, target in registry.targets().items():
                if target.version:
                    config = config.with_setting(name, target.version, self.stack)
        return config


class Levels(click.ParamType[tuple[str, ...]]):
    """Levels to accept besides, with commas between them."""

    name = "levels"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """``sound,wide`` as a tuple."""
        if isinstance(value, tuple):
            return value
        levels = tuple(level.strip() for level in value.split(",") if level.strip())
        for level in levels:
            if level not in _PARTLY:
                self.fail(f"{level!r} is not one of {', '.join(_PARTLY)}", param, ctx)
        return levels


_PARTLY = ("sound", "wide")  # written out, since --help must import no more than click

_SITE = (
    click.option(
        "-p",
        "--pipeline",
        "pipelines",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="A pySigma pipeline to change the rules with first; repeatable.",
    ),
    click.option(
        "--unmapped",
        type=click.Choice(["refuse", "keep"]),
        help="Fields without a mapping: refuse the rule (default), "
        "or keep their names with a note.",
    ),
    click.option(
        "--accept",
        type=Levels(),
        default=(),
        metavar="LEVELS",
        help="Also make queries that find only a part of a rule's alerts (sound) "
        "or more than these (wide): sound, wide or sound,wide.",
    ),
    click.option(
        "--stack",
        metavar="VERSION",
        help="Elastic's version for esql, such as 8.19; default: trident.yml.",
    ),
    click.option(
        "--config",
        "config_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The trident.yml to use; default: the nearest in this folder or above.",
    ),
)


def site(command: Command) -> Command:
    """Give the command the argument ``site``, made of its options."""

    @functools.wraps(command)
    def sited(
        *args: Any,
        config_file: Path | None,
        stack: str | None,
        unmapped: str | None,
        accept: tuple[str, ...],
        pipelines: tuple[Path, ...],
        **kwargs: Any,
    ) -> None:
        from trident.app.input.sources import find_config

        file = config_file or find_config(Path())
        command(*args, site=Site(file, stack, unmapped, accept, pipelines), **kwargs)

    for option in reversed(_SITE):
        sited = option(sited)
    return sited


# Decorators of a command's function; each gives it the argument of its name.
filters = click.option(
    "--filter", "filters", multiple=True, metavar="NAME", help="Switch a filter on; repeatable."
)
jobs = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Work in N processes; default: one per processor where that pays.",
)
no_cache = click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
cache_dir = click.option(
    "--cache-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The cache's folder; default: $TRIDENT_CACHE_DIR, else the user's own.",
)


def cache(chosen: Path | None, no_cache: bool, site: Site, rules: Sequence[str]) -> Path | None:
    """The folder of the cache of a run on ``rules``; None where nothing can be trusted that lies
    there, which is said of a folder that somebody has named."""
    from trident.app.files.kept import named_folder, usual_folder, why_not
    from trident.app.input.sources import STDIN

    named = named_folder(chosen)
    folder = named or usual_folder()
    if no_cache or folder is None:
        return None
    near = [Path(), *([site.file.parent] if site.file else [])]
    for each in (Path(rule) for rule in rules if rule != STDIN):
        near.append(each if each.is_dir() else each.parent)
    reason = why_not(folder, near)
    if reason and named:
        say(f"the cache {folder.as_posix()} is not used: {reason}")
    return None if reason else folder


def checked(*, default: bool) -> Callable[[Command], Command]:
    """Give the command the argument ``checked``: whether parsers look at the queries."""
    return click.option(
        "--checked/--unchecked",
        default=default,
        show_default=True,
        help="Parse and bind each query with an independent parser of its language.",
    )


FORMATS = ("text", "json", "sarif", "junit", "github")
"""The formats of a report, as ``trident.app.report.formats`` has them."""
report_format = click.option("--format", "form", type=click.Choice(FORMATS), default="text")
strict = click.option("--strict", is_flag=True, help="Exit 1 on a refusal, too.")


def report(
    outcome: Outcome,
    command: str = "",
    further: Sequence[Diagnostic] = (),
    *,
    form: str = "text",
    strict: bool = False,
) -> None:
    """Print every finding of a run, then ``further`` ones, and what came out, counted.

    As text they are messages, in another format of ``FORMATS`` the product.
    """
    from trident.app.report.formats import FORMATS as formats
    from trident.app.report.text import printed
    from trident.app.run import output

    if form == "text":
        lines = output.printed(output.placed_findings(outcome))
        for line in (*lines, *printed(further)):
            say(line)
    else:
        give(formats[form](output.report(outcome, command, further, strict=strict)), form)
    say(output.tally(outcome).summary())


def checking(folder: Path | None, jobs: int = 1) -> Checking:
    """The parsers of every target, with a memory of what has passed in the cache ``folder``."""
    from trident.app.parsing.check import Checking
    from trident.app.parsing.verdicts import Verdicts
    from trident.app.run import cache

    kept = Verdicts(folder, cache.key(["checked"])) if folder else Verdicts()
    return Checking(kept, jobs)


def unchecked(profiles: Sequence[Profile], checked: bool) -> str:
    """What has to be installed so that every query is checked; "" for nothing."""
    if not checked:
        return ""
    from trident.app.parsing.check import hint

    return hint(dict.fromkeys(profile.target for profile in profiles))


def say_unchecked(profiles: Sequence[Profile], checked: bool) -> None:
    """Print ``unchecked``."""
    if line := unchecked(profiles, checked):
        say(line)


def say(text: str) -> None:
    """Print what is no product."""
    from trident.app.report import console

    console.say(text)


def give(product: str, form: str) -> None:
    """Print the product of a command: as text it is for a person."""
    from trident.app.report import console

    if form == "text":
        console.show(product)
    else:
        console.give(product.encode())


def leave(code: int) -> NoReturn:
    """End the command with an exit code."""
    click.get_current_context().exit(code)
