"""Running a case: in its own folder, in this process, with a limit on its time."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from tests.hostile.cases import Case, case
from tests.hostile.judge import SECONDS, Answer, faults
from trident.app.commands.cli import main


class _OutOfTime(BaseException):
    """Not an Exception, so that nothing takes it for a fault of the input."""


def judged(number: int) -> list[str]:
    """The faults of the answer to the case of a number."""
    made = case(number)
    return list(faults(made, answer(made)))


def answer(made: Case) -> Answer:
    """What the command answers in the checkout of a case."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    before = Path.cwd()
    try:
        for file, content in made.files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        os.chdir(folder)
        return _run(made, folder)
    finally:
        os.chdir(before)
        shutil.rmtree(folder, ignore_errors=True)


def _run(made: Case, folder: Path) -> Answer:
    environment = {"TRIDENT_CACHE_DIR": str(folder / "cache"), "COLUMNS": "120"}
    started = time.process_time()
    raised = ""
    with _limited():
        try:
            outcome = CliRunner(env=environment).invoke(main, made.arguments)
        except _OutOfTime:
            return Answer(0, "", "", "", SECONDS * 2)
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raised = "".join(traceback.format_exception(outcome.exception)[-3:])
    seconds = time.process_time() - started
    product = outcome.stdout_bytes.decode("utf-8", "replace")
    messages = outcome.stderr_bytes.decode("utf-8", "replace")
    return Answer(outcome.exit_code, product, messages, raised, seconds)


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Ends a run that takes twice its time of the processor, or waits for ever."""

    def end(*_: Any) -> None:
        raise _OutOfTime

    before = [signal.signal(each, end) for each in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, SECONDS * 2)
    signal.setitimer(signal.ITIMER_REAL, SECONDS * 12)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(number, handler)
