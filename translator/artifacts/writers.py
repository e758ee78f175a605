"""Which artifacts each profile's rules become, and what its SIEM wants in every result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from translator.artifacts import sentinel
from translator.artifacts.deployment import Writer


@dataclass(frozen=True, slots=True)
class Kind:
    """The writers of a target or of one of its profiles; ``required`` are the Sigma fields that
    the SIEM asks of every result."""

    writers: Sequence[Writer]
    required: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "kql/sentinel": Kind((sentinel.hunting_queries,)),
}
"""By ``target/profile``, or by ``target`` for all profiles of it."""


def kind_of(target: str, profile: str) -> Kind:
    """The artifacts of a profile; none for one that no SIEM imports."""
    return KINDS.get(f"{target}/{profile}", KINDS.get(target, Kind(())))
