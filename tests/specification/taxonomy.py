"""The taxonomy's log sources and fields, and which profiles of each target have them.

What a profile has is its mapping's data (``backends/trident/<target>/fields``) and grows with it,
so the rows here name the log sources and fields only; the page shows what each profile makes of
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from tests.specification.rows import HERE
from tests.support.targets import SHIPPED
from trident.base.diagnostics import TridentError
from trident.mapping.profiles import Profile, load_profiles
from trident.mapping.resolver import resolve, resolve_source
from trident.rule.plan import LogSource

Cells = Mapping[str, Mapping[str, str]]
"""By target: by profile, the code of the refusal, or "" where the profile has it."""


@cache
def taxonomy() -> Mapping[str, Any]:
    """``taxonomy.yml``."""
    data: Mapping[str, Any] = yaml.safe_load((HERE / "taxonomy.yml").read_text("utf-8"))
    return data


def log_sources() -> Iterator[tuple[str, LogSource, Cells]]:
    """Each log source with its section and what the profiles make of it."""
    for section, listed in taxonomy()["sources"].items():
        for written in listed:
            yield section, _source(written), _cells(_source(written))


def fields() -> Iterator[tuple[LogSource, str, Cells]]:
    """Each field with its log source and what the profiles make of it."""
    for written, names in taxonomy()["fields"].items():
        for name in names:
            yield _source(written), name, _cells(_source(written), name)


def shown(cells: Mapping[str, str]) -> str:
    """A target's cell: the profiles that have it, or the refusal of all."""
    having = [profile for profile, code in cells.items() if not code]
    return ", ".join(having) or ", ".join(dict.fromkeys(cells.values()))


def _source(written: str) -> LogSource:
    parts: Sequence[str | None] = [None if part == "-" else part for part in written.split()]
    return LogSource(*parts)


def _cells(source: LogSource, field: str = "") -> Cells:
    return {
        target: {
            name: _code(source, field, profile) for name, profile in load_profiles(target).items()
        }
        for target in SHIPPED
    }


def _code(source: LogSource, field: str, profile: Profile) -> str:
    try:
        if field:
            resolve(source, field, profile)
        else:
            resolve_source(source, profile)
    except TridentError as error:
        return error.diagnostic.code
    return ""
