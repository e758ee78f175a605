"""File names from rule names that anybody may have written."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

MAX_LENGTH = 100
"""Bytes of a file's stem: suffixes and companions' names still fit the usual limit of 255."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
# Names that Windows reserves whatever extension follows:
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)

Key = TypeVar("Key", bound=Hashable)


def safe_name(name: str) -> str:
    """A file name stem from any text: ASCII letters, digits, ``_-``, on every file system a
    plain name; never empty, never a path, without the dot that parts the extension."""
    stem = _UNSAFE.sub("_", name).strip("_-") or "rule"
    if is_reserved(stem):
        stem = f"{stem}_"
    if len(stem) > MAX_LENGTH:
        stem = f"{stem[: MAX_LENGTH - 9]}-{_digest(name)}"
    return stem


def safe_names(names: Mapping[Key, str]) -> dict[Key, str]:
    """A distinct file name stem for each key, whatever order they come in.

    Stems that differ in case alone are one name on some file systems: each of them gets a
    digest of its own text. Equal texts keep the order of the mapping.
    """
    stems = {key: safe_name(name) for key, name in names.items()}
    count = Counter(stem.casefold() for stem in stems.values())
    for key, stem in stems.items():
        if count[stem.casefold()] > 1:
            stems[key] = f"{stem}-{_digest(names[key])}"
    seen: Counter[str] = Counter()
    for key, stem in stems.items():
        seen[stem.casefold()] += 1
        if seen[stem.casefold()] > 1:
            stems[key] = f"{stem}-{seen[stem.casefold()]}"
    return stems


def is_reserved(stem: str) -> bool:
    """Whether some file system has no file of that name, whatever its extension."""
    return _RESERVED.fullmatch(stem) is not None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
