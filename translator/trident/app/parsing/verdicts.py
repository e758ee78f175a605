"""The queries that their parsers had nothing against, by content, in one file of digests.

A digest is of the query, what it may name and the parser with its version, so a line that is
there is right. Rejected queries are not kept: they are few, and their messages are the parser's.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from trident.app.run.cache import make_folder

FILE = "checked.digests"

MAX_BYTES = 20_000_000
"""How large the file may grow; then it begins anew."""


class Verdicts:
    """The digests in one folder's file, None for none; ``stamp`` stands for the parsers and their
    versions."""

    def __init__(self, folder: Path | None = None, stamp: str = "") -> None:
        self._folder = folder
        self._stamp = stamp

    def has(self, digest: str) -> bool:
        """Whether the query of a question's digest has passed before."""
        return self._line(digest) in self._known

    def add(self, digests: Collection[str]) -> None:
        """Keep the questions whose queries have passed. What cannot be written is not kept."""
        lines = [self._line(digest) for digest in digests]
        self._known.update(lines)
        if self._folder is None or not lines:
            return
        with contextlib.suppress(OSError):
            make_folder(self._folder)
            place = self._folder / FILE
            anew = place.exists() and place.stat().st_size > MAX_BYTES
            with place.open("wb" if anew else "ab", buffering=0) as stream:
                # One write: processes that write at once do not mix their lines.
                stream.write("".join(f"{line}\n" for line in lines).encode("ascii"))

    @cached_property
    def _known(self) -> set[str]:
        """The lines of the file; what is damaged is no line that anybody looks for."""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                text = (self._folder / FILE).read_bytes().decode("ascii", errors="replace")
                return set(text.split("\n"))
        return set()

    def _line(self, digest: str) -> str:
        return hashlib.sha256(f"{self._stamp} {digest}".encode()).hexdigest()
