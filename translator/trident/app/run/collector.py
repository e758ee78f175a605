"""Python's collector of cyclic garbage, kept from looking again and again at what stays.

Modules and mapping data live as long as the process, and a part's rules as long as the part. Left
to itself, the collector takes a tenth of a run.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collection by itself until the end."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def only_new() -> Iterator[None]:
    """Collections until the end, to be asked for, see only what is made from now on; a forked
    process does not copy the rest by looking at it, either."""
    with paused():
        gc.freeze()
        try:
            yield
        finally:
            gc.unfreeze()


def skip_at_exit() -> None:
    """Leave out the collections at the end of the process: its memory is given back anyway."""
    atexit.register(gc.freeze)
