"""Results of whole runs by what they were made from: content, never time stamps.

A key is the SHA-256 of everything that a result depends on, the tool's own source included, so
an entry is right or not there. An entry is one file: a line of JSON with the name, length and
SHA-256 of each value, and the values. Nothing in it is ever executed. What cannot be read or
written is as good as not there.
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

FOLDER = ".trident_cache"
"""The cache's folder, beside ``trident.yml`` or in the current folder."""

ENVIRONMENT = "TRIDENT_CACHE_DIR"
"""The environment variable that names another folder."""

MAX_BYTES = 200_000_000
"""How much a cache holds; the entries that were not used for longest go first."""

_SUFFIX, _UNFINISHED = ".entry", ".unfinished"
_HOUR = 3600
_DAMAGED = (ValueError, LookupError, TypeError, OverflowError, MemoryError, RecursionError)
_FORMAT = 1
_HEAD_BYTES = 10_000


class Cache:
    """The entries in one folder, which is made when the first is put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> dict[str, bytes] | None:
        """The values that were put under ``key``; None where they are not there, whole and as
        they were put."""
        place = self._place(key)
        try:
            with place.open("rb") as stream:
                head = json.loads(stream.readline(_HEAD_BYTES))
                values = {
                    str(name): _checked(stream.read(length), digest)
                    for name, length, digest in head["values"]
                }
                if head["format"] != _FORMAT or head["key"] != key or stream.read(1):
                    return None
            os.utime(place)
        except (OSError, *_DAMAGED):
            return None
        return values

    def put(self, key: str, values: Mapping[str, bytes]) -> None:
        """Keep ``values`` under ``key``; an entry larger than the whole cache may be is not."""
        if sum(map(len, values.values())) > MAX_BYTES:
            return
        listed = [
            (name, len(value), hashlib.sha256(value).hexdigest()) for name, value in values.items()
        ]
        head = json.dumps({"format": _FORMAT, "key": key, "values": listed})
        try:
            make_folder(self.folder)
            beside = self.folder / f"{key}-{os.getpid()}-{time.time_ns()}{_UNFINISHED}"
            try:
                with beside.open("xb") as stream:
                    stream.write(f"{head}\n".encode())
                    stream.writelines(values.values())
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


def make_folder(folder: Path) -> None:
    """Make a cache's folder, which git ignores.

    Raises:
        OSError: where it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("# Trident's cache; safe to delete.\n*\n", encoding="utf-8")


def cache_folder(chosen: Path | None, config: Path | None) -> Path:
    """The folder of the cache: chosen, that of the environment, beside the given ``trident.yml``,
    or in the current folder."""
    if chosen is None and (named := os.environ.get(ENVIRONMENT)):
        return Path(named)
    return chosen or (config.parent if config else Path()) / FOLDER


def key(parts: Iterable[Any]) -> str:
    """The key of a run of this tool on this Python: ``parts`` are its options and inputs, as
    values that JSON can write."""
    text = json.dumps([sys.version, *_installed(), *_own_source(), *parts])
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(content: bytes, digest: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError("damaged")
    return content


def _installed() -> Iterator[str]:
    """Every installed distribution with its version, as its folder's name has both."""
    for folder in sys.path:
        with contextlib.suppress(OSError):
            yield from sorted(entry.name for entry in Path(folder).glob("*.dist-info"))


def _own_source() -> Iterator[tuple[str, str]]:
    """Every file of the tool with its SHA-256, the data files included."""
    for package in trident.__path__:  # a namespace: one folder installed, a folder a root here
        for folder, folders, files in os.walk(package):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(files):
                with open(f"{folder}/{name}", "rb") as stream:  # noqa: PTH123 - hundreds of files
                    yield f"{folder}/{name}", hashlib.sha256(stream.read()).hexdigest()
