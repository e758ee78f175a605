"""Which mappings were seen in real events: a target's ``seen.yml``, made by tests/mapping.

The file says per profile, log source and source code of field_sources.yml which Sigma field was
read from which native field. A mapping that has changed since is no longer the one that was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from trident.base.data import shipped
from trident.mapping.profiles import Column, Profile, Source
from trident.target import registry

SEEN = "seen"
"""The confidence of a mapping that real events show."""


def with_evidence(column: Column, name: str, source: Source, profile: Profile) -> Column:
    """The column with confidence ``seen`` and its evidence among the sources, if it was seen."""
    fields = seen(profile.target).get(profile.name, {}).get(str(source.logsource), {})
    codes = [code for code, names in fields.items() if names.get(name) == native_name(column)]
    if not codes:
        return column
    return replace(column, confidence=SEEN, sources=" ".join([column.sources, *codes]).strip())


def native_name(column: Column) -> str:
    """A column's name in a record, with the column that holds it."""
    return f"{column.container}.{column.name}".strip(".")


@cache
def seen(target: str) -> Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]:
    """Profile -> log source -> source code -> Sigma field -> native field."""
    head: Mapping[str, Any] = shipped(registry.target(target).package, "profiles.yml")
    if "data" in head:
        return seen(str(head["data"]))
    try:
        return dict(shipped(registry.target(target).package, "seen.yml") or {})
    except FileNotFoundError:
        return {}  # another package's target
