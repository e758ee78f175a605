"""The folder of what Trident keeps between runs: whose it is, and the secret that proves it.

What lies there decides what a command prints, so nothing is taken from a folder that somebody
else may have filled: one that comes with a checkout, belongs to another user or may be written by
anybody. What is kept is sealed besides, with a secret that never leaves the folder (HMAC,
https://www.rfc-editor.org/rfc/rfc2104): content that was not put there by this user's Trident is
not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from trident.app.files.reading import unfollowed
from trident.app.files.writing import open_new

ENVIRONMENT = "TRIDENT_CACHE_DIR"
"""The environment variable that names another folder."""

SECRET = "secret"
SECRET_BYTES = 32

_NAME = "trident"


def usual_folder() -> Path | None:
    """The folder that nobody has to name: in the temporary folder of a job of GitHub Actions
    (``RUNNER_TEMP`` is emptied with each job), else in the user's cache folder
    (https://specifications.freedesktop.org/basedir-spec/latest/). None where there is neither."""
    for name in ("RUNNER_TEMP", "XDG_CACHE_HOME"):
        parent = os.environ.get(name, "")
        if os.path.isabs(parent):  # noqa: PTH117 - a relative one is to be ignored
            return Path(parent) / _NAME
    try:
        return Path.home() / ".cache" / _NAME
    except RuntimeError:  # a user without a home
        return None


def named_folder(chosen: Path | None) -> Path | None:
    """The folder that the command line names, or the environment; None where nobody does."""
    if chosen is None and (named := os.environ.get(ENVIRONMENT)):
        return Path(named)
    return chosen


def why_not(folder: Path, near: Iterable[Path]) -> str:
    """Why nothing is taken from a folder, and nothing put there; "" for one that may be used.

    ``near`` are the folders of what is read: what came with them may have filled it.
    """
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - as written, links and all
    real = Path(os.path.realpath(folder))
    for place in (whole, real):
        for above in (place, *place.parents):
            if os.path.lexists(above / ".git"):
                return f"it stands in the git work tree {above.as_posix()}"
    home = _homes()
    for each in near:
        beside = Path(os.path.realpath(each))
        if (whole.is_relative_to(beside) or real.is_relative_to(beside)) and not any(
            place.is_relative_to(beside) for place in home
        ):
            return f"it stands among the input, in {beside.as_posix()}"
    return _distrusted(folder)


def _homes() -> list[Path]:
    """The user's own folder, above and at which no checkout is."""
    return [Path(os.path.realpath(Path.home()))] if os.path.expanduser("~") != "~" else []  # noqa: PTH111


def _distrusted(folder: Path) -> str:
    """Why a folder that is there cannot be trusted."""
    try:
        status = folder.stat()
    except (OSError, ValueError):
        return ""  # it will be made
    if not stat.S_ISDIR(status.st_mode):
        return "it is no folder"
    if hasattr(os, "geteuid"):  # elsewhere, owner and mode say nothing
        if status.st_uid != os.geteuid():
            return "it belongs to another user"
        if status.st_mode & stat.S_IWOTH:
            return "anybody may write there"
    return ""


class Seal:
    """Proves what this user's Trident has put into a folder."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, *parts: bytes) -> bytes:
        """The proof of some bytes, as hexadecimal digits."""
        mac = hmac.new(self._secret, digestmod=hashlib.sha256)
        for part in parts:
            mac.update(len(part).to_bytes(8, "big"))
            mac.update(part)
        return mac.hexdigest().encode()

    def holds(self, proof: bytes, *parts: bytes) -> bool:
        """Whether a proof is that of these bytes."""
        return hmac.compare_digest(proof, self.of(*parts))


def seal(folder: Path) -> Seal | None:
    """The seal of what is in a folder; None where nothing is that can be trusted."""
    if _distrusted(folder):
        return None
    with contextlib.suppress(OSError, ValueError):
        with unfollowed(folder / SECRET) as stream:
            status = os.fstat(stream.fileno())
            secret = stream.read(SECRET_BYTES + 1)
        if len(secret) == SECRET_BYTES and _own(status):
            return Seal(secret)
    return None


def make_seal(folder: Path) -> Seal:
    """The seal of a folder, which is made with its secret where they are missing.

    Raises:
        OSError: where they cannot be made, or the folder is not to be trusted.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if reason := _distrusted(folder):
        raise PermissionError(reason)
    if own := seal(folder):
        return own
    place = folder / SECRET
    beside = folder / f"{SECRET}-{os.getpid()}-{os.urandom(4).hex()}.unfinished"
    try:
        with open_new(beside, 0o600) as stream:
            stream.write(os.urandom(SECRET_BYTES))
        try:
            os.link(beside, place)  # of two runs at once, the first one's counts
        except FileExistsError:
            # Another run's by now; or one that is damaged or was open to others.
            if seal(folder) is None:
                beside.replace(place)
        except OSError:  # a file system without links
            beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)
    own = seal(folder)
    if own is None:
        raise PermissionError("the secret cannot be kept there")
    return own


def _own(status: os.stat_result) -> bool:
    """Whether a file is the user's alone."""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077
