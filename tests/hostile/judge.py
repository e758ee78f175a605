"""What is wrong with the answer to a case; nothing, as a rule."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.hostile.cases import Case
from tests.hostile.texts import hidden_in, obeyed

SECONDS = 10.0
"""What a run may take of the processor's time."""

_CODES = {0, 1, 2}
_FINDING = re.compile(r"^(?P<file>\S.*?):(?P<line>\d+):(?P<column>\d+): TRI\d+ (?P<level>\w+)")
_COUNTED = re.compile(r"(\d+) errors?\b")


@dataclass(frozen=True, slots=True)
class Answer:
    """How a run ended: its exit code, what it printed, what it raised, and its seconds."""

    code: int
    product: str
    messages: str
    raised: str
    seconds: float


def faults(case: Case, answer: Answer) -> Iterator[str]:
    """What the answer to ``case`` must not be: a line each."""
    if answer.raised:
        yield f"raised {answer.raised.strip()}"
        return
    if "Traceback (most recent call last)" in answer.messages:
        yield "a traceback"
    if "TRI599" in answer.messages:
        yield "unforeseen: " + answer.messages.strip().splitlines()[0][:200]
    if answer.seconds > SECONDS:
        yield f"{answer.seconds:.1f} s"
    if answer.code not in _CODES:
        yield f"exit code {answer.code}"
    if answer.code == 2 and not answer.messages.strip():
        yield "exit code 2 without a word"
    yield from _printed(answer)
    if case.arguments[0] == "convert":
        yield from _converted(case, answer)


def _printed(answer: Answer) -> Iterator[str]:
    for hidden in sorted(hidden_in(answer.messages)):
        yield f"messages hold {hidden}"
    for line in obeyed(answer.messages):
        yield f"a log's reader takes a command from {line!r}"


def _converted(case: Case, answer: Answer) -> Iterator[str]:
    counted = _COUNTED.search(answer.messages.strip().rpartition("\n")[2])
    if answer.code != 2 and counted is None:
        yield "no count of errors"
    elif answer.code == 0 and counted and counted.group(1) != "0":
        yield f"exit code 0 with {counted.group()}"
    elif (
        answer.code == 1
        and counted
        and counted.group(1) == "0"
        and "--strict" not in case.arguments
    ):
        yield "exit code 1 without an error"
    if answer.code == 2 or "json" not in case.arguments:
        return
    try:
        translations = json.loads(answer.product)["translations"]
    except ValueError:
        yield "the product is no JSON"
        return
    if answer.code:
        return  # it says that something is missing
    for file, lines, kind in _lost(case, answer, translations):
        yield f"{kind} of {file!r}, lines {lines.start} to {lines.stop - 1}, has vanished"


def _lost(
    case: Case, answer: Answer, translations: list[dict[str, Any]]
) -> Iterator[tuple[str, range, str]]:
    """Each document that is neither converted nor refused nor part of one that is, nor named by a
    finding: its file, lines and kind."""
    places = [(each["rule"]["file"], each["rule"]["line"]) for each in translations]
    for line in answer.messages.splitlines():
        if finding := _FINDING.match(line):
            places.append((finding["file"], int(finding["line"])))
    used = _used(case)
    for file, content in case.files.items():
        name = _shown(file)
        if not file.startswith("rules/") or file.startswith("rules/filters/"):
            continue
        at = {line for place, line in places if _shown(place) == name}
        for lines, document in _documents(content):
            if at & set(lines) or (lines.start == 1 and 1 in at):
                continue
            if isinstance(document, dict) and ("filter" in document or _names(document) & used):
                continue
            if document is None:
                continue
            yield file, lines, "a document"


def _shown(file: str) -> str:
    """A name without what may be escaped in it."""
    return re.sub(
        r"[^a-zA-Z]",
        "",
        re.sub(r"\\(x..|u....|U.{8}|[a-z])", "", os.fsencode(file).decode("ascii", "ignore")),
    )


def _documents(content: bytes) -> Iterator[tuple[range, Any]]:
    """The documents of a file that can be read, each with its lines."""
    try:
        text = content.decode("utf-8-sig")
        nodes = yaml.compose_all(text, yaml.CSafeLoader)
        # PyYAML counts lines at characters that no editor breaks at, such as U+0085.
        starts = [text.count("\n", 0, node.start_mark.index) + 1 for node in nodes]
        documents = list(yaml.load_all(text, yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return
    ends = [*starts[1:], text.count("\n") + 2]
    for start, end, document in zip(starts, ends, documents, strict=False):
        yield range(start, max(end, start + 1)), document


def _names(document: dict[Any, Any]) -> set[str]:
    return {str(document[key]) for key in ("name", "id") if document.get(key) is not None}


def _used(case: Case) -> set[str]:
    """What correlations and filters refer to."""
    used: set[str] = set()
    for content in case.files.values():
        for _, document in _documents(content):
            correlation = document.get("correlation") if isinstance(document, dict) else None
            rules = correlation.get("rules") if isinstance(correlation, dict) else None
            if isinstance(rules, list | str):
                used |= set(map(str, [rules] if isinstance(rules, str) else rules))
    return used
