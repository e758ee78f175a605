"""ATT&CK's techniques under the tactics that Microsoft Sentinel has."""

from __future__ import annotations

from collections.abc import Iterator

from trident.app.artifacts.metadata import Metadata, known_tactics
from trident.base.diagnostics import Severity, TridentError
from trident.result.translation import Note
from trident.rule import attack


def sentinel_tactics(technique: str) -> tuple[str, ...]:
    """Sentinel's names of the tactics that a technique (its parent, for a sub-technique) serves."""
    parent = technique.partition(".")[0]
    techniques = attack.present(parent) or attack.present(technique)
    names = (tactic_name(tactic.short) for tactic in (techniques[0].tactics if techniques else ()))
    return tuple(dict.fromkeys(name for name in names if name))


def tactic_name(short: str) -> str | None:
    """Sentinel's name of a tactic; for one that ATT&CK has made of a former one, which Sentinel
    still has, that one's. None for a tactic that Sentinel does not know."""
    for each in (short, attack.predecessor(short)):
        name = "".join(map(str.capitalize, each.split("-"))) if each else ""
        if name in known_tactics():
            return name
    return None


def left_out(said: Metadata) -> list[str]:
    """The ATT&CK tags that Sentinel has no word for."""
    unnamed = [f"attack.{tactic}" for tactic in said.tactics if tactic_name(tactic) is None]
    return [*said.unknown_tags, *unnamed]


def tactic_names(said: Metadata) -> list[str]:
    """The rule's own tactics as Sentinel names them, each once."""
    return list(dict.fromkeys(filter(None, map(tactic_name, said.tactics))))


def listed_tactics(said: Metadata) -> tuple[list[str], list[Note]]:
    """The rule's tactics in Sentinel's names and those that its techniques serve besides, which
    the Azure-Sentinel repository's validator wants listed; a note for each of the latter."""
    listed, notes = tactic_names(said), []
    for technique in said.techniques:
        for tactic in sentinel_tactics(technique):
            if tactic not in listed:
                listed.append(tactic)
                notes.append(Note.of("TRI713", tactic=tactic, technique=technique))
    return listed, notes


def unknown_techniques(said: Metadata) -> Iterator[TridentError]:
    """A warning for each technique that ATT&CK does not have, or none of whose tactics Sentinel."""
    for technique in said.techniques:
        if not sentinel_tactics(technique):
            yield TridentError(
                "TRI714",
                f"{technique} is left out of the rule's techniques",
                severity=Severity.WARNING,
            )
