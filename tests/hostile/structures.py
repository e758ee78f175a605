"""A structure with one part of it in another kind: every part, every kind."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**400,
    1.5,
    float("inf"),
    float("nan"),
    "",
    "x",
    "%x%{{",
    "a\nb\x7f",
    dt.date(2026, 1, 31),
    b"\xff",
    [],
    [None],
    [[]],
    [["a"], {"a": None}],
    [{"x": [1]}, 5],
    {},
    {"x": None},
    {None: "x"},
    {7: [2], True: {}},
    {dt.date(2026, 1, 31): "x"},
    ["a"] * 40,
)
"""A value of each kind that YAML and JSON have."""

ODD_KEYS: tuple[Any, ...] = (None, True, 5, 1.5, "", "x", dt.date(2026, 1, 31))

Path = tuple[Any, ...]


def paths(value: Any, before: Path = ()) -> Iterator[Path]:
    """The path of each part of a structure, itself included."""
    yield before
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        yield from paths(part, (*before, key))


def mutations(value: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Each part replaced by each odd value, removed, and with each odd key in its key's place: the
    part's path, what it was replaced by, and the whole structure."""
    for path in paths(value):
        for odd in ODD:
            yield path, odd, _with(value, path, odd)
        if path:
            yield path, "removed", _changed(value, path)
        if path and not isinstance(path[-1], int):
            for key in ODD_KEYS:
                yield path, f"key {key!r}", _changed(value, path, key)


def _with(value: Any, path: Path, odd: Any) -> Any:
    if not path:
        return odd
    made = copy.deepcopy(value)
    part = made
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = odd
    return made


def _changed(value: Any, path: Path, *key: Any) -> Any:
    """The structure without a part, or with another key for it."""
    made = copy.deepcopy(value)
    part = made
    for step in path[:-1]:
        part = part[step]
    held = part.pop(path[-1])
    if key:
        part[key[0]] = held
    return made
