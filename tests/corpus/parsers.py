"""The independent parsers, each behind one signature; an absent package leaves its target out."""

from __future__ import annotations

from tests.corpus.measure import Parse
from trident.app.parsing.checkers import Checker, checker, missing
from trident.mapping.profiles import Profile
from trident.rule.plan import Search
from trident.target import registry


def parsers() -> dict[str, Parse]:
    """The parser of each target whose packages are installed."""
    return {
        name: _parse(own)
        for name in registry.names()
        if (own := checker(name)) is not None and not missing(name)
    }


def _parse(own: Checker) -> Parse:
    def parse(query: str, plan: Search, profile: Profile) -> str | None:
        return own.problem(query, own.names(plan, profile))

    return parse
