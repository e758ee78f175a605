"""Values that only SPL refuses, and long ones; ``tests/values`` runs the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.backends.spl.run import profile
from tests.support.selection import Bench, lab_events, lab_profile
from tests.support.values import search
from tests.values.cases import FIELD, case
from trident.base.diagnostics import TridentError
from trident.translate.translate import translate

REFUSED = [
    (
        "re",
        "[[:alpha:]]",
        "TRI303",
        "a POSIX class, which the reference reads as single characters",
    ),
    ("re", "(?m)^a$", "TRI303", "the flag belongs in the modifiers"),
    ("re", "(?x)a b", "TRI303", "a comment would end at a line break that no literal holds"),
    ("re", r"\u0041", "TRI303", "PCRE has no such escape"),
    ("re", "a" * 40_000, "TRI303", "longer than PCRE compiles"),
    ("contains", "a" * 40_000, "TRI301", "longer than PCRE compiles"),
    ("hour", 3, "TRI305", "the zone of a time in text is unknown"),
]


@pytest.mark.parametrize(
    ("modifier", "value", "code"), [row[:3] for row in REFUSED], ids=[row[3] for row in REFUSED]
)
def test_refused(modifier: str, value: object, code: str) -> None:
    try:
        plan = search(value, modifier)
    except (AssertionError, TridentError):
        pytest.skip("not a regular expression for this pySigma")
    error = translate(plan, profile()).error
    assert error is not None and error.code == code


def test_a_long_list_is_several_patterns(benches: Callable[[str], Bench]) -> None:
    values = [f"value-{number}-{'x' * 90}" for number in range(1000)]
    found = case(values, "endswith")
    assert found is not None
    events = lab_events({FIELD: text} for text in (values[0], f"a{values[-1]}", "value"))
    lab = lab_profile("spl", {FIELD: (FIELD, "string")})
    assert benches("spl").check(found.plan, lab, events) == ""
