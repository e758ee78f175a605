"""The reference runs a regular expression on RE2 where it can; Python's engine says the same."""

from __future__ import annotations

import random
import re
from itertools import product

import pytest
from sigma.exceptions import SigmaError
from sigma.types import SigmaRegularExpression, SigmaRegularExpressionFlag

from trident.base.diagnostics import Span
from trident.rule.planner import plan_all
from trident.rule.regex import _for_python, compile_regex
from trident.rule.rules import Document, Ruleset

PIECES = [
    *("a", "b", "K", "ß", "1", "_", "-", ".", "^", "$", "|", "*", "+", "?", "*?", "{2}"),
    *("{,2}", "{1,}", "(", ")", "(?:", "[ab]", "[^a]", r"[\s]", r"[\w.]", r"[^\d]", r"\s", r"\S"),
    *(r"\w", r"\W", r"\d", r"\D", r"\b", r"\B", r"\.", r"\\", r"\$", r"\n", r"\x41", "[[:alpha:]]"),
]
# Without the Kelvin sign and the long s: where case is ignored, Python's [A-Za-z0-9_] for \w holds
# them and RE2's \w does not.
LETTERS = ["a", "A", "b", "K", "k", "ß", "s", "1", "٣", "_", "-", ".", "\n", "\v",
           "\r", " ", "\u00a0", "$", "\\", "é", ""]  # fmt: skip


def expressions(count: int) -> list[SigmaRegularExpression]:
    """Random expressions that both engines take, with each combination of flags."""
    chosen = random.Random(7)
    flags = [
        {flag for flag, on in zip(SigmaRegularExpressionFlag, picked, strict=True) if on}
        for picked in product((False, True), repeat=3)
    ]
    found = []
    while len(found) < count:
        pattern = "".join(chosen.choices(PIECES, k=chosen.randint(1, 7)))
        try:
            value = SigmaRegularExpression(pattern, chosen.choice(flags))
            compile_regex(value)
            _for_python(pattern, value.flags)
        except (ValueError, re.error, SigmaError):
            continue
        found.append(value)
    return found


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
def test_the_same_texts() -> None:
    chosen = random.Random(8)
    texts = ["".join(chosen.choices(LETTERS, k=chosen.randint(0, 6))) for _ in range(60)]
    for value in expressions(3000):
        exact, used = _for_python(str(value.regexp), value.flags), compile_regex(value)
        for text in texts:
            same = (exact.search(text) is None) == (used.search(text) is None)
            assert same, (str(value.regexp), value.flags, text)


def test_half_a_character() -> None:
    """RE2 takes no lone surrogate."""
    assert compile_regex(SigmaRegularExpression("b$")).search("\ud800b") is not None
    assert compile_regex(SigmaRegularExpression("^.b$")).search("\ud800b") is not None
    assert compile_regex(SigmaRegularExpression("^b$")).search("\ud800b") is None


@pytest.mark.parametrize("pattern", [r"\Ba\B", r"\B(ab)a*\B", r"a+\Bb*"])
def test_not_at_an_edge_of_a_word(pattern: str) -> None:
    assert compile_regex(SigmaRegularExpression(pattern)).search("é" * 300) is None


@pytest.mark.parametrize("pattern", [r"\B(a+)+$", r"\B(a|aa)*b", r"\Ba*a*a*b", r"(\Ba{1,}){2,}b"])
def test_what_nobody_bounds_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="no bound"):
        compile_regex(SigmaRegularExpression(pattern))


@pytest.mark.parametrize("pattern", [r"(?<=a)b", r"(?!a)b", r"(a)\1"])
def test_a_rule_with_more_than_regular_expressions_is_an_error(pattern: str) -> None:
    """By pySigma 2, which reads with RE2, and here, whatever reads first."""
    document = {
        "title": "r",
        "name": "r",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {"s": {"CommandLine|re": pattern}, "condition": "s"},
    }
    ruleset = Ruleset.from_documents([Document(document, Span("r.yml", 1))])
    diagnostics = list(ruleset.diagnostics)
    diagnostics += [d for planned in plan_all(ruleset) for d in planned.diagnostics]
    assert [each.code for each in diagnostics] == ["TRI101"]
