"""``trident build --diff``: what would change in the output folder, as a unified diff.

``patch -p1`` and ``git apply``, run in the folder, make of it what a build would.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from trident.app.build.tree import held, owned
from trident.base.printable import printable

_NOWHERE = "/dev/null"
_UNFINISHED = "\n\\ No newline at end of file\n"


def unified_diff(files: Mapping[str, bytes], folder: Path) -> Iterator[str]:
    """The diff of each file that a build of ``files`` makes, changes or removes, by path; a file
    that is no UTF-8 text is only named."""
    for path in sorted(files.keys() | owned(folder)):
        old, new = held(folder, path), files.get(path)
        if old != new:
            yield from _of(printable(path), old, new)


def _of(path: str, old: bytes | None, new: bytes | None) -> Iterator[str]:
    before = _NOWHERE if old is None else f"a/{path}"
    after = _NOWHERE if new is None else f"b/{path}"
    old_lines, new_lines = _lines(old), _lines(new)
    if old_lines is None or new_lines is None:
        yield f"Binary files {before} and {after} differ\n"
        return
    # A name with a space in it ends at a tab, for patch and git alike.
    end = "\t\n" if " " in path else "\n"
    yield f"--- {before}{end}+++ {after}{end}"
    for number, line in enumerate(difflib.unified_diff(old_lines, new_lines)):
        if number >= 2:  # difflib's own two lines of names are left out where nothing is in them
            yield line if line.endswith("\n") else line + _UNFINISHED


def _lines(content: bytes | None) -> list[str] | None:
    """Lines with their ends, a line ending at a line feed alone; None for what is no text."""
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])
