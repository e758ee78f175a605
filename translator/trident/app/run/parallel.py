"""Work on many items in processes; the results come in the order of the items.

A worker that ends early is an error and never a hang, and workers end with the process that
started them, however that one ends: their pipe closes.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from trident.app.run import collector
from trident.app.run.unforeseen import unforeseen
from trident.base.diagnostics import Diagnostic, TridentError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Item = TypeVar("Item")
Result = TypeVar("Result")

START = "fork" if sys.platform == "linux" else "spawn"
"""How workers start: a fork has the parent's modules and data at once. Elsewhere forking is
missing or unsafe (Python's multiprocessing, *Contexts and start methods*)."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    work: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> Iterator[tuple[int, Result]]:
    """``work`` of each item with the item's index, as they are done, by ``jobs`` processes; in
    this one for ``jobs`` 1.

    ``work`` and the items are pickled where processes are not forked, the results everywhere.

    Raises:
        TridentError: what ``work`` raises; TRI530 when a worker ended before its work.
    """
    jobs = min(jobs, len(items))
    with collector.only_new():
        if jobs <= 1:
            for index, item in enumerate(items):
                yield index, _done(work, item)
            return
        workers = _Workers(work, jobs)
        try:
            yield from workers.results(items)
        finally:
            workers.close()


def _done(work: Callable[[Item], Result], item: Item) -> Result:
    result = work(item)
    gc.collect()  # rules are full of cycles
    return result


class _Workers:
    def __init__(self, work: Callable[[Any], Any], jobs: int) -> None:
        import multiprocessing  # here, so that a single rule does without it

        self._processes: dict[Connection, Any] = {}
        context: Any = multiprocessing.get_context(START)
        for _ in range(jobs):
            ours, theirs = context.Pipe()
            # A fork also inherits our ends; open there, they would keep a pipe from ending.
            inherited = (*self._processes, ours) if START == "fork" else ()
            process = context.Process(target=_serve, args=(theirs, inherited, work), daemon=True)
            process.start()
            theirs.close()
            self._processes[ours] = process

    def results(self, items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """As ``run``; an idle worker waits for its next item, so neither end's pipe fills up."""
        from multiprocessing.connection import wait

        waiting = list(reversed(range(len(items))))
        busy: dict[Connection, int] = {}
        idle = list(self._processes)
        while waiting or busy:
            while waiting and idle:
                pipe = idle.pop()
                busy[pipe] = waiting.pop()
                with self._alive(pipe):
                    pipe.send(items[busy[pipe]])
            ready: Any = wait(list(busy))
            for pipe in ready:
                with self._alive(pipe):
                    result = pipe.recv()
                if isinstance(result, Diagnostic):
                    raise _raised(result)
                yield busy.pop(pipe), result[0]
                idle.append(pipe)

    def close(self) -> None:
        for pipe, process in self._processes.items():
            process.kill()
            process.join()
            pipe.close()

    @contextmanager
    def _alive(self, pipe: Connection) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            process = self._processes[pipe]
            process.join(1)
            raise TridentError("TRI530", f"a worker process {_ended(process.exitcode)}") from error


def _serve(pipe: Connection, inherited: Sequence[Connection], work: Callable[[Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends us
    for each in inherited:
        each.close()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        try:
            result: Any = (_done(work, item),)
        except TridentError as error:
            result = error.diagnostic
        except Exception as error:  # the parent says it, with the command
            result = unforeseen(error)
        try:
            pipe.send(result)
        except OSError:  # nobody wants it any more
            return


def _raised(diagnostic: Diagnostic) -> TridentError:
    error = TridentError(diagnostic.code, diagnostic.message)
    error.diagnostic = diagnostic
    return error


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
