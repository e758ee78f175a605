"""Parsers in processes, kept for the next queries of this process: a parser's start takes longer
than hundreds of queries."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from queue import SimpleQueue

from trident.app.parsing.checkers import Names
from trident.engines.process import Ended, LineProcess, NoAnswer

SECONDS = 120.0
"""How long one query may take, on a busy machine and with the start of its parser: the first long
query costs that of ES|QL ten seconds, the next ones little."""

PAYS = 300
"""So many queries pay for a process."""

_MODULE = "trident.app.parsing.serve"


@dataclass(frozen=True, slots=True)
class Question:
    """A query with what it may name."""

    target: str
    query: str
    names: Names

    @property
    def digest(self) -> str:
        """What stands for the question: the SHA-256 of all of it."""
        parts = [self.target, self.query, self.names]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """``problem``: why the query is rejected; ``fault``: why there is no answer."""

    problem: str = ""
    fault: str = ""


class Parsers:
    """Up to ``jobs`` processes, each with every target's parser."""

    def __init__(self, jobs: int, seconds: float) -> None:
        self._jobs = jobs
        self._seconds = seconds
        self._idle: SimpleQueue[LineProcess] = SimpleQueue()
        self._started: list[LineProcess] = []

    def answers(self, questions: Sequence[Question]) -> list[Answer]:
        """The answer to each question, in their order."""
        wanted = min(self._jobs, 1 + len(questions) // PAYS)
        while len(self._started) < wanted:
            process = LineProcess(_MODULE, self._seconds, sys.path)
            self._started.append(process)
            self._idle.put(process)
        if wanted == 1:
            return list(map(self._answer, questions))
        with ThreadPoolExecutor(wanted) as pool:
            return list(pool.map(self._answer, questions))

    def close(self) -> None:
        """End the processes."""
        for process in self._started:
            process.close()

    def _answer(self, question: Question) -> Answer:
        process = self._idle.get()
        try:
            try:
                said = process.ask(asdict(question))
            except Ended:  # .NET in Python aborts now and then; what ends it twice is the query
                said = process.ask(asdict(question))
        except NoAnswer as error:
            return Answer(fault=str(error))
        finally:
            self._idle.put(process)
        return Answer(said.get("problem") or "", said.get("fault") or "")


_kept: dict[tuple[int, int], Parsers] = {}


def parsers(jobs: int) -> Parsers:
    """The parsers of this process; a fork has none of its parent's, which only one may talk to."""
    key = (os.getpid(), jobs)
    if key not in _kept:
        _kept[key] = Parsers(jobs, SECONDS)
        atexit.register(_kept[key].close)
    return _kept[key]
