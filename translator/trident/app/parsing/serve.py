"""The process that parses queries: ``python -m trident.app.parsing.serve`` answers one JSON line
per JSON line, in the parser of whichever target each asks for. ``process.py`` is the client.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trident.app.parsing.checkers import checker
from trident.app.parsing.process import SECONDS


def answer(request: Mapping[str, Any]) -> dict[str, str | None]:
    """What the target's parser says: a ``problem`` (None: the query is valid), or the ``fault``
    of the parser itself."""
    own = checker(request["target"])
    assert own is not None
    try:
        return {"problem": own.problem(request["query"], request["names"])}
    except Exception as error:  # whatever a parser throws costs this query its check
        return {"fault": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Say that the process is ready, then answer requests until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends us
    with (
        os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers,
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
    ):
        # The answers' way out is theirs alone: what a package prints is not taken for one.
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        print(json.dumps("ready"), file=answers, flush=True)
        for line in sys.stdin:
            # A parser that hangs when its parent is gone ends by itself.
            faulthandler.dump_traceback_later(2 * SECONDS, exit=True, file=nowhere)
            said = answer(json.loads(line))
            faulthandler.cancel_dump_traceback_later()
            print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    main()
