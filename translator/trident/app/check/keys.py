"""Keys that nobody reads because they are a letter off."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from trident.app.check.conventions import conventions, warning
from trident.base.diagnostics import Diagnostic
from trident.rule.rules import Document

_CLOSE = 0.8
"""difflib's ratio of two swapped letters in a word of five: levle, tilte."""


def misspelt_keys(document: Document) -> Iterator[Diagnostic]:
    """A finding for each custom key that is close to a known one of its mapping."""
    for place, known in conventions()["keys"].items():
        path = () if place == "document" else (place,)
        mapping = document.data.get(place) if path else document.data
        for key in mapping if isinstance(mapping, Mapping) else ():
            if key in known or not isinstance(key, str):
                continue
            near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=_CLOSE)
            if near:
                yield warning(
                    "TRI600",
                    f"{key!r} is read by nobody",
                    document.at(*path, key),
                    f"did you mean {near[0]}?",
                )
