"""Values, lists, numbers and spans of time as a reader sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trident.rule.raw import largest_unit

_UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}

LISTED, CHARACTERS = 8, 200
"""How many values of a list, and characters of a value, are shown unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of long lists and long values is shown; ``everything`` leaves nothing out."""

    everything: bool = False

    def value(self, text: str) -> str:
        """A value in quotes; a quote in it is doubled, and characters that cannot be seen or
        would steer a terminal stand as their code points: ``<U+000A>``."""
        cut = not self.everything and len(text) > CHARACTERS
        kept = text[:CHARACTERS] if cut else text
        quoted = '"' + visible(kept).replace('"', '""') + '"'
        return f"{quoted} (the first {CHARACTERS} of {len(text):,} characters)" if cut else quoted

    def listed(self, items: Sequence[str]) -> str:
        """Items with commas, those beyond the limit counted."""
        if self.everything or len(items) <= LISTED:
            return ", ".join(items)
        return f"{', '.join(items[:LISTED])}, … and {len(items) - LISTED:,} more"


def visible(text: str) -> str:
    """``text`` with each character that does not print as its code point."""
    return "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in text)


def duration(seconds: int) -> str:
    """A span of time in its largest whole unit: ``30 minutes``, ``1 day``, ``90 seconds``."""
    count, unit = largest_unit(seconds, "dhms" if seconds else "s")
    return counted(count, _UNITS[unit])


def counted(number: int | float, unit: str) -> str:
    """``1 match``, ``2 matches``."""
    plural = f"{unit}es" if unit.endswith("ch") else f"{unit}s"
    return f"{number} {unit if number == 1 else plural}"


def ordinal(number: int) -> str:
    """``95th``, ``1st``, ``2nd``, ``11th``."""
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def joined(items: Sequence[str], word: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"
