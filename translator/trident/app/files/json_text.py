"""JSON that somebody else wrote: whatever is wrong with it is a ``ValueError``."""

from __future__ import annotations

import json
from typing import Any, NoReturn

MAX_VALUES = 3_000_000
"""How many values a text may hold: each takes some 50 bytes, however short it is written."""


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: for what is no JSON (https://www.rfc-editor.org/rfc/rfc8259), too many values,
            or a nesting that cannot be read.
    """
    marks: tuple[Any, ...] = (b",", b"[", b"{") if isinstance(text, bytes) else (",", "[", "{")
    if len(text) > MAX_VALUES and sum(map(text.count, marks)) > MAX_VALUES:
        raise ValueError(f"more than {MAX_VALUES:,} values")
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
