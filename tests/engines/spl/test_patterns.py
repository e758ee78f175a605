"""Regular expressions as PCRE reads them."""

from __future__ import annotations

import pytest

pytest.importorskip("pcre2")

from trident.engines.spl.errors import SplSyntaxError
from trident.engines.spl.patterns import compile_pattern, wildcard

FOUND = [
    ("(Copy-Item|cpi) .{2,128} -Destination", "cpi xx -Destination y", True),
    ("(?i)abc", "xABCx", True),
    ("abc", "xABCx", False),
    (r"\w", "\u00e9", False),
    (r"\d", "\u0663", False),
    ("(?i)\u00c9", "\u00e9", True),
    (r"(?<![A-Za-z0-9])(?:a|b)(?![A-Za-z0-9])", "x_a_", True),
    (r"^a\z", "a\n", False),
    ("^a$", "a\n", True),
    (r"\Qa.b\E", "a.b", True),
    ("[[:digit:]]+", "x1", True),
    (r"\x{41}\x42\x{1F600}", "AB\U0001f600", True),
    (r"a\\x", "a\\x", True),
    (r"\Q\x{41}\E", r"\x{41}", True),
    ("a++b", "aab", True),
    ("a.b", "a\nb", False),
    ("(?s)a.b", "a\nb", True),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), FOUND)
def test_search(pattern: str, text: str, expected: bool) -> None:
    assert (compile_pattern(pattern).search(text) is not None) is expected


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "(?<n", "[a", "*a", r"\1", r"\u0041", r"\Ux"])
def test_broken(pattern: str) -> None:
    with pytest.raises(SplSyntaxError):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("a*", "ABC", True),
        ("*b*", "a\nb\nc", True),
        ("a?c", "abc", False),
        ("a.c", "abc", False),
        ("a", "a\n", False),
        ("", "", True),
        ("\u00c9*", "\u00e9t\u00e9", True),
    ],
)
def test_wildcard(value: str, text: str, expected: bool) -> None:
    assert (wildcard(value).search(text) is not None) is expected
