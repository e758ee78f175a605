"""The site that a query with names passed through (``--unmapped keep``) is written for."""

from __future__ import annotations

from dataclasses import replace

from trident.mapping.binding import BoundSearch, bind_accepted, bound_searches
from trident.mapping.profiles import Column, Profile
from trident.rule.plan import LogSource, Plan


def site(plan: Plan, profile: Profile) -> Profile:
    """The profile with every field and log source that it only passes through, as if mapped.

    Raises:
        Refusal: as ``bind``.
    """
    searches = list(bound_searches(bind_accepted(plan, profile)))
    if not profile.keep or not any(map(_kept, searches)):
        return profile
    kept: dict[LogSource, dict[str, Column]] = {}
    columns: dict[str, dict[str, str]] = {}
    for search in searches:
        kept_columns = _kept(search)
        kept.setdefault(search.source.logsource, {}).update(kept_columns)
        own = {column.name: column.type for column in kept_columns.values()}
        columns.setdefault(search.source.table.name, {}).update(own)
    passed = {search.source.logsource: search.source for search in searches if search.source.kept}
    sources = []
    for source in (*profile.sources, *passed.values()):
        further = columns.get(source.table.name, {})
        table = replace(source.table, columns={**source.table.columns, **further})
        fields = {**source.fields, **kept.get(source.logsource, {})}
        sources.append(replace(source, table=table, fields=fields))
    # What a macro that nobody defines yet will look for.
    macros = {each.table.name: f'sourcetype="{each.table.name}"' for each in passed.values()}
    definitions = {**profile.settings.get("definitions", {}), **macros}
    settings = {**profile.settings, "definitions": definitions}
    return replace(profile, sources=tuple(sources), settings=settings)


def _kept(search: BoundSearch) -> dict[str, Column]:
    return {name: column for name, column in search.columns.items() if column.kept}
