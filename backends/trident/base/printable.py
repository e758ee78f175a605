"""Text on one line."""

from __future__ import annotations


def printable(text: str) -> str:
    """``text`` on one line: each character that would break it or steer a terminal replaced by
    its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
