"""Line breaks in a query: texts that remember their parts, and lines of at most ``WIDTH`` columns.

A text is put together flat, and it is a plain text to everyone who does not ask. Where its line
would grow too long, each condition goes on a line of its own and a list of values on several;
strings and names are never cut. The order of the parts is the query's, so that a changed rule
changes the lines that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDTH = 116
"""Columns of a line: 120, without the two levels that a renderer may indent it by."""

STEP = 4
"""Columns that a level is indented by."""


class _Text(str):
    """A text that is a plain one to another process."""

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


class Joined(_Text):
    """Conditions with an operator between them."""

    parts: Sequence[str]
    token: str

    def __new__(cls, parts: Sequence[str], token: str) -> Joined:
        """``token`` is the operator, without blanks."""
        made = super().__new__(cls, f" {token} ".join(parts))
        made.parts, made.token = parts, token
        return made


class Enclosed(_Text):
    """A condition in parentheses, those of a function included."""

    around: tuple[str, str, str]

    def __new__(cls, opening: str, inner: str, closing: str) -> Enclosed:
        """The three texts, in order."""
        made = super().__new__(cls, f"{opening}{inner}{closing}")
        made.around = opening, inner, closing
        return made


class Listed(_Text):
    """Values, with commas between them, in what encloses them."""

    values: Sequence[str]
    around: tuple[str, str]

    def __new__(cls, opening: str, values: Iterable[str], closing: str) -> Listed:
        """``opening`` has all that stands before the first value."""
        each = list(values)
        made = super().__new__(cls, f"{opening}{', '.join(each)}{closing}")
        made.values, made.around = each, (opening, closing)
        return made


def joined(parts: Sequence[str], token: str) -> str:
    """Conditions with an operator between them; the only one as it is."""
    each: list[str] = []
    for part in parts:
        each += part.parts if isinstance(part, Joined) and part.token == token else [part]
    return Joined(each, token) if len(each) > 1 else each[0]


def formatted(template: str, inner: str) -> str:
    """``template`` with ``inner`` in the place of its ``{}``."""
    opening, _, closing = template.partition("{}")
    return Enclosed(opening, inner, closing)


def broken(text: str, indent: int = STEP, column: int | None = None) -> str:
    """``text`` with its line breaks: it begins at ``column`` (behind an indent and an operator, if
    none is said), and its further lines are indented by ``indent``."""
    column = indent + STEP if column is None else column
    if column + len(text) <= WIDTH:
        return str(text)
    margin = "\n" + " " * indent
    match text:
        case Joined(parts=parts, token=token):
            further = indent + len(token) + 1
            lines: list[str] = []
            for part in parts:
                # What binds closer than the operator stands deeper than it.
                level = indent + STEP * isinstance(part, Joined)
                lines.append(broken(part, level, further if lines else column))
            return f"{margin}{token} ".join(lines)
        case Enclosed(around=(opening, inner, closing)):
            level = indent + STEP * bool(closing)
            return f"{opening}{broken(inner, level, column + len(opening))}{closing}"
        case Listed(values=values, around=(opening, closing)):
            margin += " " * STEP
            return f"{opening.rstrip()}{margin}{_filled(values, margin)}{closing}"
    return str(text)


def one_a_line(tests: Iterable[str], token: str, indent: int = STEP) -> str:
    """Tests with an operator between them, each on a line of its own at ``indent``."""
    return f"\n{' ' * indent}{token} ".join(broken(test, indent) for test in tests)


def _filled(values: Sequence[str], margin: str) -> str:
    """Values, as many as fit on each line."""
    lines: list[list[str]] = [[]]
    used = len(margin)
    for value in values:
        if lines[-1] and used + len(value) > WIDTH:
            lines.append([])
            used = len(margin)
        lines[-1].append(value)
        used += len(value) + len(", ")
    return f",{margin}".join(", ".join(line) for line in lines)
