"""Where in a document something stands that a finding knows by its text only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trident.base.diagnostics import Span
from trident.rule.rules import Document

Path = tuple[str | int, ...]


def of_field(document: Document, field: str, *below: str) -> Span:
    """The first key of ``below`` that tests ``field``, or the first value that is its name."""

    def tests(key: Any) -> bool:
        return isinstance(key, str) and key.partition("|")[0] == field

    return _first(document, below, tests, lambda value: value == field)


def of_value(document: Document, text: str, *below: str) -> Span:
    """The first value of ``below`` that is written as ``text``, but for wildcards at its ends."""
    bare = text.strip("*")  # contains and its like have added some
    return _first(document, below, lambda key: False, lambda value: str(value).strip("*") == bare)


def _first(
    document: Document, below: Path, key: Callable[[Any], bool], value: Callable[[Any], bool]
) -> Span:
    data: Any = document.data
    for step in below:
        data = data.get(step) if isinstance(data, Mapping) else None
    return document.at(*next(_walk(data, below, key, value), below))


def _walk(
    data: Any, path: Path, key: Callable[[Any], bool], value: Callable[[Any], bool]
) -> Iterator[Path]:
    if isinstance(data, Mapping):
        for name, item in data.items():
            if key(name):
                yield (*path, name)
            yield from _walk(item, (*path, name), key, value)
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _walk(item, (*path, index), key, value)
    elif value(data):
        yield path
