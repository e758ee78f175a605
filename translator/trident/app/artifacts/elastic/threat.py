"""ATT&CK tactics and techniques as Elastic's ``threat``; names and ids: ``rule/attack``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trident.rule import attack
from trident.rule.attack import Tactic, Technique

FRAMEWORK = "MITRE ATT&CK"
_SITE = "https://attack.mitre.org"


def threat(tactics: Iterable[str], techniques: Iterable[str]) -> tuple[list[Any], list[str]]:
    """Each tactic with its techniques below it, and the names that ATT&CK does not have.

    A technique stands below those of the rule's tactics that it serves, or, where it serves none of
    them, below all its own. A former name stands for what it became: a tactic that ATT&CK has split
    for the parts that the techniques serve, or all of them without any.
    """
    unknown: list[str] = []
    known = [t for id_ in techniques for t in _techniques(id_, unknown)]
    named: list[Tactic] = []
    for short in tactics:
        parts = _tactics(short, unknown)
        served = [part for part in parts if any(part in t.tactics for t in known)]
        named += served or parts
    for technique in known:
        if not any(tactic in named for tactic in technique.tactics):
            named += technique.tactics
    return [
        _entry(tactic, [t for t in known if tactic in t.tactics]) for tactic in dict.fromkeys(named)
    ], unknown


def _tactics(short: str, unknown: list[str]) -> list[Tactic]:
    names = (short,) if attack.tactic(short) else attack.successors(short)
    tactics = [tactic for name in names if (tactic := attack.tactic(name))]
    if not tactics:
        unknown.append(short)
    return tactics


def _techniques(id_: str, unknown: list[str]) -> list[Technique]:
    present = attack.present(id_)
    if not present:
        unknown.append(id_)
    return list(present)


def _entry(tactic: Tactic, techniques: Sequence[Technique]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "framework": FRAMEWORK,
        "tactic": {
            "id": tactic.id,
            "name": tactic.name,
            "reference": f"{_SITE}/tactics/{tactic.id}/",
        },
    }
    below = [
        _technique(parent, [t for t in techniques if t.parent == parent and t.id != parent])
        for parent in dict.fromkeys(technique.parent for technique in techniques)
    ]
    return {**entry, "technique": below} if below else entry


def _technique(id_: str, parts: Sequence[Technique]) -> dict[str, Any]:
    technique = attack.technique(id_)
    assert technique is not None, id_
    entry: dict[str, Any] = _named(technique)
    return {**entry, "subtechnique": list(map(_named, parts))} if parts else entry


def _named(technique: Technique) -> dict[str, Any]:
    path = technique.id.replace(".", "/")
    reference = f"{_SITE}/techniques/{path}/"
    return {"id": technique.id, "name": technique.name, "reference": reference}
