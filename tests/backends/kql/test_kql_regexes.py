"""What RE2 would read in another way than the reference is refused."""

from __future__ import annotations

import pytest

from tests.support.generate import plan_documents
from trident.mapping.profiles import load_profiles
from trident.translate.translate import translate

REFUSED = {
    "look-ahead": "a(?=b)",
    "back-reference": r"(a)\1",
    "possessive": "a++b",
    "POSIX class": "[[:alpha:]]x",
}


@pytest.mark.parametrize("pattern", REFUSED.values(), ids=REFUSED)
def test_refused(pattern: str) -> None:
    rule = {
        "title": "regex",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {"selection": {"CommandLine|re": pattern}, "condition": "selection"},
    }
    try:
        plan = plan_documents((rule,))
    except AssertionError as error:  # pySigma 2 reads expressions with RE2 itself
        assert "TRI101" in str(error) and pattern != REFUSED["POSIX class"]
        return
    found = translate(plan, load_profiles("kql")["sentinel"])
    assert found.error is not None and found.error.code == "TRI303"
