"""The one reader of files that somebody else names, in a checkout or on the command line.

A file is opened without waiting for anybody (a FIFO without a writer would), looked at when it is
open, so that nothing else can stand there meanwhile, and read up to a limit. What is no regular
file is refused: a FIFO waits, ``/dev/zero`` has no end, and a device may do something when it is
read. https://man7.org/linux/man-pages/man2/open.2.html (O_NONBLOCK), fifo(7)
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO

from trident.base.diagnostics import Span, TridentError

MAX_BYTES = 10_000_000
"""The largest file that is read at once, and the longest line of one that is read by lines."""

_WITHOUT_WAITING = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NOT_A_LINK = getattr(os, "O_NOFOLLOW", 0)

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a symbolic link"),
)


class NotRegular(OSError):
    """What was opened is no regular file."""


class TooLarge(OSError):
    """There is more to read than anybody may ask for."""


def read(file: str | os.PathLike[str], name: str = "", limit: int = MAX_BYTES) -> bytes:
    """The content of a regular file; ``name`` is what findings call it.

    Raises:
        TridentError: as ``opened``, TRI006 for one that is larger than ``limit``.
    """
    with opened(file, name) as stream:
        return whole(stream, limit)


def content(
    file: str | os.PathLike[str], limit: int = MAX_BYTES, *, follow: bool = True
) -> bytes | None:
    """The content of a regular file; None where there is none that can be read. Without
    ``follow`` a symbolic link is no such file."""
    try:
        with _stream(file, follow=follow) as stream:
            return whole(stream, limit)
    except (OSError, ValueError):
        return None


@contextmanager
def opened(file: str | os.PathLike[str], name: str = "") -> Iterator[IO[bytes]]:
    """A regular file, open for reading its bytes; ``name`` is what findings call it.

    Raises:
        TridentError: TRI001 for one that cannot be opened or read, TRI008 for what is no regular
            file.
    """
    name = name or PurePath(file).as_posix()
    try:
        stream = _stream(file, follow=True)
    except ValueError as error:  # a NUL in the name, or a surrogate that no name can hold
        raise TridentError("TRI001", "no file can have this name", span=Span(name)) from error
    except OSError as error:
        raise failure(error, name) from error
    with stream:
        try:
            yield stream
        except OSError as error:
            raise failure(error, name) from error


def unfollowed(file: str | os.PathLike[str]) -> IO[bytes]:
    """A regular file that is no symbolic link, open for reading its bytes.

    Raises:
        OSError: for what cannot be opened, or is no such file.
    """
    return _stream(file, follow=False)


def failure(error: OSError, name: str) -> TridentError:
    """The finding about an input that could not be read."""
    code = {NotRegular: "TRI008", TooLarge: "TRI006"}.get(type(error), "TRI001")
    return TridentError(code, error.strerror or str(error), span=Span(name))


def whole(stream: IO[bytes], limit: int = MAX_BYTES) -> bytes:
    """What is left of a stream.

    Raises:
        TooLarge: when it is more than ``limit``; no more than that is read.
    """
    # At first a buffer of the file's size; a growing file, one of /proc and a pipe have more.
    size = min(_size(stream), limit)
    read = _some(stream, size + 1)
    if len(read) > size:
        read += _some(stream, limit + 1 - len(read))
    if len(read) > limit:
        raise TooLarge(f"larger than {limit:,} bytes")
    return read


def lines(stream: IO[bytes], name: str, limit: int = MAX_BYTES) -> Iterator[bytes]:
    """The lines of a stream with their ends, one at a time.

    Raises:
        TridentError: TRI006 for a line that is longer than ``limit``.
    """
    number = 0
    while line := stream.readline(limit + 1):
        number += 1
        if len(line) > limit:
            message = f"a line of more than {limit:,} bytes"
            raise TridentError("TRI006", message, span=Span(name, number))
        yield line


def _stream(file: str | os.PathLike[str], *, follow: bool) -> IO[bytes]:
    status = os.stat(file, follow_symlinks=follow)  # noqa: PTH116 - a Path a file takes long
    if not stat.S_ISDIR(status.st_mode):  # which says itself why it cannot be read
        _check_kind(status)  # before, too: to open a device may do something
    descriptor = os.open(file, _WITHOUT_WAITING | (0 if follow else _NOT_A_LINK))
    try:
        _check_kind(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _check_kind(status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    kind = next((what for is_one, what in _KINDS if is_one(status.st_mode)), "something else")
    raise NotRegular(f"{kind}, no regular file")


def _size(stream: IO[bytes]) -> int:
    try:
        status = os.fstat(stream.fileno())
    except (OSError, AttributeError):  # a stream in memory
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _some(stream: IO[bytes], size: int) -> bytes:
    part: bytes | None = stream.read(size)
    if part is None:  # some files of /proc have nothing now and may have something later
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return part
