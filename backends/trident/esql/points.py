"""Trailing windows: each alert candidate beside the matches of the [t - T, t] before it.

ES|QL has no self-join. A match goes, as one text (a *point*), into the time slot it lies in and
the next; a slot of length T then holds every match of the windows that end in it, and those whose
own slot it is are the candidates. VALUES collects both, MV_EXPAND pairs them, and the exact test
on the times decides (https://www.elastic.co/docs/reference/query-languages/esql/commands/mv_expand).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trident.esql import syntax
from trident.esql.commands import stats
from trident.esql.stream import RowColumn, Rows
from trident.result.translation import Note

MILLISECONDS = 1_000

_ABSENT = "-"
"""What a missing value is in a point: no character of base64, and no number."""

# Text is base64 in a point, so it cannot hold the delimiter; DISSECT wants every part filled.
_ENCODE: Mapping[str, str] = {"string": 'CASE({x} != "", TO_BASE64({x}), "-")'}
_ENCODE_OTHER = 'COALESCE(TO_STRING(MV_MAX({x})), "-")'
_DECODE: Mapping[str, str] = {
    "string": "FROM_BASE64({x})",
    "long": "TO_LONG({x})",
    "int": "TO_LONG({x})",
    "real": "TO_DOUBLE({x})",
    "bool": "TO_BOOLEAN({x})",
    "ip": "TO_IP({x})",
    "datetime": "TO_DATETIME({x})",
}

TIME_DIGITS = 13
"""Milliseconds since the epoch have 13 digits from 2001 to 2286, so points sort by time."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a point: the column it becomes when the point is taken apart, how it is
    written, and how it is read (``{x}`` is the text); ``source`` is the column it carries."""

    name: str
    written: str
    read: str = "{x}"
    source: RowColumn | None = None

    @classmethod
    def of(cls, column: RowColumn, name: str) -> Part:
        """A part that carries a column's value, null included."""
        written = _ENCODE.get(column.type, _ENCODE_OTHER).format(x=syntax.name(column.name))
        read = f'CASE({{x}} != "{_ABSENT}", {_DECODE.get(column.type, "{x}")})'
        return cls(name, written, read, column)

    @classmethod
    def label(cls, name: str) -> Part:
        """A part that carries a rule's label, as it is."""
        return cls(name, syntax.name(name))

    @classmethod
    def number(cls, name: str, kind: str = "long") -> Part:
        """A part that carries a number that is never null."""
        quoted = syntax.name(name)
        return cls(name, f"TO_STRING({quoted})", _DECODE[kind])

    def value(self, column: str | None = None) -> str:
        """The part's value, read from the text in ``column`` (its own, if none is given)."""
        return self.read.format(x=syntax.name(column or self.name))


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one correlation: their parts, and the names of the columns at work."""

    rows: Rows
    parts: tuple[Part, ...]
    point: str
    match: str

    @classmethod
    def over(cls, rows: Rows, parts: Sequence[Part]) -> Points:
        """The points with these parts behind the time."""
        claim = rows.stream.claim
        return cls(rows, tuple(parts), claim("point"), claim("match"))

    def windows(self, candidates: str = "", since: str = "") -> list[str]:
        """From one row per match to one row per candidate time and match of its window.

        ``candidates`` is the test that a match may be one, ``since`` the comparison that times of
        alerts meet. The rows have the group key, ``time`` (the candidate's) and ``point``.
        """
        rows, time = self.rows, self.rows.stream.time
        for code in ("TRI452", "TRI473"):
            rows.stream.detections.note(Note.of(code))
        span = rows.bound.plan.timespan * MILLISECONDS
        slot = rows.stream.claim("slot")
        texts = [f"TO_STRING({time})", *(part.written for part in self.parts)]
        written = _concat(texts)
        home = f"{slot} == {time} / {span}"
        return [
            f"| EVAL {self.point} = {written},\n"
            f"    {slot} = MV_APPEND({time} / {span}, {time} / {span} + 1)",
            f"| MV_EXPAND {slot}",
            f"| EVAL {time} = CASE({f'{home} AND {candidates}' if candidates else home}, {time})",
            stats(
                [f"{self.point} = VALUES({self.point})", f"{time} = VALUES({time})"],
                [*rows.key_names, slot],
            ),
            f"| WHERE {time} IS NOT NULL",
            f"| MV_EXPAND {time}",
            *([f"| WHERE {time} {since}"] if since else []),
            f"| MV_EXPAND {self.point}",
            *self.apart(),
            f"| WHERE {self.match} >= {time} - {span} AND {self.match} <= {time}",
        ]

    def apart(self) -> list[str]:
        """Take ``point`` apart: its time as ``match`` and its parts, still as text."""
        if not self.parts:
            return [f"| EVAL {self.match} = TO_LONG({self.point})"]
        return [
            self.dissect(self.point, [self.match, *(part.name for part in self.parts)]),
            f"| EVAL {self.match} = TO_LONG({self.match})",
        ]

    def dissect(self, column: str, names: Sequence[str]) -> str:
        """The DISSECT line that reads the point in ``column``; an empty name skips a part."""
        pattern = "|".join(f"%{{{name}}}" for name in names)
        return f"| DISSECT {syntax.name(column)} {syntax.literal(pattern)}"


def _concat(texts: Sequence[str]) -> str:
    """Texts as one, delimited."""
    delimited = ', "|", '.join(texts)
    return texts[0] if len(texts) == 1 else f"CONCAT({delimited})"
