"""Results of whole runs by what they were made from: content, never time stamps.

A key is the SHA-256 of everything that a result depends on, the tool's own source included, so
an entry is right or not there. An entry is one file: its seal, a line of JSON with the name and
length of each value, and the values. Nothing in it is read before the seal is, and nothing is
ever executed. What cannot be read or written is as good as not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import trident
from trident.app.files.kept import Seal, make_seal, seal
from trident.app.files.reading import content
from trident.app.files.writing import open_new

MAX_BYTES = 200_000_000
"""How much a cache holds; the entries that were not used for longest go first."""

_SUFFIX, _UNFINISHED = ".entry", ".unfinished"
_HOUR = 3600
_FORMAT = b"trident result 2"
_HEAD_BYTES = 10_000
_GROUP = b"trident.targets"
# What pySigma's behaviour may depend on besides its version (sigma/processing/transformations).
_VARIABLES = "PYSIGMA_"


class Cache:
    """The entries in one folder, which is made when the first is put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> dict[str, bytes] | None:
        """The values that were put under ``key``; None where they are not there, whole and as
        they were put."""
        own = seal(self.folder)
        if own is None:
            return None
        place = self._place(key)
        entry = content(place, MAX_BYTES + _HEAD_BYTES, follow=False)
        values = _opened(entry, key, own) if entry else None
        if values is not None:
            with contextlib.suppress(OSError):
                os.utime(place)
        return values

    def put(self, key: str, values: Mapping[str, bytes]) -> None:
        """Keep ``values`` under ``key``; an entry larger than the whole cache may be is not."""
        if sum(map(len, values.values())) > MAX_BYTES:
            return
        listed = [(name, len(value)) for name, value in values.items()]
        head = json.dumps({"values": listed}).encode()
        body = b"\n".join((head, b"".join(values.values())))
        try:
            proof = make_seal(self.folder).of(_FORMAT, key.encode(), body)
            beside = self.folder / f"{key}-{os.getpid()}-{time.time_ns()}{_UNFINISHED}"
            try:
                with open_new(beside, 0o600) as stream:
                    stream.writelines((proof, b"\n", body))
                beside.replace(self._place(key))
            finally:
                beside.unlink(missing_ok=True)
            self._evict()
        except OSError:
            return

    def _place(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _evict(self) -> None:
        entries = sorted(
            ((entry.stat(), entry) for entry in self.folder.glob(f"*{_SUFFIX}")),
            key=lambda each: each[0].st_mtime_ns,
            reverse=True,
        )
        held = 0
        for left in self.folder.glob(f"*{_UNFINISHED}"):
            with contextlib.suppress(OSError):  # by a run that was killed, or still at work
                if left.stat().st_mtime < time.time() - _HOUR:
                    left.unlink()
        for status, entry in entries:
            held += status.st_size
            if held > MAX_BYTES:
                with contextlib.suppress(OSError):
                    entry.unlink()


def _opened(entry: bytes, key: str, own: Seal) -> dict[str, bytes] | None:
    """The values of an entry; None for one that is not sealed as that of ``key``."""
    proof, _, body = entry.partition(b"\n")
    if not own.holds(proof, _FORMAT, key.encode(), body):
        return None
    head, _, rest = body.partition(b"\n")
    values, start = {}, 0
    for name, length in json.loads(head)["values"]:
        values[name] = rest[start : start + length]
        start += length
    return values


def key(parts: Iterable[Any]) -> str:
    """The key of a run of this tool on this Python: ``parts`` are its options and inputs, as
    values that JSON can write."""
    text = json.dumps([*_python(), *_installed(), *_own_source(), *_plugins(), *parts])
    return hashlib.sha256(text.encode()).hexdigest()


def _python() -> Iterator[Any]:
    """The interpreter, where it looks for packages, and what pySigma reads of the environment."""
    yield from (sys.version, sys.platform, list(sys.flags), sys.path)
    yield sorted(item for item in os.environ.items() if item[0].startswith(_VARIABLES))


def _installed() -> Iterator[str]:
    """Every installed distribution with its version, as its folder's name has both."""
    for folder in sys.path:
        for pattern in ("*.dist-info", "*.egg-info"):
            with contextlib.suppress(OSError):
                yield from sorted(entry.name for entry in Path(folder).glob(pattern))


def _own_source() -> Iterator[tuple[str, str]]:
    """Every file of the tool with its SHA-256, the data files included."""
    for package in trident.__path__:  # a namespace: one folder installed, a folder a root here
        yield from _files(package)


def _plugins() -> Iterator[tuple[str, str]]:
    """Every file of the packages that bring a target, whose source may change in its place."""
    infos = (info for folder in sys.path for info in Path(folder).glob("*.dist-info"))
    if not any(_GROUP in (content(info / "entry_points.txt") or b"") for info in infos):
        return
    from importlib.metadata import entry_points  # here, as few have any and it takes long
    from importlib.util import find_spec

    points = entry_points(group=_GROUP.decode())
    for package in sorted({point.module.partition(".")[0] for point in points}):
        spec = find_spec(package)
        folders = (spec.submodule_search_locations or ()) if spec else ()
        for folder in folders:
            yield from _files(folder)
        if spec and spec.origin and not folders:
            yield spec.origin, _digest(spec.origin)


def _files(package: str) -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk(package):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            yield f"{folder}/{name}", _digest(f"{folder}/{name}")


def _digest(file: str) -> str:
    return hashlib.sha256(content(file, MAX_BYTES) or b"").hexdigest()
