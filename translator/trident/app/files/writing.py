"""The one writer of single files: beside, and then in the place of the old one.

Nothing is written through a symbolic link: in a checkout somebody else says where it leads.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from glob import escape
from pathlib import Path
from typing import IO

from trident.base.diagnostics import Span, TridentError

_MADE_BY = re.compile(r"(\d{1,9})-[0-9a-f]{8}", re.ASCII)


def write_file(path: Path, content: bytes) -> None:
    """Write a file: entirely the old one or the new one, with the mode of the old one.

    Raises:
        TridentError: TRI503 when it cannot be written, TRI511 for a symbolic link or what is no
            regular file.
    """
    refuse_links(path)
    try:
        mode = _mode(path)
        for left in left_beside(path):
            left.unlink(missing_ok=True)
        new = beside(path)
        try:
            with open_new(new) as stream:
                stream.write(content)
            if mode is not None:
                new.chmod(mode)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(error, path) from error


def beside(path: Path) -> Path:
    """Where what is to stand at ``path`` is made: a hidden name with the process that makes it."""
    return path.with_name(f"{_prefix(path)}{os.getpid()}-{os.urandom(4).hex()}")


def left_beside(path: Path) -> Iterator[Path]:
    """What runs that were killed had begun to make for ``path``."""
    prefix = _prefix(path)
    for each in path.parent.glob(f"{escape(prefix)}*"):
        made = _MADE_BY.fullmatch(each.name.removeprefix(prefix))
        if made and not _runs(int(made[1])):
            yield each


def _prefix(path: Path) -> str:
    return f".{path.name[:100]}.trident-"


def _runs(process: int) -> bool:
    """Whether a process may still be at work; this one is not, before it begins."""
    if process == os.getpid():
        return False
    if os.name != "posix":
        return True  # there, signal 0 is no mere question
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def open_new(path: Path, mode: int = 0o666) -> IO[bytes]:
    """A file that was not there, open for writing its bytes.

    Raises:
        OSError: where it cannot be made, or anything stands there, be it a link to nowhere.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flags("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
    descriptor = os.open(path, flags, mode)
    return os.fdopen(descriptor, "wb")


def append(path: Path, content: bytes, limit: int) -> None:
    """Add to a file of the user's own, in one write, so that runs at once do not mix what they
    add; one that is longer than ``limit`` begins anew.

    Raises:
        OSError: where it cannot be written, or a link or another thing than a file stands there.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _flags("O_NOFOLLOW", "O_NONBLOCK")
    descriptor = os.open(path, flags | _flags("O_CLOEXEC", "O_BINARY"), 0o600)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        if status.st_size > limit:
            os.ftruncate(descriptor, 0)
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def refuse_links(path: Path) -> None:
    """Nothing to do for a path that leads nowhere else.

    Of a path below the current folder, or written from there, no part may be a link, for all of
    them may come with a checkout; of another one the last may not.

    Raises:
        TridentError: TRI511 at the part that is a symbolic link.
    """
    here = Path.cwd()
    if path.is_absolute() and path != here and path.is_relative_to(here):
        path = path.relative_to(here)
    parts = [path] if path.is_absolute() else [path, *path.parents]
    for part in reversed(parts):
        if os.path.islink(part):  # noqa: PTH114 - a Path may raise where nobody may look
            raise TridentError("TRI511", "a symbolic link", span=Span(part.as_posix()))


def unwritable(error: OSError, path: Path) -> TridentError:
    """TRI503 for a file or folder, at the place that the system names."""
    place = Path(os.fsdecode(error.filename or path)).as_posix()
    return TridentError("TRI503", error.strerror or str(error), span=Span(place))


def _flags(*names: str) -> int:
    """The flags of a system that has them."""
    return sum(getattr(os, name, 0) for name in names)


def _mode(path: Path) -> int | None:
    """The mode of the file that is there; None for none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(status.st_mode):
        raise TridentError("TRI511", "no regular file", span=Span(path.as_posix()))
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return stat.S_IMODE(status.st_mode)
