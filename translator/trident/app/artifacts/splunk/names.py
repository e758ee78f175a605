"""Names of searches, from titles that anybody may have written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from trident.app.run.naming import is_reserved


def stanza(label: str, name: str) -> str:
    """A search's name in savedsearches.conf, as contentctl forms it."""
    return f"{label} - {name} - Rule"


def names(titles: Sequence[tuple[str, str]]) -> list[str]:
    """A distinct search name for each (title, id): ASCII letters, digits, blanks, ``_-.``.

    contentctl makes file and macro names of it, so names that it would make one, or one that a
    file system keeps for itself, get the start of the id. A title without such characters gets
    the id.
    """
    plain = [_plain(title) or identifier for title, identifier in titles]
    stems = [file_stem(name) for name in plain]
    count = Counter(stems)
    return [
        f"{name} {identifier[:8]}" if count[stem] > 1 or is_reserved(stem) else name
        for name, stem, (_, identifier) in zip(plain, stems, titles, strict=True)
    ]


def file_stem(name: str) -> str:
    """The file name without extension that contentctl asks for (contentNameToFileName)."""
    return re.sub(r"[ ./-]", "_", name).lower()


def _plain(title: str) -> str:
    without = re.sub(r"['\u2019]", "", title)
    return " ".join(re.sub(r"[^A-Za-z0-9_. -]+", " ", without).split()).strip("-. ")
