"""Versions of Elasticsearch: which ES|QL the profile's stack has (its setting ``stack``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from trident.base.diagnostics import Refusal
from trident.esql import syntax
from trident.mapping.profiles import Profile

Version = tuple[int, int]

OLDEST: Version = (8, 19)
"""The first version with a list of patterns after LIKE, beside 9.1."""

_LACKING: Version = (9, 0)
"""9.0 came out before 8.19 and lacks what 8.19 has."""

# Elastic's pages on the commands, "applies to": INLINE STATS is a preview in 9.2; FORK's branches
# had an implicit LIMIT before 9.4 (https://github.com/elastic/elasticsearch/pull/145429).
_NEEDS: Mapping[str, Version] = {"INLINE STATS": (9, 3), "FORK": (9, 4)}

_MV_CONTAINS: Version = (9, 2)


@dataclass(frozen=True, slots=True)
class Stack:
    """One version: major and minor."""

    version: Version

    @classmethod
    def of(cls, profile: Profile) -> Stack:
        """The stack that a profile names.

        Raises:
            Refusal: TRI370 for a version that is too old, or none.
        """
        named = str(profile.settings["stack"])
        version_text = re.fullmatch(r"(\d+)\.(\d+)(\.\d+)?", named)
        version = (int(version_text[1]), int(version_text[2])) if version_text else (0, 0)
        if version < OLDEST or version == _LACKING:
            raise Refusal("TRI370", f"Elastic {named} lacks ES|QL that every query uses")
        return cls(version)

    def require(self, command: str, why: str) -> None:
        """Make sure that the stack has a command.

        Raises:
            Refusal: TRI370, with the version that has it.
        """
        needed = _NEEDS[command]
        if self.version < needed:
            raise Refusal(
                "TRI370",
                f"{why} needs {command}, which Elastic {_text(needed)} has; the profile's stack is "
                f"{_text(self.version)}",
            )

    def contains(self, field: str, value: str) -> str:
        """The test that one of a field's values is ``value``; ``==`` on several is null."""
        if self.version >= _MV_CONTAINS:
            return f"MV_CONTAINS({field}, {syntax.literal(value)})"
        return f'CONCAT(",", MV_CONCAT({field}, ","), ",") LIKE {syntax.literal(f"*,{value},*")}'


def _text(version: Version) -> str:
    return ".".join(map(str, version))
