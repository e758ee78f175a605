"""Which rules a command line names: files, ``file:rule``, or one rule by ``--rule``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from trident.app.input.config import Config
from trident.app.input.sources import STDIN, display
from trident.app.input.suggest import unknown
from trident.app.run.convert import read_rules, user_pipelines
from trident.base.diagnostics import Diagnostic, TridentError
from trident.rule.identifier import reference
from trident.rule.planner import Planned, Planner
from trident.rule.references import emitted
from trident.rule.rules import Rule, Ruleset


@dataclass(frozen=True, slots=True)
class Found:
    """The rules to explain, the ruleset around them, and what is wrong with the files."""

    planned: tuple[Planned, ...]
    ruleset: Ruleset
    diagnostics: tuple[Diagnostic, ...]


def find(
    arguments: Sequence[str], rule: str | None, config: Config, filters: Sequence[str] = ()
) -> Found:
    """The rules that are named: ``rule``, or each ``file:rule``, or else all that ``convert`` would
    translate.

    Raises:
        TridentError: TRI520 for an argument that is no file, TRI521 for a rule that is not there,
            and as ``read_rules``.
    """
    places = [_place(argument) for argument in arguments]
    names = [(name, path) for path, name in places if name] + ([(rule, "")] if rule else [])
    loaded, ruleset = read_rules([path for path, _ in places], config, filters)
    chosen = [_named(ruleset, *each) for each in names] if names else list(emitted(ruleset))
    planner = Planner(ruleset, user_pipelines(config))
    planned = tuple(planner.planned(each) for each in chosen)
    diagnostics = [*loaded.diagnostics, *ruleset.diagnostics]
    diagnostics += [finding for each in planned for finding in each.diagnostics]
    return Found(planned, ruleset, tuple(dict.fromkeys(diagnostics)))


def _place(argument: str) -> tuple[str, str]:
    """A file or folder, and the rule in it that is asked for."""
    if argument == STDIN or _exists(argument):
        return argument, ""
    path, _, name = argument.rpartition(":")
    if path and name and (path == STDIN or _exists(path)):
        return path, name
    raise TridentError("TRI520", f"{argument!r} is neither a code nor a rule file")


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - a Path raises for a name that is too long


def _named(ruleset: Ruleset, name: str, path: str) -> Rule:
    """The rule of that name, id or title; the one in the file where a title stands twice."""
    matching = [
        rule
        for rule in ruleset.rules
        if name in (rule.identity.name, rule.identity.title) or reference(name) == rule.identity.id
    ]
    if matching:
        return max(
            matching, key=lambda rule: bool(path) and rule.identity.span.path == display(path)
        )
    if ruleset.is_broken(name):
        raise TridentError("TRI108", f"the rule {name!r} could not be loaded")
    raise unknown("TRI521", "rule", name, [rule.identity.slug for rule in ruleset.rules])
