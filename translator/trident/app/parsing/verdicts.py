"""The queries that their parsers had nothing against, by content, in one file of sealed digests.

A digest is of the query, what it may name and the parser with its version, so a line that is
there is right; it is sealed, so that nobody else can have written it. Rejected queries are not
kept: they are few, and their messages are the parser's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from trident.app.files.kept import Seal, make_seal, seal
from trident.app.files.reading import content
from trident.app.files.writing import append

FILE = "checked.digests"

MAX_BYTES = 20_000_000
"""How large the file may grow; then it begins anew."""

_FORMAT = b"trident verdict 1"


class Verdicts:
    """The digests in one folder's file, None for none; ``stamp`` stands for the parsers and their
    versions."""

    def __init__(self, folder: Path | None = None, stamp: str = "") -> None:
        self._folder = folder
        self._stamp = stamp
        self._passed: set[str] = set()
        self._seal = seal(folder) if folder else None

    def has(self, digest: str) -> bool:
        """Whether the query of a question's digest has passed before."""
        return digest in self._passed or (
            self._seal is not None and self._line(digest, self._seal) in self._known
        )

    def add(self, digests: Collection[str]) -> None:
        """Keep the questions whose queries have passed. What cannot be written is not kept."""
        self._passed.update(digests)
        if self._folder is None or not digests:
            return
        with contextlib.suppress(OSError):
            own = make_seal(self._folder)
            lines = b"".join(self._line(digest, own) + b"\n" for digest in digests)
            append(self._folder / FILE, lines, MAX_BYTES)

    @cached_property
    def _known(self) -> frozenset[bytes]:
        """The lines of the file; what is damaged is no line that anybody looks for."""
        if self._folder is None:
            return frozenset()
        return frozenset((content(self._folder / FILE, 2 * MAX_BYTES, follow=False) or b"").split())

    def _line(self, digest: str, own: Seal) -> bytes:
        return own.of(_FORMAT, self._stamp.encode(), digest.encode())
