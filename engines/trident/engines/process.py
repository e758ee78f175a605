"""A Python module in a process of its own that answers one JSON line per JSON line.

What hangs or crashes there costs one answer: the process is ended, and another one starts with
the next request. It ends with ours, too, because its input does.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

START_SECONDS = 60.0
"""How long the module may take until its first line, which says that it is ready."""


class NoAnswer(Exception):
    """The process did not answer in time, or ``Ended``."""


class Ended(NoAnswer):
    """The process has ended by itself."""


class LineProcess:
    """``python -m module``, started when needed and again after a fault; ``path`` is where its
    imports are looked for first."""

    def __init__(self, module: str, seconds: float, path: Sequence[str]) -> None:
        self._module = module
        self._seconds = seconds
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None
        self._pending = b""

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request.

        Raises:
            NoAnswer: when there is none in time, or Ended; the process is then gone.
        """
        try:
            process = self._process or self._start()
            assert process.stdin is not None
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._line(process, self._seconds))
        except NoAnswer:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise Ended(str(error)) from error
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
            self._pending = b""

    def _start(self) -> subprocess.Popen[bytes]:
        # Without empty parts, which stand for the current folder, whose modules are not ours.
        parts = filter(None, [*self._path, os.environ.get("PYTHONPATH", "")])
        path = os.pathsep.join(parts)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._line(self._process, START_SECONDS)
        return self._process

    def _line(self, process: subprocess.Popen[bytes], seconds: float) -> bytes:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        while b"\n" not in self._pending:
            if not select.select([descriptor], [], [], seconds)[0]:
                raise NoAnswer(f"no answer within {seconds:g} s")
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                raise Ended("the process ended")
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line
