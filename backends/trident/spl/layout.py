"""Lines of at most ``WIDTH`` characters: conditions and assignments a line each, lists filled.

Splunk's pages break commands at blanks, too: Style Guide, *Formatting Splunk searches*
(https://help.splunk.com/splunk-style-guide/formatting-text/formatting-splunk-searches), and the
examples of *eventstats*. Only a blank outside quotes becomes a line break, so that the search stays
the same piece by piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trident.spl.tokens import tokens

WIDTH = 120
_STEP = 2
# Between these words and the next one, or the one before, no line ends.
_HELD_BEHIND = frozenset({"|", "AND", "OR", "NOT", "IN", "AS", "BY"})
_HELD_BEFORE = frozenset({"IN", "AS"})


def laid_out(search: str) -> str:
    """A search of one line a command, with lines of at most ``WIDTH`` where blanks allow it."""
    return "\n".join(_Command(line).text for line in search.split("\n"))


@dataclass(slots=True)
class _Command:
    """One command: its words, and for each how many parentheses are open before it."""

    line: str
    _words: list[str] = field(default_factory=list)
    _depths: list[int] = field(default_factory=list)
    _lines: list[str] = field(default_factory=lambda: [""])

    @property
    def text(self) -> str:
        """The command on one line, or on several."""
        if len(self.line) <= WIDTH:
            return self.line
        self._split()
        self._write(0, len(self._words), _STEP)
        return "\n".join(self._lines)

    def _split(self) -> None:
        fresh = True
        for token, depth in tokens(self.line):
            if token.isspace():
                fresh = True
            elif fresh:
                self._words.append(token)
                self._depths.append(depth)
                fresh = False
            else:
                self._words[-1] += token

    def _write(self, start: int, stop: int, indent: int) -> None:
        """Write words behind what the last line holds; lines that follow are indented."""
        flat = " ".join(self._words[start:stop])
        places = [place for place in range(start + 1, stop) if self._may_end_before(place)]
        if not places or self._fits(flat):
            self._lines[-1] += flat
            return
        places, filled = self._separators(places)
        for place, until in zip([start, *places], [*places, stop], strict=True):
            part = " ".join(self._words[place:until])
            if place != start and filled and self._fits(f" {part}"):
                self._lines[-1] += f" {part}"
                continue
            if place != start:
                self._lines.append(" " * indent)
            self._write(place, until, indent + _STEP)

    def _may_end_before(self, place: int) -> bool:
        before, behind = self._words[place - 1], self._words[place]
        held = before in _HELD_BEHIND or behind in _HELD_BEFORE
        return not held and not (place == 2 and self._words[0] == "|")

    def _separators(self, places: list[int]) -> tuple[list[int], bool]:
        """Where the outermost parts of some words begin, and whether lines are filled with them."""
        outer = min(self._depths[place] for place in places)
        places = [place for place in places if self._depths[place] == outer]
        if listed := [place for place in places if self._words[place - 1].endswith(",")]:
            return listed, self._words[:2] != ["|", "eval"]
        for operator in ("OR", "AND"):
            if joined := [place for place in places if self._words[place] == operator]:
                return joined, False
        return places, True

    def _fits(self, text: str) -> bool:
        return len(self._lines[-1]) + len(text) <= WIDTH
