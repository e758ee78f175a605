"""The process that parses queries: ``python -m trident.app.parsing.serve`` answers one JSON line
per JSON line, in the parser of whichever target each asks for. ``process.py`` is the client.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from trident.app.parsing.checkers import checker


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
    # The answers' way out is ours alone: a package that prints must not be taken for an answer.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        print(json.dumps("ready"), file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
