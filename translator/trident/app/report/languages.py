"""How each target's query files are called and how they hold comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A query language: its name, its files' extension, and what encloses a comment line.

    ``table_settings`` are the settings without which a table of tables.yml cannot be queried.
    """

    title: str
    extension: str
    opening: str
    closing: str = ""
    table_settings: tuple[str, ...] = ()

    def comment(self, lines: Iterable[str]) -> str:
        """Comment lines with ``lines`` in them; nothing in a line can end its comment."""
        return "".join(f"{self.opening}{self._tamed(line)}{self.closing}\n" for line in lines)

    def _tamed(self, line: str) -> str:
        text = printable(line)
        return text.replace(self.closing.strip(), "'''") if self.closing else text


LANGUAGES: Mapping[str, Language] = {
    "kql": Language("Kusto Query Language (Microsoft Sentinel, Defender XDR)", "kql", "// "),
    # Splunk Search Manual, "Add comments to searches": text between triple backticks.
    "spl": Language("Splunk Search Processing Language", "spl", "``` ", " ```", ("macro",)),
    "eql": Language(
        "Elastic Event Query Language", "eql", "// ", table_settings=("index", "select")
    ),
    "esql": Language(
        "Elasticsearch Query Language (ES|QL)", "esql", "// ", table_settings=("index", "select")
    ),
}


def printable(text: str) -> str:
    """``text`` on one line: each character that would break it or steer a terminal replaced by
    its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
