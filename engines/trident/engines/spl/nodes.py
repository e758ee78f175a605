"""Eval expressions and search terms, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass


class Statement:
    """A command of a pipeline; ``statements.py`` has them."""

    __slots__ = ()


# ---- eval expressions


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: its digits decide its precision."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A double-quoted string literal, unescaped."""

    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the row at hand."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function, by its lower-case name."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """``NOT``, ``-`` or ``+``."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two expressions; ``==`` is written ``=``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro that was not expanded; it can be parsed but not run."""

    text: str


Expression = Number | Text | Field | Call | Unary | Binary | Macro

# ---- search terms


@dataclass(frozen=True, slots=True)
class AllTerms:
    """Terms side by side, or joined by AND."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class AnyTerm:
    """Terms joined by OR."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class NotTerm:
    """NOT before one term."""

    term: Term


@dataclass(frozen=True, slots=True)
class SearchValue:
    """A value in a comparison, or a word or phrase; ``cased`` inside ``CASE()``."""

    text: str
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """``field op value`` in the search command."""

    name: str
    operator: str
    value: SearchValue | Macro | Subsearch


@dataclass(frozen=True, slots=True)
class Raw:
    """A word, phrase or directive, looked for in ``_raw``."""

    value: SearchValue
    directive: str = ""


@dataclass(frozen=True, slots=True)
class Subsearch:
    """A search in square brackets."""

    commands: tuple[Statement, ...]


Term = AllTerms | AnyTerm | NotTerm | Compare | Raw | Macro | Subsearch
