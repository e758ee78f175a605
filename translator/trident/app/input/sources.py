"""The rule files of a run: found, read once, kept with their SHA-256.

Nothing here needs pySigma or YAML, so a run whose result is cached imports neither.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from trident.base.diagnostics import Diagnostic, Span, TridentError

MAX_BYTES = 10_000_000
"""The largest rule file that is read."""

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
        TridentError: TRI001 unreadable or not UTF-8, TRI006 too large.
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
    """The name of an input in diagnostics and JSON."""
    return "<stdin>" if file == STDIN else PurePath(file).as_posix()


def find_config(start: Path) -> Path | None:
    """The nearest ``trident.yml`` in ``start`` or a folder above it."""
    start = start.absolute()
    return next(
        (path for folder in (start, *start.parents) if (path := folder / CONFIG).is_file()), None
    )


def _files(paths: Iterable[str], named_filters: bool) -> Iterator[tuple[str, str]]:
    """Each file with its name in diagnostics."""
    for path in paths:
        if path == STDIN:
            yield path, display(path)
        elif Path(path).is_dir():
            yield from _walk(path, display(path), (os.path.realpath(path),))
        else:
            yield path, display(path)
            beside = Path(path).parent / FILTERS
            if named_filters and beside.is_dir():
                yield from _walk(str(beside), display(str(beside)), (os.path.realpath(beside),))


def _walk(folder: str, name: str, real: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The rule files below ``folder``, sorted; hidden ones and symlinks to a folder above are
    left out. ``real`` are the true paths of the folders down to this one."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder, name  # reading it as a file reports why it cannot be read
        return
    within = "" if name == "." else f"{name.rstrip('/')}/"
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if _is(entry.is_dir):
            true = os.path.join(real[-1], entry.name)  # noqa: PTH118 - a Path is slow to make
            if entry.is_symlink():
                true = os.path.realpath(entry.path)
            if true not in real:
                yield from _walk(entry.path, within + entry.name, (*real, true))
        elif _is_rule_file(entry.name) and (_is(entry.is_file) or not Path(entry.path).exists()):
            # A dangling link is reported when it is read, a pipe left out.
            yield entry.path, within + entry.name


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
    try:
        if file == STDIN:
            if (-1, 0) in seen:
                return None
            seen.add((-1, 0))
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(file, "rb") as stream:  # noqa: PTH123 - a Path a file is a third of the time
                status = os.fstat(stream.fileno())
                if (status.st_dev, status.st_ino) in seen:
                    return None
                seen.add((status.st_dev, status.st_ino))
                # A buffer of the file's size; special files and growing ones have more than that.
                size = min(status.st_size, MAX_BYTES) if stat.S_ISREG(status.st_mode) else 0
                content = stream.read(size + 1)
                if len(content) > size:
                    content += stream.read(MAX_BYTES + 1 - len(content))
    except OSError as error:
        span = Span(display(file))
        raise TridentError("TRI001", error.strerror or str(error), span=span) from error
    if len(content) > MAX_BYTES:
        raise TridentError("TRI006", f"larger than {MAX_BYTES:,} bytes", span=Span(display(file)))
    return content
