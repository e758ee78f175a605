"""The note on letters whose case engines fold differently.

The definition lowers one letter to one letter (``trident.meaning.detection``). Unicode's full
folding makes ``ss`` of a sharp s, a Turkish reading pairs the dotted and dotless i, and regular
expression engines take the long s for s, the final sigma for sigma and the like
(https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt).
"""

from __future__ import annotations

from collections.abc import Iterator

from sigma.conditions import ConditionFieldEqualsValueExpression
from sigma.types import (
    SigmaCasedString,
    SigmaExpansion,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
)

from trident.mapping.binding import Bound, bound_searches
from trident.result.translation import Note
from trident.rule.tree import condition_tests

LETTERS = frozenset(
    "\u00b5\u00df\u0130\u0131\u017f\u0345\u0390\u0392\u0395\u0398\u0399\u039a\u039c"
    "\u03a0\u03a1\u03a3\u03a6\u03b0\u03b2\u03b5\u03b8\u03b9\u03ba\u03bc\u03c0\u03c1"
    "\u03c2\u03c3\u03c6\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f4\u03f5\u0412\u0414"
    "\u041e\u0421\u0422\u042a\u0432\u0434\u043e\u0441\u0442\u044a\u0462\u0463\u1c80"
    "\u1c81\u1c82\u1c83\u1c84\u1c85\u1c86\u1c87\u1c88\u1e60\u1e61\u1e9b\u1e9e\u1fbe"
    "\u1fd3\u1fe3\u212a\u212b\ua64a\ua64b\ufb05\ufb06"
)
"""Sharp s, dotted I, dotless i, long s, Kelvin and Angstrom sign; and those that the table of the
consortium folds together with letters that lower-casing tells apart (final sigma, micro sign).
"""


def letter_notes(bound: Bound) -> Iterator[Note]:
    """A note for each column that is compared without case with one of ``LETTERS``."""
    for search in bound_searches(bound):
        for field, text in _folded(search.plan.condition):
            if not text.isascii() and (held := sorted(LETTERS.intersection(text))):
                column = search.column(field).name if field else "the record"
                listed = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in held)
                yield Note.of("TRI408", column=column, letters=listed)


def _folded(condition: object) -> Iterator[tuple[str, str]]:
    """(field, text) of every test that ignores case; a keyword has no field."""
    for test in condition_tests(condition):
        field = test.field if isinstance(test, ConditionFieldEqualsValueExpression) else ""
        value = test.value
        for each in value.values if isinstance(value, SigmaExpansion) else [value]:
            if isinstance(each, SigmaString):
                if not isinstance(each, SigmaCasedString):
                    yield field, "".join([part for part in each.s if isinstance(part, str)])
            elif (
                isinstance(each, SigmaRegularExpression)
                and SigmaRegularExpressionFlag.IGNORECASE in each.flags
            ):
                yield field, str(each.regexp)
