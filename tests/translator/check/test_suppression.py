"""Comments that take findings away."""

from __future__ import annotations

import pytest

from tests.translator.check.conftest import CLEAN, Checked
from tests.translator.conftest import Trident

UNKNOWN = CLEAN.replace("attack.t1059.001", "attack.t9999")
LINE = "attack.t9999  # trident: ignore[TRI650]"
SUPPRESSION = {
    "at its line": (UNKNOWN.replace("attack.t9999", LINE), []),
    "at another line": (UNKNOWN + "# trident: ignore[TRI650]\n", ["TRI650", "TRI690"]),
    "of another code": (
        UNKNOWN.replace("attack.t9999", LINE.replace("650", "651")),
        ["TRI650", "TRI690"],
    ),
    "of the document": (f"# trident: ignore[TRI650]\n{UNKNOWN}", []),
    "of the document, below other comments": (
        f"# A rule.\n\n# trident: ignore[ TRI650 ]\n{UNKNOWN}",
        [],
    ),
    "several codes": (
        f"# trident: ignore[TRI650, tri608]\n{UNKNOWN.replace('level: medium', '')}",
        [],
    ),
    "one of several without use": (f"# trident: ignore[TRI650, TRI608]\n{UNKNOWN}", ["TRI690"]),
    "without use": (f"# trident: ignore[TRI650]\n{CLEAN}", ["TRI690"]),
    "no code": (f"# trident: ignore[TRI999]\n{CLEAN}", ["TRI691"]),
    "not a comment: text of a value": (
        UNKNOWN.replace("attack.t9999", '"attack.t9999 # trident: ignore[TRI650]"'),
        ["TRI650", "TRI654"],
    ),
    "not a comment: a block": (
        UNKNOWN.replace(
            "description: Finds PowerShell with an encoded command",
            "description: |\n  Finds it.\n  # trident: ignore[TRI690]",
        ),
        ["TRI650"],
    ),
    "not a comment: no space before it": (
        UNKNOWN.replace("attack.t9999", "'attack.t9999#trident: ignore[TRI650]'"),
        ["TRI650", "TRI654"],
    ),
}


@pytest.mark.parametrize("name", SUPPRESSION)
def test_suppression(name: str, checked: Checked) -> None:
    text, expected = SUPPRESSION[name]
    assert sorted(each.code for each in checked(text)) == sorted(expected)


def test_each_document_has_its_own(checked: Checked) -> None:
    second = UNKNOWN.replace("6a29edbe", "6a29edbf").replace("Encoded", "Hidden")
    text = f"# trident: ignore[TRI650]\n{UNKNOWN}---\n{second}"
    (found,) = checked(text)
    assert (found.code, found.span.line) == ("TRI650", 30)
    both = f"{UNKNOWN}---\n# trident: ignore[TRI650]\n{second}"
    (found,) = checked(both)
    assert (found.code, found.span.line) == ("TRI650", 10)


def test_of_what_another_profile_lacks(checked: Checked) -> None:
    text = f"# trident: ignore[TRI202]\n{CLEAN}"
    assert [each.code for each in checked(text)] == ["TRI690"]
    assert checked(text, narrowed=True) == []


def test_an_error_can_be_suppressed_too(checked: Checked) -> None:
    text = f"# trident: ignore[TRI101]\n{CLEAN.replace('status: test', 'status: good')}"
    assert checked(text) == []


def test_standard_input(trident: Trident) -> None:
    """Its text is read once, so the comments must come from there."""
    ran = trident("check", "-", "-t", "kql", stdin=SUPPRESSION["of the document"][0])
    assert (ran.code, ran.out) == (0, "")
