"""A folder of generated files that changes as a whole: entirely the old one or the new one.

The new tree is written beside the old one, takes over the files there that are not ours, and
changes places with it in one system call. What was ours is known from the manifest.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from trident.app.files.json_text import parsed
from trident.app.files.reading import content
from trident.app.files.writing import (
    beside,
    left_beside,
    open_new,
    refuse_links,
    unwritable,
)
from trident.base.diagnostics import Diagnostic, Span, TridentError

MANIFEST = "manifest.json"
"""The file that lists what is ours: its ``outputs`` map relative paths to their SHA-256."""

OUTDATED, MISSING = "out of date", "missing"
GONE = "left behind by a rule that is gone"
"""What a file of the tree can be instead of what the rules make."""

TOOL = "sigma-trident"
"""The tool that a manifest of ours names."""

MAX_BYTES = 200_000_000
"""The largest file of a tree that is read."""

# linux/fs.h and fcntl.h, for renameat2(2)
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def differences(files: Mapping[str, bytes], folder: Path) -> Iterator[Diagnostic]:
    """What keeps ``folder`` from holding exactly ``files`` and foreign files: TRI507 each."""
    for path, wanted in sorted(files.items()):
        if held(folder, path, len(wanted)) != wanted:
            exists = os.path.lexists(folder / path)
            yield _stale(OUTDATED if exists else MISSING, folder / path)
    for path in sorted(owned(folder) - set(files)):
        if os.path.lexists(folder / path):
            yield _stale(GONE, folder / path)


def replace_tree(files: Mapping[str, bytes], folder: Path) -> int:
    """Make ``folder`` hold exactly ``files`` beside its foreign files; how many have changed.

    Raises:
        TridentError: TRI503 when it cannot be written, TRI506 when a foreign file stands where
            one of ``files`` belongs or the folder is not ours, TRI511 when it is a symbolic link;
            the folder is then as it was.
    """
    refuse_links(folder)
    changed = sum(1 for _ in differences(files, folder))
    for left in left_beside(folder.resolve()):
        shutil.rmtree(left, ignore_errors=True)
    if changed:
        try:
            _replace(files, folder.resolve())
        except OSError as error:
            raise unwritable(error, folder) from error
    return changed


def _replace(files: Mapping[str, bytes], folder: Path) -> None:
    if Path.cwd().is_relative_to(folder):
        raise TridentError(
            "TRI503",
            "the output folder holds the current folder, which cannot be replaced",
            span=Span(folder.as_posix()),
        )
    ours = owned(folder)
    _check_foreign(files, folder, ours)
    _check_owner(folder, ours)
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = beside(folder)
    new.mkdir()
    try:
        for path, text in files.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            with open_new(new / path) as stream:
                stream.write(text)
        _adopt(folder, new, ours)
        _exchange(new, folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    # ``new`` is the old tree now; another program may have put a file there meanwhile.
    _adopt(new, folder, ours)
    shutil.rmtree(new, ignore_errors=True)


def held(folder: Path, path: str, limit: int = MAX_BYTES) -> bytes | None:
    """What the tree's file ``path`` holds; None where none is, or a link leads elsewhere."""
    place = folder / path
    if any((folder / above).is_symlink() for above in Path(path).parents[:-1]):
        return None
    return content(place, limit, follow=False)


def _stale(how: str, place: Path) -> Diagnostic:
    return TridentError("TRI507", how, span=Span(place.as_posix())).diagnostic


def digest(content: bytes) -> str:
    """The SHA-256 that the manifest has of a file."""
    return hashlib.sha256(content).hexdigest()


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """What an earlier run says of ``folder``; empty without a manifest of ours."""
    try:
        manifest = parsed(held(folder, MANIFEST) or b"")
    except ValueError:
        return {}
    if not isinstance(manifest, dict) or not isinstance(manifest.get("outputs"), dict):
        return {}
    tool = manifest.get("tool")
    return manifest if isinstance(tool, dict) and tool.get("name") == TOOL else {}


def owned(folder: Path) -> set[str]:
    """The files below ``folder`` that an earlier run wrote, as its manifest says."""
    manifest = read_manifest(folder)
    inside = (path for path in manifest.get("outputs", ()) if _is_below(PurePosixPath(path)))
    return {MANIFEST, *inside} if manifest else set()


def _is_below(path: PurePosixPath) -> bool:
    plain = path.parts and not path.is_absolute() and ".." not in path.parts
    return bool(plain) and str(path).isprintable()


def _check_foreign(files: Mapping[str, bytes], folder: Path, ours: set[str]) -> None:
    for path in files:
        if os.path.lexists(folder / path) and (path not in ours or _is_folder(folder / path)):
            raise _foreign(folder / path)
        for parent in Path(path).parents[:-1]:
            place = folder / parent
            if os.path.lexists(place) and not _is_folder(place) and parent.as_posix() not in ours:
                raise _foreign(place)


def _check_owner(folder: Path, ours: set[str]) -> None:
    """A folder that is there holds nothing yet, or a manifest of ours beside other files; hidden
    ones, such as git's, make no folder somebody's."""
    if os.path.lexists(folder) and not _is_folder(folder):
        raise _foreign(folder)
    if not ours and folder.is_dir():
        for entry in sorted(folder.iterdir()):
            if not entry.name.startswith("."):
                raise TridentError(
                    "TRI506",
                    f"the folder has no manifest of Trident and holds {entry.name!r}",
                    span=Span(folder.as_posix()),
                )


def _foreign(place: Path) -> TridentError:
    return TridentError("TRI506", "Trident did not write this", span=Span(place.as_posix()))


def _is_folder(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink()


def _adopt(source: Path, target: Path, ours: set[str]) -> None:
    """Give ``target`` the files of ``source`` that are not ours, and its folders' modes."""
    if not source.is_dir():
        return
    for folder, folders, names in os.walk(source, onerror=_raise):
        here = Path(folder)
        below = target / here.relative_to(source)
        links = [name for name in folders if (here / name).is_symlink()]
        foreign = [
            name
            for name in (*names, *links)
            if (here / name).relative_to(source).as_posix() not in ours
            and not os.path.lexists(below / name)
        ]
        if foreign or not (names or folders):
            below.mkdir(parents=True, exist_ok=True)
        for name in foreign:
            _link(here / name, below / name)
        if below.is_dir():
            shutil.copymode(here, below)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        if not stat.S_ISREG(source.lstat().st_mode) and not source.is_symlink():
            raise  # a copy of a device or a pipe would have no end
        shutil.copy2(source, target, follow_symlinks=False)


def _raise(error: OSError) -> None:
    raise error


def _exchange(new: Path, folder: Path) -> None:
    """Let two folders change places; the second may be missing."""
    if not folder.exists():
        new.rename(folder)
        return
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        rename = None
    paths = (os.fsencode(new), os.fsencode(folder))
    if rename and rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
        return
    # No renameat2, or a file system without exchange: the folder is away between two renames.
    aside = new.with_name(f"{new.name}.old")
    folder.rename(aside)
    try:
        new.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    aside.rename(new)
