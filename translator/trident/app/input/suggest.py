"""Names that nobody knows: the error says which known one is nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from trident.base.diagnostics import TridentError


def unknown(code: str, what: str, name: object, known: Iterable[str]) -> TridentError:
    """The error ``code`` for a ``name`` that is not one of ``known``; YAML has names that are no
    texts."""
    by_folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.5)
    listed = ", ".join(by_folded.values()) or "none"
    hint = f"did you mean {by_folded[near[0]]}?" if near else f"known: {listed}"
    return TridentError(code, f"unknown {what} {name!r}", hint=hint)
