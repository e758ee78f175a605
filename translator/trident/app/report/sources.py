"""The lines that findings point at, read when a finding is shown."""

from __future__ import annotations

from trident.app.files.reading import content
from trident.base.diagnostics import Span


class Sources:
    """Reads source lines by span; the text of one file is held at a time, so findings are best
    asked for file by file."""

    def __init__(self) -> None:
        self._held = ""
        self._lines: list[str] = []

    def line(self, span: Span) -> str | None:
        """The line that a span starts in; None without a line number or a readable file."""
        if not span.file or not span.line:
            return None
        if span.path != self._held:
            self._held, self._lines = span.path, _read(span.path)
        return self._lines[span.line - 1] if span.line <= len(self._lines) else None


def _read(file: str) -> list[str]:
    held = content(file)
    if held is None:
        return []
    text = held.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
