"""MITRE ATT&CK as rules name it: tactics and techniques, from the versioned table ``attack.yml``.

Enterprise and ICS share short names (``persistence``) but not ids, so a tactic belongs to a domain;
a technique's id tells its domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from trident.base.data import shipped

ENTERPRISE, ICS = "enterprise", "ics"
DOMAINS = (ENTERPRISE, ICS)

NAMESPACE = "attack"
"""The namespace of Sigma tags that name ATT&CK objects: ``attack.t1059``."""


@dataclass(frozen=True, slots=True)
class Tactic:
    """A tactic: short name as in a tag (``lateral-movement``), id (``TA0008``), name."""

    short: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique or sub-technique (``T1059.001``) and the tactics that it serves."""

    id: str
    name: str
    tactics: tuple[Tactic, ...]
    domain: str = ENTERPRISE

    @property
    def parent(self) -> str:
        """The id of the technique that this is a sub-technique of; its own for a technique."""
        return self.id.partition(".")[0]


def version() -> str:
    """Which releases of ATT&CK the table holds."""
    return str(_table()["version"])


@cache
def tactics(domain: str = ENTERPRISE) -> Mapping[str, Tactic]:
    """The tactics of a domain by short name, in the order of its matrix."""
    return {
        short: Tactic(short, id_, name)
        for short, (id_, name) in _table()[domain]["tactics"].items()
    }


@cache
def techniques() -> Mapping[str, Technique]:
    """The techniques and sub-techniques of all domains by id."""
    return {
        id_: Technique(id_, name, tuple(tactics(domain)[short] for short in shorts), domain)
        for domain in DOMAINS
        for id_, (name, *shorts) in _table()[domain]["techniques"].items()
    }


def tactic(short: str) -> Tactic | None:
    """The tactic of that short name, Enterprise before ICS; None for one that is not there."""
    return next((tactics(domain)[short] for domain in DOMAINS if short in tactics(domain)), None)


def technique(id_: str) -> Technique | None:
    """The technique of that id (any case); None for one that is not there."""
    return techniques().get(id_.upper())


def successors(name: str) -> tuple[str, ...]:
    """What a former tactic's short name or technique's id became; () for one that is no former."""
    replaced = _table()["replaced"]
    if name in replaced["tactics"]:
        return tuple(replaced["tactics"][name])
    replacement = replaced["techniques"].get(name.upper())
    return (replacement,) if replacement else ()


def predecessor(short: str) -> str | None:
    """The short name of the former tactic that a tactic came from, such as defense-evasion."""
    former: Mapping[str, list[str]] = _table()["replaced"]["tactics"]
    return next((old for old, new in former.items() if short in new), None)


def present(id_: str) -> tuple[Technique, ...]:
    """The technique of that id, or those that a former one became; () for one that never was."""
    names = (id_,) if technique(id_) else successors(id_)
    return tuple(known for name in names if (known := technique(name)))


def withdrawn(id_: str) -> bool:
    """Whether ATT&CK has deprecated a technique without giving a successor."""
    return id_.upper() in _table()["withdrawn"]


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = shipped("trident.rule", "attack.yml")
    return table
