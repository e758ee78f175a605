"""A parser for tests: it hangs on one query, ends on another, is at fault with a third, rejects a
fourth, and has nothing against the rest."""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Answer as ``trident.app.parsing.serve`` does."""
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        query = json.loads(line)["query"]
        if "hang" in query:
            time.sleep(600)
        if "crash" in query:
            sys.exit(1)
        answer = {"fault": "out of depth"} if "fault" in query else {"problem": None}
        if "reject" in query:
            answer = {"problem": "rejected " + query[:40]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
