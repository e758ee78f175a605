"""How Elastic's targets reach a table: an index, and the fields that tell its events apart."""

from __future__ import annotations

from collections.abc import Iterator

from trident.mapping.profiles import Profile, Table


def index_of(table: Table, profile: Profile) -> str:
    """The index pattern of a table: the setting that it names, or that name itself."""
    named = table.settings["index"]
    return str(profile.settings.get(named, named))


def reached(table: Table, profile: Profile) -> Iterator[str]:
    """The index and the tests that find a table's events, for ``trident explain``."""
    yield f"index {index_of(table, profile)}"
    yield from (f"{column} == {value}" for column, value in table.settings["select"].items())
