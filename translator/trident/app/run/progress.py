"""A progress bar for a person who waits: on a terminal's standard error, after a second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from trident.base.printable import printable

PATIENCE = 1.0
"""Seconds without a bar, which a short run ends within."""


REDRAW = 0.1
"""Seconds between two looks of the bar: a step may be one line of a log."""


class Progress:
    """Shows how far a run is; nothing in a pipe, a CI job or on a terminal that cannot redraw.

    The bar is gone when the run is over. rich is imported when there is something to show; it
    leaves colours out where ``NO_COLOR`` asks for that.
    """

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._due = clock() + PATIENCE
        self._shown = _on_terminal()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def at(self, done: int, total: int) -> None:
        """``done`` of ``total`` steps are behind us."""
        if not self._shown or self._clock() < self._due:
            return
        self._due = self._clock() + REDRAW
        if self._bar is None:
            from rich.console import Console
            from rich.markup import escape
            from rich.progress import Progress as Bar

            # Redrawn by us alone: a thread of rich's own would be alive when workers are forked.
            self._bar = Bar(console=Console(stderr=True), transient=True, auto_refresh=False)
            self._bar.start()
            self._bar.add_task(escape(printable(self._what)))
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, refresh=True)


def counting(progress: Progress, total: int) -> Callable[[int], None]:
    """Tells ``progress`` how many of ``total`` are done by the sizes of the steps."""
    done = 0

    def step(size: int) -> None:
        nonlocal done
        done += size
        progress.at(done, total)

    return step


def _on_terminal() -> bool:
    dumb = os.environ.get("TERM", "dumb") == "dumb" and os.name == "posix"
    return sys.stderr.isatty() and not os.environ.get("CI") and not dumb
