"""The search before the first pipe: which events are read at all.

It holds the predicate's macros, selectors and some of its words. It may keep an event that the
predicate drops, never the other way round: what has no safe search term is left out (negations,
comparisons, characters that JSON escapes). A whole value is itself and a whole number its digits,
which the index answers; of another text it is one word between wildcards, since the Search Manual
(*Wildcards*) warns of wildcards inside words with punctuation, or before one where the text begins
with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionOR,
)
from sigma.types import (
    SigmaCasedString,
    SigmaExpansion,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from trident.base.diagnostics import Refusal
from trident.mapping.binding import BoundSearch
from trident.mapping.profiles import Profile, Table
from trident.spl import syntax
from trident.spl.literals import anchored_term, raw_term, word_term, words_of_regex
from trident.spl.terms import Raw, Term, Values, all_of, any_of, inside

# What search reads otherwise than as a field of the event, or has an index of its own for.
_OTHERWISE = frozenset(
    {"eventtype", "host", "index", "source", "sourcetype", "splunk_server", "tag"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table's events are: a macro, and the selector that tells them from others there."""

    macro: str
    selector: tuple[tuple[str, str], ...]

    @property
    def terms(self) -> str:
        """The search terms that find this table."""
        chosen = (f"{syntax.name(f)}={syntax.literal(value)}" for f, value in self.selector)
        return " ".join([f"`{self.macro}`", *chosen])

    @property
    def test(self) -> str:
        """The selector as a two-valued test; "" without one."""
        return " AND ".join(
            f'coalesce({syntax.field(f)},"")=={syntax.literal(value)}' for f, value in self.selector
        )


def place(table: Table, profile: Profile) -> Place:
    """Where the profile has ``table``.

    Raises:
        Refusal: TRI331 for a macro name that is none.
    """
    role = table.settings["macro"]
    macro = profile.settings.get("macros", {}).get(role, f"trident_{role}")
    if not isinstance(macro, str) or not macro.replace("_", "").replace("-", "").isalnum():
        raise Refusal("TRI331", f"{macro!r} is no macro name")
    selector = table.settings.get("selector", {})
    return Place(macro, tuple((f, str(value)) for f, value in selector.items()))


def reached(table: Table, profile: Profile) -> Iterable[str]:
    """The search terms that find a table's events, for ``trident explain``."""
    return [place(table, profile).terms]


def search_clause(searches: Sequence[BoundSearch], seconds: int | None, delay: int = 0) -> str:
    """The search that reads the events of ``searches``, from ``seconds`` before ``delay`` seconds
    before now, to then.

    One second more at both ends: ``latest`` excludes its own time (Search Manual, *Specify time
    modifiers in your search*), and the exact ends are tested on ``_time`` later. None leaves the
    time to the search's own range.
    """
    terms: dict[Place, list[Term | None]] = {}
    for search in searches:
        where = place(search.source.table, search.profile)
        terms.setdefault(where, []).append(_terms(search, search.plan.condition))
    clauses = []
    for where, alternatives in terms.items():
        narrowed = any_of(alternatives)
        clauses.append(where.terms + (f" {inside(narrowed)}" if narrowed else ""))
    clause = clauses[0] if len(clauses) == 1 else "(" + ") OR (".join(clauses) + ")"
    if seconds is None:
        return clause
    return f"({clause}) earliest=-{seconds + delay + 1}s latest={1 - delay:+}s"


def tests(searches: Sequence[BoundSearch]) -> list[str]:
    """For each search the test that an event is of its table; "" where all that is read is.

    A table without a selector is told by what the other tables' selectors do not claim.

    Raises:
        Refusal: TRI330 when two tables cannot be told apart.
    """
    places = [place(search.source.table, search.profile) for search in searches]
    distinct = list(dict.fromkeys(places))
    if len([where for where in distinct if not where.test]) > 1:
        raise Refusal(
            "TRI330", "two of the rule's tables have no selector: one search cannot tell them apart"
        )
    if len(distinct) == 1:
        return [""] * len(places)
    others = " OR ".join(f"({where.test})" for where in distinct if where.test)
    return [where.test or f"NOT ({others})" for where in places]


def said_exactly(search: BoundSearch, condition: object) -> Term | None:
    """The search term that finds what a test, or a list on one field, finds, and nothing else;
    None when there is none of which Splunk's pages leave no doubt.

    A text in quotes is compared as it is, in any case, ``*`` stands for any characters, and a
    missing field equals none (Search Reference, *search*, Comparison expressions). What begins
    with a letter is read neither as a number nor as a network. Beside wildcards the text is one
    word of letters and digits, since of punctuation there the Search Manual (*Wildcards*) warns.
    """
    parts = condition.args if isinstance(condition, ConditionOR) else [condition]
    if not all(_is_said(search, part) for part in parts):
        return None
    term = _terms(search, condition)
    return term if isinstance(term, Values) else None


def _is_said(search: BoundSearch, part: object) -> bool:
    if not isinstance(part, ConditionFieldEqualsValueExpression):
        return False
    column, value = search.column(part.field), part.value
    if column.name in _OTHERWISE or column.name.startswith("_"):
        return False
    term = _value_terms(search, part.field, value)
    if not isinstance(term, Values):
        return False
    if isinstance(value, SigmaNumber) and not isinstance(value, SigmaTimestampPart):
        return column.type in ("int", "long") and abs(value.number) < syntax.EXACT
    if not isinstance(value, SigmaString) or isinstance(value, SigmaCasedString):
        return False
    literal = [each for each in value.s if isinstance(each, str)]
    if len(literal) != 1 or "*" in literal[0]:  # a star of the text is none that search can quote
        return False
    (word,) = literal
    text = "".join("*" if each is SpecialChars.WILDCARD_MULTI else word for each in value.s)
    stars = all(isinstance(each, str) or each is SpecialChars.WILDCARD_MULTI for each in value.s)
    plain = word[0].isalpha() and (word == text or word.isalnum())
    return stars and plain and term.values == (text,)


def _terms(search: BoundSearch, condition: object) -> Term | None:
    """Search terms that every event of a detection meets; None when there are none."""
    if isinstance(condition, ConditionAND):
        return all_of(_terms(search, part) for part in condition.args)
    if isinstance(condition, ConditionOR):
        return any_of(_terms(search, part) for part in condition.args)
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return _value_terms(search, condition.field, condition.value)
    return None


def _value_terms(search: BoundSearch, field: str, value: object) -> Term | None:
    if isinstance(value, SigmaExpansion):
        return any_of(_value_terms(search, field, part) for part in value.values)
    column = search.column(field)
    if column.expression:
        return None
    name = syntax.name(syntax.native(column))
    if isinstance(value, SigmaNumber) and float(value.number).is_integer():
        return Values(name, (int(value.number),))
    if isinstance(value, SigmaString):
        if name == syntax.RAW and (term := raw_term(value.s)):
            return Raw(term)
        term = anchored_term(value.s) or word_term(value.s)
        return None if term is None else Values(name, (term,))
    if not isinstance(value, SigmaRegularExpression):
        return None
    words = words_of_regex(str(value.regexp))
    return None if words is None else any_of(Values(name, (f"*{word}*",)) for word in words)
