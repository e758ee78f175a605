"""Sigma regular expressions as Lucene's: the printed form, refusals, and equivalence."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
import yaml

from trident.base.diagnostics import Refusal
from trident.elastic.regexes import to_lucene
from trident.engines.eql.lucene import to_python

PRINTED = [
    ("abc", 0, ".*abc.*"),
    ("^abc", 0, "abc.*"),
    ("abc$", 0, ".*abc"),
    (r"\Aabc\Z", 0, "abc"),
    ("a|^b|c$", 0, "(.*a.*|b.*|.*c)"),
    ("(^|[^A-Za-z0-9])(xy|zw)([^A-Za-z0-9]|$)", 2, "(.*[^A-Za-z0-9])?(xy|zw)([^A-Za-z0-9].*)?"),
    ("(^a)?b", 0, "((a)|.*)b.*"),
    ("a.b", 0, ".*a[^\n]b.*"),  # the dot stops at line breaks,
    ("a.b", int(re.DOTALL), ".*a.b.*"),  # unless told otherwise
    (r"a[\s\S]b", 0, ".*a.b.*"),
    (r"\d+", 0, ".*[0-9]+.*"),
    (r"[^\d]", 0, ".*[^0-9].*"),
    (r"\W", 0, ".*[^0-9A-Z_a-z].*"),
    (r"[\Wa]", 0, ".*[^0-9A-Z_b-z].*"),
    (r"\bab\b", 0, "(.*[^0-9A-Z_a-z])?ab([^0-9A-Z_a-z].*)?"),
    ("[a-f]x", 2, ".*[a-fA-F]x.*"),  # Lucene folds no range
    ("[^x]y", 2, ".*[^xX]y.*"),
    ("é[à-ü]", 0, ".*é[à-ü].*"),
    ("é", 2, ".*[éÉ].*"),  # nor any letter outside ASCII
    ("a+?b*?c??", 0, ".*a+b*c?.*"),  # lazy and greedy match the same values
    ("(?:ab){2,3}", 0, ".*(ab){2,3}.*"),
    ("(a|b|)+", 0, ".*((a|b)?)+.*"),
    ('a"#@&<>~b', 0, r".*a\"\#\@\&\<\>\~b.*"),
    (r"[\]\\^-]", 0, r".*[\]\\\^\-].*"),
    (r"[\\-a]", 0, r".*[\\\]-a].*"),  # an escaped backslash cannot start Lucene's range
    ("(?i)ab", 0, ".*ab.*"),
]


@pytest.mark.parametrize(("pattern", "flags", "printed"), PRINTED)
def test_printed(pattern: str, flags: int, printed: str) -> None:
    assert to_lucene(pattern, flags).pattern == printed


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)b", "(?!a)b", "(?<=a)b", r"(a)\1", "(?P<x>a)(?P=x)", "(a)?(?(1)b|c)", "a++", "(?>a)",
        "a^b", "a$b", "(^a){2}", r"a\bb", r"\Ba", "(?m)^a", "(?m)a$", "(?i:a)b", "(?s:.)", "[",
        "a{3,2}", r"[^\s\S]", "a" * 1_001,
    ],
)  # fmt: skip
def test_refused(pattern: str) -> None:
    with pytest.raises(Refusal) as refused:
        to_lucene(pattern)
    assert refused.value.diagnostic.code == "TRI303"


ATOMS = (
    *("a", "b", "A", "1", "_", ".", "[ab]", "[^a]", "[a-c1]", r"\d", r"\w", r"\W", r"\s", r"\."),
    *("-", "(a|b1)", "(?:ab)?", r"[\s\S]"),
)
EDGES = ("", "", "", "^", "(^|_)", r"\b", "(?:^a|b)")
ENDS = ("", "", "", "$", "($|-)", r"\b", "(?:a$|b)")
ALPHABET = "aabAB1_.-\n é"


def random_pattern(random: Random) -> str:
    body = "".join(
        random.choice(ATOMS) + random.choice(("", "", "", "*", "+", "?", "{2}", "{1,2}", "*?"))
        for _ in range(random.randint(1, 4))
    )
    if random.random() < 0.2:
        body = f"{body}|{random.choice(ATOMS)}"
    return random.choice(EDGES) + body + random.choice(ENDS)


@pytest.mark.parametrize("flags", [0, 2], ids=["cased", "insensitive"])
def test_random_patterns_match_the_same_texts(flags: int) -> None:
    """Against Python's engine in the reading of ``trident.rule.regex``."""
    random = Random(flags)
    compared = 0
    for _ in range(2_000):
        pattern = random_pattern(random)
        try:
            found = to_lucene(pattern, flags)
        except Refusal:
            continue
        theirs = re.compile(pattern.replace("$", r"\Z"), flags | re.ASCII)
        ours = to_python(found.pattern, found.insensitive)
        for _ in range(12):
            text = "".join(random.choices(ALPHABET, k=random.randint(0, 6)))
            wanted = theirs.search(text) is not None
            assert (ours.fullmatch(text) is not None) is wanted, (pattern, found.pattern, text)
            compared += 1
    assert compared > 15_000


def test_published_patterns(shared: Path) -> None:
    """Every pattern of the public rules is translated, or refused for what Lucene lacks."""
    refused: dict[str, str] = {}
    total = 0
    for path in sorted((shared / "corpus" / "sigmahq" / "rules").rglob("*.yml")):
        source = path.read_text("utf-8")
        if "|re" not in source:
            continue
        for document in yaml.load_all(source, yaml.CSafeLoader):
            for pattern in patterns(document.get("detection", {})):
                total += 1
                try:
                    to_python(to_lucene(pattern).pattern, False)
                except Refusal as refusal:
                    refused[pattern] = refusal.diagnostic.message
    assert total > 150
    assert len(refused) < total / 20, refused


def patterns(detection: object) -> list[str]:
    """The values of all |re fields below a detection."""
    if isinstance(detection, list):
        return [pattern for part in detection for pattern in patterns(part)]
    if not isinstance(detection, dict):
        return []
    found = []
    for key, value in detection.items():
        if "|re" in str(key):
            found += [str(each) for each in (value if isinstance(value, list) else [value])]
        else:
            found += patterns(value)
    return found
