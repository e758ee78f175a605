"""Which table a log source has and which column a Sigma field: the only reader of the mapping.

A profile's data are looked through once for each log source and field that rules ask for; what
was there, and why something is not, is kept in the profile's resolver.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from trident.mapping import unmapped
from trident.mapping.profiles import Column, Profile, Source, Table
from trident.rule.plan import LogSource


@dataclass(slots=True)
class _Resolver:
    """What is known of one profile: nearest names are dear to find, and asked for again by every
    rule on a log source."""

    sources: dict[LogSource, Source] = field(default_factory=dict)
    reasons: dict[tuple[LogSource, str], unmapped.Reason] = field(default_factory=dict)
    """Why there is no table ("" as the field) or column."""


_RESOLVERS: WeakKeyDictionary[Profile, _Resolver] = WeakKeyDictionary()


def _of(profile: Profile) -> _Resolver:
    resolver = _RESOLVERS.get(profile)
    if resolver is None:
        resolver = _RESOLVERS[profile] = _Resolver()
    return resolver


def resolve_source(logsource: LogSource, profile: Profile) -> Source:
    """The mapping of a rule's log source: the most specific one that covers it.

    A mapping without a category holds no events of a category: ``product: linux`` is Linux' logs,
    not its process creations. ``Profile.missing`` goes before a mapping that does not name the
    part in question.

    Raises:
        Refusal: TRI201 when this profile has no table for the log source.
    """
    resolver = _of(profile)
    known = resolver.sources.get(logsource)
    if known is not None:
        return known
    covering = [
        source
        for source in profile.sources
        if source.logsource.covers(logsource)
        and bool(source.logsource.category) >= bool(logsource.category)
    ]
    best = max(covering, key=lambda source: source.logsource.specificity, default=None)
    reason = _missing(logsource, best, profile)
    if best is None or reason is not None:
        best = _kept_source(logsource, profile)
    if best is None:
        raise unmapped.no_table(logsource, profile, reason, resolver.reasons)
    resolver.sources[logsource] = best
    return best


def resolve(logsource: LogSource, name: str, profile: Profile) -> Column:
    """The native column of Sigma field ``name`` on ``logsource``; one row of fields.yml.

    A profile that keeps what it does not have gives such a field its own name.

    Raises:
        Refusal: TRI201 without a table, TRI202 without a column for the field.
    """
    source = resolve_source(logsource, profile)
    column = source.column(name)
    if column is None and profile.keep:
        known = name in source.table.columns
        return replace(source.table.column(name) if known else Column(name), kept=True)
    if column is None:
        raise unmapped.no_column(logsource, name, profile, source, _of(profile).reasons)
    return column


def _missing(logsource: LogSource, best: Source | None, profile: Profile) -> str | None:
    """Why the profile has no table, if it says so for a part that ``best`` does not name."""
    for part in ("service", "category", "product"):
        value = getattr(logsource, part)
        if value in profile.missing and (best is None or getattr(best.logsource, part) is None):
            return profile.missing[value]
    return None


def _kept_source(logsource: LogSource, profile: Profile) -> Source | None:
    """A log source that the profile does not have, passed through; None where it refuses it."""
    settings = unmapped.settings(logsource, profile.target) if profile.keep else None
    if settings is None:
        return None
    return Source(logsource, Table(unmapped.slug(logsource), settings, {}), {}, kept=True)
