"""The rule files of a run: found, read once, kept with their SHA-256.

Nothing here needs pySigma or YAML, so a run whose result is cached imports neither.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from trident.app.files.reading import MAX_BYTES, failure, opened, whole
from trident.base.diagnostics import Diagnostic, Span, TridentError

STDIN = "-"
FILTERS = "filters"
"""The name of a folder whose documents are filters, each off until switched on by name."""

CONFIG = "trident.yml"

_SUFFIXES = (".yml", ".yaml")
_NOT_RULES = (CONFIG, "trident.yaml")
_EVENTS = (".events.yml", ".events.yaml")


@dataclass(frozen=True, slots=True)
class Source:
    """One input: its name in diagnostics, its bytes and their SHA-256, or why it was not read."""

    name: str
    content: bytes = b""
    digest: str = ""
    error: Diagnostic | None = None
    only_filters: bool = field(default=False, kw_only=True)
    """Whether it stands in a folder called ``filters``."""


def read_sources(paths: Iterable[str], *, named_filters: bool = False) -> list[Source]:
    """Read rule files, folders (``*.yml``, ``*.yaml`` at any depth) and standard input (``-``),
    each file once however often it is named.

    With ``named_filters`` the ``filters`` folder beside a given file is read too, so that a
    filter can be switched on for it.
    """
    seen: set[tuple[int, int]] = set()
    sources = []
    for file, name in _files(paths, named_filters):
        try:
            content = _read(file, seen)
        except TridentError as error:
            sources.append(Source(name, error=error.diagnostic))
            continue
        if content is not None:
            digest = hashlib.sha256(content).hexdigest()
            only_filters = name.split("/")[-2:-1] == [FILTERS]
            sources.append(Source(name, content, digest, only_filters=only_filters))
    return sources


def read_text(file: str) -> str:
    """The text of one file.

    Raises:
        TridentError: TRI001 unreadable or not UTF-8, TRI006 too large, TRI008 no regular file.
    """
    return decoded(_read(file, set()) or b"", display(file))


def decoded(content: bytes, name: str) -> str:
    """The text of the file called ``name``.

    Raises:
        TridentError: TRI001 when it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        raise TridentError(
            "TRI001",
            f"not UTF-8: byte 0x{content[error.start]:02X}",
            span=Span(name, len(before), len(before[-1]) + 1),
        ) from error


def display(file: str) -> str:
    """The name of an input in diagnostics and JSON; bytes in it that are no UTF-8 are escaped."""
    return "<stdin>" if file == STDIN else _escaped(PurePath(file).as_posix())


def find_config(start: Path) -> Path | None:
    """The nearest ``trident.yml`` in ``start`` or a folder above it. One that cannot be read is
    taken, too, so that reading says so and no other one counts in its place."""
    start = start.absolute()
    return next(
        (
            path
            for folder in (start, *start.parents)
            if os.path.lexists(path := folder / CONFIG) and not os.path.isdir(path)  # noqa: PTH112
        ),
        None,
    )


def _files(paths: Iterable[str], named_filters: bool) -> Iterator[tuple[str, str]]:
    """Each file with its name in diagnostics."""
    for path in paths:
        if path == STDIN:
            yield path, display(path)
        elif os.path.isdir(path):  # noqa: PTH112 - a Path may raise for a name that is none
            yield from _walk(path, display(path))
        else:
            yield path, display(path)
            beside = str(Path(path).parent / FILTERS)
            if named_filters and os.path.isdir(beside):  # noqa: PTH112
                yield from _walk(beside, display(beside))


def _walk(top: str, name: str) -> Iterator[tuple[str, str]]:
    """The rule files below a folder, each folder's sorted; hidden ones and symlinks to a folder
    above are left out. What is called like a rule file and is none is reported when it is read.
    """
    # Of each folder its path, its name and the true paths of the folders down to it.
    left: list[tuple[str, str, tuple[str, ...] | None]] = [(top, name, (os.path.realpath(top),))]
    while left:
        path, name, real = left.pop()
        if real is None:
            yield path, name
            continue
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError:
            yield path, name  # reading it as a file reports why it cannot be read
            continue
        within = "" if name == "." else f"{name.rstrip('/')}/"
        below: list[tuple[str, str, tuple[str, ...] | None]] = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is(entry.is_dir):
                true = os.path.join(real[-1], entry.name)  # noqa: PTH118 - a Path is slow to make
                if entry.is_symlink():
                    true = os.path.realpath(entry.path)
                if true not in real:
                    below.append((entry.path, within + _escaped(entry.name), (*real, true)))
            elif _is_rule_file(entry.name):
                below.append((entry.path, within + _escaped(entry.name), None))
        left += reversed(below)


def _escaped(name: str) -> str:
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # Python's surrogates for other bytes (PEP 383)
        return False
    return True


def _is(kind: Callable[[], bool]) -> bool:
    """Whether an entry is of a kind; a link that leads to itself is of none."""
    try:
        return kind()
    except OSError:
        return False


def _is_rule_file(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.endswith(_EVENTS) and name not in _NOT_RULES


def _read(file: str, seen: set[tuple[int, int]]) -> bytes | None:
    """The bytes of a file; None for one that is in ``seen``, where every other one is put."""
    name = display(file)
    if not _is_utf8(file):
        # No JSON, XML or manifest could say which file it was.
        raise TridentError(
            "TRI001",
            "the name is not UTF-8",
            span=Span(name),
            hint="rename the file, or the folder that has this name",
        )
    if file == STDIN:
        if (-1, 0) in seen:
            return None
        seen.add((-1, 0))
        try:
            return whole(sys.stdin.buffer, MAX_BYTES)
        except OSError as error:
            raise failure(error, name) from error
    with opened(file, name) as stream:
        status = os.fstat(stream.fileno())
        if (status.st_dev, status.st_ino) in seen:
            return None
        seen.add((status.st_dev, status.st_ino))
        return whole(stream, MAX_BYTES)
