"""Lists as one regular expression: the same language, ends that all share written once."""

from __future__ import annotations

import re
from random import Random

import pytest
from sigma.types import SigmaString

from trident.spl import regex
from trident.spl.alternation import alternation

CASES = [
    (["a*"], "^a", "one pattern as it is"),
    ([r"*\cmd.exe", r"*\pwsh.exe"], r"\\(cmd|pwsh)[.]exe\z", "both ends"),
    ([r"*\cmd.exe", "*x*", r"*\pwsh.exe"], r"\\(cmd|pwsh)[.]exe\z|x", "those that share something"),
    (["*powershell*", "*power*"], "powershell|power", "words are not cut"),
    (["*/usr/a/*", "*/usr/a/b/*"], "/usr/(a|a/b)/", "something is left of each"),
    (["*é€*", "*è€*"], "é€|è€", "other signs are no edges, either"),
    ([r"a\b.exe", r"A\b.exe", r"a\b.exe"], r"^(a|A)\\b[.]exe\z", "each once"),
]


@pytest.mark.parametrize(("values", "expected"), [row[:2] for row in CASES])
def test_alternation(values: list[str], expected: str) -> None:
    assert alternation(regex.pattern(SigmaString(value)) for value in values) == expected


def test_it_matches_what_one_of_the_patterns_matches() -> None:
    random = Random("alternation")
    for _ in range(400):
        values = [
            "".join(random.choices("ab.*?-/", k=random.randint(1, 6)))
            for _ in range(random.randint(1, 7))
        ]
        patterns = [regex.pattern(SigmaString(value)) for value in values]
        together = re.compile(alternation(patterns).replace(r"\z", r"\Z"), re.DOTALL)
        alone = [re.compile("".join(each).replace(r"\z", r"\Z"), re.DOTALL) for each in patterns]
        for _ in range(30):
            text = "".join(random.choices("ab.-/", k=random.randint(0, 7)))
            assert bool(together.search(text)) == any(each.search(text) for each in alone), values


def test_many_values_stay_shallow() -> None:
    values = ["*" + "-" * number + f"x{number}*" for number in range(300)]
    made = alternation(regex.pattern(SigmaString(value)) for value in values)
    assert made.count("(") == 4
