"""The declarative text backend that every target's detections share, and its plan interface.

A target subclasses :class:`DetectionBackend` with pySigma's class attributes; its ``render``
module writes correlations around the predicates. Field names are resolved when they are
emitted, through the bound search: pySigma's rule objects are never changed, so one plan serves
all profiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sigma.conditions import ConditionItem, ConditionOR, ConditionValueExpression
from sigma.conversion.base import TextQueryBackend
from sigma.conversion.state import ConversionState
from sigma.types import SigmaExpansion

from trident.mapping.binding import BoundSearch
from trident.mapping.profiles import Column
from trident.result.translation import Note
from trident.rule.tree import condition_tests


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a rendered detection: its text, and the condition leaves that it says together
    (several where a list or one regular expression holds them)."""

    leaves: tuple[Any, ...]
    text: str


class DetectionBackend(TextQueryBackend):
    """Renders the detection of one bound search as a predicate of the target's language."""

    target: ClassVar[str]
    bound: BoundSearch

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notes: list[Note] = []
        """The notes of every predicate rendered so far; one instance serves one translation."""
        self._fragments: list[Fragment] | None = None

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

    def fragments(self, search: BoundSearch) -> tuple[Fragment, ...]:
        """The pieces that ``predicate`` puts together, in order, taken down while it does.

        Raises:
            Refusal: as ``predicate``.
        """
        self._fragments = []
        try:
            self.predicate(search)
            return tuple(self._fragments)
        finally:
            self._fragments = None

    def convert_condition(self, cond: Any, state: ConversionState) -> Any:
        start = len(self._fragments or ())
        text = super().convert_condition(cond, state)
        if self._fragments is not None:
            if not isinstance(cond, ConditionItem):
                del self._fragments[start:]  # the values of a leaf are no leaves of their own
            if len(self._fragments) == start:  # a leaf, or a list written in one
                self.record(tuple(condition_tests(cond)), str(text))
        return text

    def record(self, leaves: Sequence[Any], text: str) -> None:
        """Take down a piece that ``convert_condition`` does not write as a whole."""
        if self._fragments is not None:
            self._fragments.append(Fragment(tuple(leaves), text))

    def column(self, field: str) -> Column:
        """The native column that Sigma field ``field`` has on the search being rendered."""
        return self.bound.column(field)

    def quote_column(self, name: str) -> str:
        """A native column name as the language writes it; the target's own quoting rule."""
        raise NotImplementedError

    def escape_and_quote_field(self, field_name: str) -> str:
        return self.quote_column(self.column(field_name).name)

    def convert_condition_val(self, cond: ConditionValueExpression, state: ConversionState) -> Any:
        """A keyword; one with several expanded values (``base64offset``) is any of them."""
        if isinstance(cond.value, SigmaExpansion):
            parts: list[Any] = [ConditionValueExpression(value) for value in cond.value.values]
            return self.convert_condition_group(ConditionOR(parts), state)
        return super().convert_condition_val(cond, state)
