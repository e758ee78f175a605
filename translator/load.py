"""Rule files to documents: every file read once, a broken one reported and the rest kept."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from backends.diagnostics import Diagnostic, Span, TridentError
from backends.rules import Document
from translator.yamltext import BrokenDocument, Place, YamlDocument, locate, read_documents

MAX_BYTES = 10_000_000
"""The largest rule file that is read."""

STDIN = "-"
FILTERS = "filters"
"""The name of a folder whose documents are filters, each off until switched on by name."""

_SUFFIXES = (".yml", ".yaml")
_NOT_RULES = ("trident.yml", "trident.yaml")
_EVENTS = (".events.yml", ".events.yaml")


@dataclass(slots=True)
class Loaded:
    """What was read: documents of rules and filters, inputs by name with their SHA-256, and the
    diagnostics and names of the documents that could not be read."""

    documents: list[Document] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def load(paths: Iterable[str], *, named_filters: bool = False) -> Loaded:
    """Read rule files, folders (``*.yml``, ``*.yaml`` at any depth) and standard input (``-``).

    With ``named_filters`` the ``filters`` folder beside a given file is read too, so that a
    filter can be switched on for it.
    """
    loaded = Loaded()
    for file in _unique(_files(paths, named_filters)):
        try:
            content = _read(file)
        except TridentError as error:
            loaded.diagnostics.append(error.diagnostic)
            continue
        name = display(file)
        loaded.inputs[name] = hashlib.sha256(content).hexdigest()
        try:
            text = _decode(content, name)
        except TridentError as error:
            loaded.diagnostics.append(error.diagnostic)
            continue
        only_filters = Path(file).parent.name == FILTERS
        _add(loaded, text, name, only_filters)
    return loaded


def read_text(file: str) -> str:
    """The text of one file.

    Raises:
        TridentError: TRI001 unreadable or not UTF-8, TRI006 too large.
    """
    return _decode(_read(file), display(file))


def display(file: str) -> str:
    """The name of an input in diagnostics and JSON."""
    return "<stdin>" if file == STDIN else Path(file).as_posix()


def document(parsed: YamlDocument) -> Document:
    """A parsed YAML document as the rule loader takes it, with places on demand."""
    return Document(parsed.data, parsed.span, partial(locate, (parsed.place,)))


def _add(loaded: Loaded, text: str, name: str, only_filters: bool) -> None:
    actions = _Actions()
    for parsed in read_documents(text, name):
        try:
            if isinstance(parsed, BrokenDocument):
                loaded.broken.update(parsed.names)
                loaded.diagnostics.append(parsed.diagnostic)
                continue
            found = actions.merge(parsed)
            if found is None:
                continue
            if only_filters and "filter" not in found.data:
                raise TridentError(
                    "TRI004", f"a folder called {FILTERS} holds filters only", span=found.span
                )
            loaded.documents.append(found)
        except TridentError as error:
            loaded.diagnostics.append(error.diagnostic)


class _Actions:
    """Merges ``action: global | reset | repeat`` documents as pySigma's SigmaCollection does:
    a global document goes over each later detection rule, a repeat over the rule before it."""

    def __init__(self) -> None:
        self._everywhere: tuple[dict[str, Any], tuple[Place, ...]] = ({}, ())
        self._previous: tuple[dict[str, Any], tuple[Place, ...]] = ({}, ())

    def merge(self, parsed: YamlDocument) -> Document | None:
        """The document to load, or None for one that only sets what later ones are merged with."""
        if not isinstance(parsed.data, dict):
            raise TridentError("TRI004", "the document is not a mapping", span=parsed.span)
        data = {key: value for key, value in parsed.data.items() if key != "action"}
        places: tuple[Place, ...] = (parsed.place,)
        match parsed.data.get("action"):
            case None if "correlation" in data or "filter" in data:
                return document(parsed)
            case None:
                self._previous = _over(self._everywhere, (data, places))
            case "global":
                self._everywhere = self._previous = (data, places)
                return None
            case "reset":
                self._everywhere = ({}, ())
                return None
            case "repeat":
                self._previous = _over((data, places), self._previous)
            case other:
                raise TridentError(
                    "TRI101",
                    f"unknown action {other!r}",
                    span=locate(places, ("action",)),
                    hint="an action is global, reset or repeat",
                )
        merged, places = self._previous
        return Document(merged, parsed.span, partial(locate, places))


Part = tuple[dict[str, Any], tuple[Place, ...]]


def _over(winner: Part, loser: Part) -> Part:
    return merged(loser[0], winner[0]), (*winner[1], *loser[1])


def merged(base: Any, over: Mapping[Any, Any]) -> dict[Any, Any]:
    """``over`` laid on ``base``, mappings merged key by key; neither is changed."""
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in over.items():
        result[key] = merged(result.get(key), value) if isinstance(value, dict) else value
    return result


def _files(paths: Iterable[str], named_filters: bool) -> Iterator[str]:
    for path in paths:
        if path == STDIN:
            yield path
        elif Path(path).is_dir():
            yield from _walk(path, ())
        else:
            yield path
            beside = Path(path).parent / FILTERS
            if named_filters and beside.is_dir():
                yield from _walk(str(beside), ())


def _walk(folder: str, above: tuple[str, ...]) -> Iterator[str]:
    """The rule files below ``folder``, sorted; hidden ones and symlinks to a folder above are
    left out."""
    above = (*above, os.path.realpath(folder))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder  # reading it as a file reports why it cannot be read
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if os.path.realpath(entry.path) not in above:
                yield from _walk(entry.path, above)
        elif _is_rule_file(entry.name) and (entry.is_file() or not Path(entry.path).exists()):
            yield entry.path  # a dangling link is reported when it is read, a pipe left out


def _is_rule_file(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.endswith(_EVENTS) and name not in _NOT_RULES


def _unique(files: Iterable[str]) -> Iterator[str]:
    seen: set[str | tuple[int, int]] = set()
    for file in files:
        key: str | tuple[int, int] = file
        if file != STDIN and Path(file).exists():
            found = Path(file).stat()
            key = (found.st_dev, found.st_ino)
        if key not in seen:
            seen.add(key)
            yield file


def _read(file: str) -> bytes:
    span = Span(display(file))
    try:
        if file == STDIN:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise TridentError("TRI001", error.strerror or str(error), span=span) from error
    if len(content) > MAX_BYTES:
        raise TridentError("TRI006", f"larger than {MAX_BYTES:,} bytes", span=span)
    return content


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        raise TridentError(
            "TRI001",
            f"not UTF-8: byte 0x{content[error.start]:02X}",
            span=Span(name, len(before), len(before[-1]) + 1),
        ) from error
