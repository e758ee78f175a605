"""A parser for tests: it hangs on one query, ends on another, on a third the first time only, is at
fault with a fourth, rejects a fifth, and has nothing against the rest."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

MARK = Path(os.environ["TRIDENT_CACHE_DIR"]).with_suffix(".once")


def main() -> None:
    """Answer as ``trident.app.parsing.serve`` does."""
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        query = json.loads(line)["query"]
        if "hang" in query:
            time.sleep(600)
        if "crash" in query:
            sys.exit(1)
        if "once" in query and not MARK.exists():
            MARK.touch()
            sys.exit(1)
        answer = {"fault": "out of depth"} if "fault" in query else {"problem": None}
        if "reject" in query:
            answer = {"problem": "rejected " + query[:40]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
