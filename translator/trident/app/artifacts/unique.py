"""Proof that nothing of a build takes another's place: every id, name and path is one thing's.

A SIEM that is given two things of one name keeps the one that came last, and a file system that
ignores case or Unicode's forms does so with files.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trident.base.diagnostics import Diagnostic, TridentError
from trident.rule.plan import Identity


@dataclass(frozen=True, slots=True)
class Claim:
    """A rule's claim to a name: ``what`` says of which things in which place the name is one's
    alone (``rule_id in Elastic``)."""

    what: str
    name: str
    rule: Identity


def folded(name: str) -> str:
    """What names have in common that some system takes for one: case, Unicode's forms of one
    character (NFKC), blanks, and characters that show nothing.

    Unicode Standard Annex 15 and section 3.13 of the standard (caseless matching, D146: fold,
    normalize, and both again).
    """
    shown = "".join(char for char in name if unicodedata.category(char) != "Cf")
    for _ in range(2):
        shown = unicodedata.normalize("NFKC", shown).casefold()
    return " ".join(shown.split())


def clashes(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Diagnostic]]:
    """Each claim to a name that another has claimed, with the error that says both places."""
    first: dict[tuple[str, str], Claim] = {}
    for claim in claims:
        holder = first.setdefault((claim.what, folded(claim.name)), claim)
        if holder is not claim:
            same = "" if holder.name == claim.name else f" (there written {holder.name!r})"
            message = (
                f"{claim.what}: {claim.name!r} is also that of {holder.rule.slug!r}, at "
                f"{holder.rule.span}{same}"
            )
            yield claim, TridentError("TRI535", message, span=claim.rule.span).diagnostic
