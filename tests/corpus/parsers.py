"""The independent parsers, each behind one signature; an absent package leaves its target out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from tests.corpus.measure import Parse
from trident.mapping.binding import bind, bound_searches
from trident.mapping.profiles import Profile
from trident.rule.plan import Search


def parsers() -> dict[str, Parse]:
    """The parser of each target whose package is installed."""
    return {target: make() for target, (package, make) in _MADE.items() if find_spec(package)}


def _fields(plan: Search, profile: Profile) -> dict[str, str]:
    """The columns of the rule's table, and those that the rule names in it."""
    (search,) = bound_searches(bind(plan, profile))
    used = {column.name: column.type for column in search.columns.values()}
    return {profile.time: "datetime", **search.source.table.columns, **used}


def _kql() -> Parse:
    from trident.engines.kusto.engine import bind_query

    def parse(query: str, plan: Search, profile: Profile) -> str | None:
        (search,) = bound_searches(bind(plan, profile))
        table = search.source.table
        schema = {table.name: {**table.stored, profile.time: "datetime"}}
        return "; ".join(bind_query(query, schema).errors) or None

    return parse


def _spl() -> Parse:
    from trident.engines.spl.errors import SplError
    from trident.engines.spl.parser import parse as parse_search

    def parse(query: str, plan: Search, profile: Profile) -> str | None:
        try:
            parse_search(query)
        except SplError as error:
            return str(error)
        return None

    return parse


def _eql() -> Parse:
    from trident.engines.eql.engine import EqlEngine

    engine = EqlEngine()
    return lambda query, plan, profile: engine.parse(query, _fields(plan, profile))


def _esql() -> Parse:
    from trident.engines.esql import engine as esql

    def parse(query: str, plan: Search, profile: Profile) -> str | None:
        return esql.parse(query, _fields(plan, profile), str(profile.settings["stack"]))

    return parse


_MADE: Mapping[str, tuple[str, Callable[[], Parse]]] = {
    "kql": ("kustology", _kql),
    "spl": ("lark", _spl),
    "eql": ("eql", _eql),
    "esql": ("esql", _esql),
}
"""The package that a target's parser needs, and what makes the parser."""
