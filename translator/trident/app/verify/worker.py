"""A runner in a process of its own: an engine that crashes or hangs costs one query only."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from trident.app.verify.runners import Alerts, EngineFault, NotRun, Runner, runner
from trident.mapping.profiles import Profile
from trident.meaning.events import Event
from trident.result.translation import Translation
from trident.rule.plan import Plan

SECONDS = 120.0
"""How long one query may take before its engine counts as hung."""


class Worker:
    """The runner of one target behind a pipe; started when needed, again after a fault."""

    def __init__(self, target: str, seconds: float = SECONDS) -> None:
        self._target = target
        self._seconds = seconds
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def alerts(
        self,
        plan: Plan,
        translation: Translation,
        profile: Profile,
        events: Sequence[Event],
        now: int,
    ) -> Alerts:
        """``Runner.alerts`` in the process.

        Raises:
            NotRun, EngineFault: as the runner; EngineFault too for a crash or a hang.
        """
        alerts: Alerts = self._ask("alerts", plan, translation, profile, tuple(events), now)
        return alerts

    def seen(self, events: Sequence[Event], profile: Profile) -> list[Event]:
        """``Runner.seen`` of each event.

        Raises:
            NotRun, EngineFault: as ``alerts``.
        """
        kept: list[Event] = self._ask("seen", tuple(events), profile)
        return kept

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _ask(self, method: str, *arguments: Any) -> Any:
        pipe = self._pipe or self._start()
        try:
            pipe.send((method, arguments))
            if not pipe.poll(self._seconds):
                raise EngineFault(f"no answer within {self._seconds:g} s")
            kind, value = pipe.recv()
        except (OSError, EOFError) as error:
            self.close()
            raise EngineFault("the engine's process ended") from error
        except EngineFault:
            self.close()
            raise
        if kind == "not run":
            raise NotRun(value)
        if kind == "fault":
            raise EngineFault(value)
        return value

    def _start(self) -> Connection:
        # A fresh interpreter: the engines bring threads and a .NET runtime, which do not fork.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(self._target, theirs), daemon=True)
        try:
            process.start()
        except OSError as error:
            ours.close()
            raise EngineFault(f"the engine's process cannot be started: {error}") from error
        finally:
            theirs.close()
        self._pipe, self._process = ours, process
        return ours


def _serve(target: str, pipe: Connection) -> None:
    """Answer jobs until the pipe closes."""
    try:
        made: Runner | str = runner(target)
    except NotRun as reason:
        made = str(reason)
    while True:
        try:
            method, arguments = pipe.recv()
        except EOFError:
            return
        pipe.send(("not run", made) if isinstance(made, str) else _answer(made, method, arguments))


def _answer(made: Runner, method: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        if method == "seen":
            events, profile = arguments
            return "value", [made.seen(event, profile) for event in events]
        return "value", made.alerts(*arguments)
    except NotRun as reason:
        return "not run", str(reason)
    except Exception as error:  # whatever an engine throws is that query's fault
        kind = "" if isinstance(error, EngineFault) else f"{type(error).__name__}: "
        return "fault", f"{kind}{error}"
