"""Every hostile value and regular expression on every engine, against the evaluator."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from tests.support.selection import Bench, lab_events, lab_profile
from tests.support.targets import SHIPPED
from tests.support.values import HOSTILE, MODIFIERS, REGEX_MODIFIERS, REGEXES
from tests.values.__main__ import main
from tests.values.cases import FIELD, case, random_cases
from trident.base.printable import HIDDEN

Benches = Callable[[str], Bench]
FIELDS = {FIELD: (FIELD, "string")}
SINGLE = (*MODIFIERS, "startswith|cased", "neq", "windash|contains")
LISTED = ("", "contains|all", "endswith|cased")
ESCAPED = {"\t", "\n", "\r"}
"""The hidden characters that an ES|QL literal has an escape for; the other languages have one for
each."""
REFUSALS = {"kql": {"TRI303"}, "spl": {"TRI303"}, "eql": {"TRI303"}, "esql": {"TRI301", "TRI303"}}


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("target", SHIPPED)
def test_value(benches: Benches, target: str, value: str) -> None:
    profile, bench, random = lab_profile(target, FIELDS), benches(target), Random(value)
    given: list[tuple[str | list[str], str]] = [(value, modifier) for modifier in SINGLE]
    given += [([value, "zzz"], modifier) for modifier in LISTED]
    for number, (each, modifier) in enumerate(given):
        made = case(each, modifier, negated=bool((number + len(value)) % 2))
        assert made is not None
        code = bench.check(made.plan, profile, made.events(random))
        unwritable = target == "esql" and {each[0] for each in HIDDEN.finditer(value)} - ESCAPED
        assert code == ("TRI301" if unwritable else "")


@pytest.mark.parametrize("regex", REGEXES)
@pytest.mark.parametrize("target", SHIPPED)
def test_regex(benches: Benches, target: str, regex: str) -> None:
    profile, bench, random = lab_profile(target, FIELDS), benches(target), Random(regex)
    for number, modifier in enumerate(REGEX_MODIFIERS):
        made = case(regex, modifier, negated=bool(number % 2))
        if made is not None:  # None: no regular expression for this pySigma
            code = bench.check(made.plan, profile, made.events(random))
            assert code in {"", "TRI303"} and (code == "" or target not in ("kql", "spl"))


@pytest.mark.parametrize("target", SHIPPED)
def test_random_values(benches: Benches, target: str) -> None:
    profile, bench, random = lab_profile(target, FIELDS), benches(target), Random(5)
    cases = list(random_cases(random, 120))
    codes = [bench.check(each.plan, profile, each.events(random)) for each in cases]
    assert set(codes) <= {""} | REFUSALS[target]
    unwritable = [c for c, code in zip(cases, codes, strict=True) if code == "TRI301"]
    assert all(HIDDEN.search("".join(each.value)) for each in unwritable)
    assert codes.count("") + len(unwritable) > 90


@pytest.mark.parametrize("target", SHIPPED)
def test_a_long_value(benches: Benches, target: str) -> None:
    value = "a" * 70_000
    made = case(value, "")
    assert made is not None
    events = lab_events({FIELD: text} for text in (value, value.upper(), value[:-1], ""))
    assert benches(target).check(made.plan, lab_profile(target, FIELDS), events) == ""


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["values", "--runs", "5", "--target", "spl", "--seed", "2"])
    assert main() == 0
    printed = capsys.readouterr().out
    assert printed.startswith("spl: 5 runs in ") and "5 runs in total, seed 2" in printed
