"""The declarative text backend that every target's detections share, and its plan interface.

A target subclasses :class:`DetectionBackend` with pySigma's class attributes; its ``render``
module writes correlations around the predicates. Field names are resolved when they are
emitted, through the bound search: pySigma's rule objects are never changed, so one plan serves
all profiles.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sigma.conversion.base import TextQueryBackend
from sigma.conversion.state import ConversionState

from backends.binding import BoundSearch
from backends.profiles import Column
from backends.translation import Note


class DetectionBackend(TextQueryBackend):
    """Renders the detection of one bound search as a predicate of the target's language."""

    target: ClassVar[str]
    bound: BoundSearch

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notes: list[Note] = []
        """The notes of every predicate rendered so far; one instance serves one translation."""

    def note(self, note: Note) -> None:
        """Keep a note for the translation, once."""
        if note not in self.notes:
            self.notes.append(note)

    def predicate(self, search: BoundSearch) -> str:
        """The search's detection as one boolean expression over its native columns.

        Raises:
            Refusal: when the target's language cannot say a part of it.
        """
        self.bound = search
        return str(self.convert_condition(search.plan.condition, ConversionState()))

    def column(self, field: str) -> Column:
        """The native column that Sigma field ``field`` has on the search being rendered."""
        return self.bound.column(field)

    def quote_column(self, name: str) -> str:
        """A native column name as the language writes it; the target's own quoting rule."""
        raise NotImplementedError

    def escape_and_quote_field(self, field_name: str) -> str:
        return self.quote_column(self.column(field_name).name)
