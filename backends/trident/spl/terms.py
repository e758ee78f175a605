"""Search terms as a small tree, printed once: a field's values, all of some terms, any of some.

Alternatives of one field are one ``field IN (...)``, whose values may hold wildcards as behind
``=`` (Splunk Search Reference, *search*, The IN operator;
https://splunk.com/en_us/blog/tips-and-tricks/smooth-operator-searching-for-multiple-field-values.html).
A value that another one finds anyway is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Value = str | int


@dataclass(frozen=True, slots=True)
class Values:
    """A field that is one of some values: whole numbers, and texts in any case, whole ones,
    ``begin*``, ``*word*`` or ``*end``."""

    name: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        listed = [
            str(each) if isinstance(each, int) and each >= 0 else f'"{each}"'
            for each in self.values
        ]
        if len(listed) == 1:
            return f"{self.name}={listed[0]}"
        return f"{self.name} IN ({', '.join(listed)})"


@dataclass(frozen=True, slots=True)
class Raw:
    """A word or phrase of ``_raw``, as it is written."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class AllOf:
    """Terms that must all hold; in parentheses inside of others (search reads OR before AND)."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " ".join(map(_inside, self.terms))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Terms of which one must hold."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " OR ".join(map(_inside, self.terms))


Term = Values | Raw | AllOf | AnyOf


def all_of(terms: Iterable[Term | None]) -> Term | None:
    """The terms that are known, each once; None when none is."""
    flat: dict[Term, None] = {}
    for term in terms:
        if term is not None:
            flat |= dict.fromkeys(term.terms if isinstance(term, AllOf) else (term,))
    return _one(tuple(flat), AllOf)


def any_of(terms: Iterable[Term | None]) -> Term | None:
    """Any of the terms, those of one field together; None when one of them is unknown."""
    order: dict[str | Term, None] = {}
    values: dict[str, list[Value]] = {}
    for term in terms:
        if term is None:
            return None
        for part in term.terms if isinstance(term, AnyOf) else (term,):
            order[part.name if isinstance(part, Values) else part] = None
            if isinstance(part, Values):
                values.setdefault(part.name, []).extend(part.values)
    made = (_values(key, values[key]) if isinstance(key, str) else key for key in order)
    return _one(tuple(made), AnyOf)


def inside(term: Term) -> str:
    """The term among others that must all hold."""
    return f"({term})" if isinstance(term, AnyOf) else str(term)


def _inside(term: Term) -> str:
    return str(term) if isinstance(term, Values | Raw) else f"({term})"


def _one(terms: tuple[Term, ...], several: type[AllOf | AnyOf]) -> Term | None:
    if len(terms) > 1:
        return several(terms)
    return terms[0] if terms else None


def _values(name: str, values: Iterable[Value]) -> Values:
    """A field's values without those that another one finds."""
    written: dict[str, Value] = {}
    for value in values:
        written.setdefault(str(value).lower(), value)
    words = _lengths(low for low in written if low.startswith("*") and low.endswith("*"))
    begins = _lengths(low for low in written if low.endswith("*") and not low.startswith("*"))
    ends = _lengths(low for low in written if low.startswith("*") and not low.endswith("*"))

    def wider(low: str) -> Iterator[str]:
        text = low.strip("*")
        if not low.startswith("*"):
            yield from (f"{text[:length]}*" for length in begins)
        if not low.endswith("*"):
            yield from (f"*{text[-length:]}" for length in ends)
        for length in words:
            starts = range(len(text) - length + 1)
            yield from (f"*{text[start : start + length]}*" for start in starts)

    kept = {
        low: value
        for low, value in written.items()
        if not any(each in written for each in wider(low) if each != low)
    }
    return Values(name, tuple(kept.values()))


def _lengths(values: Iterable[str]) -> list[int]:
    return sorted({len(value.strip("*")) for value in values})
