"""The words: what each test, modifier, level and role is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sigma.types import CompareOperators, SigmaRegularExpressionFlag, TimestampPart

from trident.rule.plan import Operator, Statistic


class Kind(StrEnum):
    """What a test asks of a field's value."""

    EQUALS = "equals"
    CONTAINS = "contains"
    STARTS = "starts"
    ENDS = "ends"
    PATTERN = "pattern"
    REGEX = "regex"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ADDRESS = "address"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    NEQ = "neq"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    SAME_AS = "same as"
    STARTS_AS = "starts as"
    ENDS_AS = "ends as"
    HOLDS = "holds"
    MISSING = "missing"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Phrase:
    """How one kind of test is said of one value, of any or all of several, and negated."""

    one: str
    not_one: str
    any: str = ""
    none: str = ""
    all: str = ""
    not_all: str = ""

    def said(self, several: bool, link_all: bool, negated: bool) -> str:
        """The phrase for a test."""
        if not several:
            return self.not_one if negated else self.one
        if link_all:
            return self.not_all if negated else self.all
        return self.none if negated else self.any


def _verb(verb: str, plain: str, noun: str = "") -> Phrase:
    """The phrases of a verb with an object: ``contains``, ``does not contain``, ..."""
    one, many = (f" the {noun}", f" of the {noun}s") if noun else ("", " of")
    return Phrase(
        f"{verb}{one}",
        f"does not {plain}{one}",
        f"{verb} any{many}",
        f"{verb} none{many}",
        f"{verb} all{many}",
        f"does not {plain} all{many}",
    )


def _is(what: str = "") -> Phrase:
    """The phrases of a noun: ``is a number greater than``, ``is not any of``, ..."""
    one = " ".join(filter(None, ["is", what]))
    negated = " ".join(filter(None, ["is not", what]))
    return Phrase(one, negated, f"{one} any of", f"{negated} any of")


PHRASES: Mapping[Kind, Phrase] = {
    Kind.EQUALS: _is(),
    Kind.CONTAINS: _verb("contains", "contain"),
    Kind.STARTS: _verb("starts with", "start with"),
    Kind.ENDS: _verb("ends with", "end with"),
    Kind.PATTERN: _verb("fits", "fit", "pattern"),
    Kind.REGEX: _verb("has a match of", "have a match of", "regular expression"),
    Kind.NUMBER: _is(),
    Kind.BOOLEAN: _is(),
    Kind.ADDRESS: _is("an address in"),
    Kind.LT: _is("a number less than"),
    Kind.LTE: _is("a number of at most"),
    Kind.GT: _is("a number greater than"),
    Kind.GTE: _is("a number of at least"),
    Kind.NEQ: _is("a number other than"),
    **{
        kind: _is(f"a time whose {kind} (UTC) is")
        for kind in (Kind.MINUTE, Kind.HOUR, Kind.DAY, Kind.MONTH, Kind.YEAR)
    },
    Kind.WEEK: _is("a time whose ISO week (UTC) is"),
    Kind.SAME_AS: Phrase("is the same text as field", "is not the same text as field"),
    Kind.STARTS_AS: Phrase(
        "starts with the text of field", "does not start with the text of field"
    ),
    Kind.ENDS_AS: Phrase("ends with the text of field", "does not end with the text of field"),
    Kind.HOLDS: Phrase("contains the text of field", "does not contain the text of field"),
    Kind.MISSING: Phrase("is missing", "is present"),
    Kind.PRESENT: Phrase("is present", "is missing"),
}
"""What a test says of its field, which stands before it."""

LINKED = frozenset({Kind.CONTAINS, Kind.STARTS, Kind.ENDS, Kind.PATTERN, Kind.REGEX})
"""The tests of which one field can be told to pass all of several."""

SOME_FIELD, NO_FIELD = "some field", "no field"
"""What stands for the field of a keyword."""

OR_MISSING, OR_EITHER_MISSING = "or is missing", "or one of the two is missing"
"""A negated test holds for a missing value, too (docs/semantics.md, Detections)."""

COMPARISONS: Mapping[CompareOperators, Kind] = {
    CompareOperators.LT: Kind.LT,
    CompareOperators.LTE: Kind.LTE,
    CompareOperators.GT: Kind.GT,
    CompareOperators.GTE: Kind.GTE,
    CompareOperators.NEQ: Kind.NEQ,
}

TIMESTAMP_PARTS: Mapping[TimestampPart, Kind] = {
    TimestampPart.MINUTE: Kind.MINUTE,
    TimestampPart.HOUR: Kind.HOUR,
    TimestampPart.DAY: Kind.DAY,
    TimestampPart.WEEK: Kind.WEEK,
    TimestampPart.MONTH: Kind.MONTH,
    TimestampPart.YEAR: Kind.YEAR,
}

REFERENCES: Mapping[tuple[bool, bool], Kind] = {
    # whether the other field's text stands at the start, at the end (both: anywhere)
    (False, False): Kind.SAME_AS,
    (True, False): Kind.STARTS_AS,
    (False, True): Kind.ENDS_AS,
    (True, True): Kind.HOLDS,
}

FLAGS: Mapping[SigmaRegularExpressionFlag, str] = {
    SigmaRegularExpressionFlag.MULTILINE: "with ^ and $ at each line",
    SigmaRegularExpressionFlag.DOTALL: "with . also for a line break",
}

WILDCARDS = "* being any text and ? any one character"

IGNORING_CASE, CASED = "ignoring case", "in this case only"

MODIFIERS: Mapping[str, str] = {
    # Sigma's modifiers that change the written value, with what they make of it.
    "base64": "the value in base64",
    "base64offset": "the value in base64, as it reads at each of the three offsets",
    "wide": "the value in UTF-16 (little-endian)",
    "utf16": "the value in UTF-16 with a byte order mark",
    "utf16be": "the value in UTF-16 (big-endian)",
    "windash": "with -, /, and each long dash where an option begins",
    "expand": "the placeholder's values",
}

COMPARED: Mapping[Operator, str] = {
    Operator.GT: "more than",
    Operator.GTE: "at least",
    Operator.LT: "less than",
    Operator.LTE: "at most",
    Operator.EQ: "exactly",
    Operator.NEQ: "any number but",
}

STATISTICS: Mapping[Statistic, str] = {
    Statistic.COUNT: "the number of matches",
    Statistic.DISTINCT: "the number of different values of {fields}",
    Statistic.SUM: "the sum of {fields}",
    Statistic.AVG: "the mean of {fields}",
    Statistic.PERCENTILE: "the {percentile} percentile of {fields} (nearest rank)",
    Statistic.MEDIAN: "the median of {fields} (nearest rank, so one of the values)",
}

LIMITS: Mapping[str, str] = {
    "percentile": "the {percentile} percentile (nearest rank)",
    "avg": "the mean",
    "max": "the greatest value",
    "min": "the least value",
}
"""What ``trident.baseline.exceeds`` takes from the history."""
