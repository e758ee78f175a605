"""What a rule costs is computed before the work: many rules, levels and parts are translated, or
refused with the limit, in seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.translator.conftest import Trident
from tests.translator.conftest import trident as trident  # the fixture
from trident.base.diagnostics import Refusal
from trident.eql.variants import MAX_QUERIES, variants
from trident.rule.bounds import MAX_RULES, MAX_TESTS
from trident.rule.plan import AllOf, AnyOf, Comparison, Has, Operator, RuleCount, Together

SECONDS = 60
"""Of CPU time, for one rule file on all targets: whether it ends; how soon is for benchmarks."""

HEAD = "logsource: {category: process_creation, product: windows}"


def search(name: str, parts: str = "  s: {Image|endswith: x.exe}\n", condition: str = "s") -> str:
    """A detection rule."""
    return f"title: T {name}\nname: {name}\n{HEAD}\ndetection:\n{parts}  condition: {condition}\n"


def correlation(name: str, kind: str, *rules: str, condition: str = "") -> str:
    """A correlation of rules."""
    listed = f"title: C {name}\nname: {name}\ncorrelation:\n  type: {kind}\n"
    listed += f"  rules: [{', '.join(rules)}]\n  group-by: [Computer]\n  timespan: 5m\n"
    return f"{listed}  condition: {condition}\n" if condition else listed


def together(number: int, condition: str = "") -> str:
    """So many rules in any order."""
    names = [f"r{index}" for index in range(number)]
    last = correlation("last", "temporal", *names, condition=condition)
    return "---\n".join([*map(search, names), last])


def chain(number: int) -> str:
    """Correlations each of which refers to the one before."""
    counts = [
        correlation(f"c{n}", "event_count", f"c{n - 1}" if n else "r", condition="{gte: 2}")
        for n in range(number)
    ]
    return "---\n".join([search("r"), *counts])


def doubling(number: int) -> str:
    """Pairs of correlations each of which refers to both of the pair before."""
    pairs = [("r", "s"), *((f"a{n}", f"b{n}") for n in range(number))]
    above = [
        correlation(name, "temporal", *pairs[n])
        for n, pair in enumerate(pairs[1:])
        for name in pair
    ]
    top = correlation("top", "temporal", *pairs[-1])
    return "---\n".join([search("r"), search("s"), *above, top])


def parts(number: int, condition: str) -> str:
    """Parts s0, s1, ... under a condition."""
    named = "".join(f"  s{n}: {{CommandLine|contains: 'x{n}'}}\n" for n in range(number))
    return search("r", named, condition)


def ring(number: int) -> str:
    """Correlations in one circle."""
    return "---\n".join(
        correlation(f"c{n}", "event_count", f"c{(n + 1) % number}", condition="{gte: 2}")
        for n in range(number)
    )


KINDS: dict[str, tuple[Callable[[int], str], dict[int, str]]] = {
    "any order": (together, {10: "the rule needs 1000000 or more", 40: "TRI358", 1000: "TRI358"}),
    "alternatives": (
        lambda n: together(n, " and ".join(f"(r{i} or r{i + 1})" for i in range(0, n, 2))),
        {10: "TRI358", 40: "TRI358", 1000: "1000000 or more"},
    ),
    "levels": (chain, {40: "", 1000: "TRI007"}),
    "doubled levels": (doubling, {40: "TRI118", 1000: f"more than {MAX_RULES}"}),
    "circle": (ring, {10: "TRI110", 200: "TRI110"}),
    "all of": (
        lambda n: parts(n, " or ".join(["all of s*"] * 50)),
        {10: "", 40: "", 1000: f"50000 tests; Trident takes {MAX_TESTS}"},
    ),
    "wildcards of 1 of": (
        lambda n: search("r", f"  {'s' * 30}: {{Image: a}}\n", f"1 of s{'*' * n}x"),
        {2: "", 40: "too many wildcards", 1000: "TRI118"},
    ),
    "1 of": (lambda n: parts(n, "1 of s*"), {1000: ""}),
    "not 1 of": (lambda n: parts(n, "s0 and not 1 of s*"), {40: ""}),
    "nots": (lambda n: parts(1, f"{'not ' * n}s0"), {40: "", 1000: "TRI007"}),
    "parentheses": (lambda n: parts(1, f"{'(' * n}s0{')' * n}"), {40: "", 1000: ""}),
}
"""By what grows: the rules, and for each number what is said of them, "" where nothing must be."""


@pytest.mark.parametrize("kind", KINDS)
def test_convert(kind: str, tmp_path: Path, trident: Trident) -> None:
    text, sizes = KINDS[kind]
    for number, said in sizes.items():
        (tmp_path / "rule.yml").write_text(text(number))
        start = time.process_time()
        command = ("convert", "rule.yml", "-t", "all", "--no-cache", "--jobs", "1")
        ran = trident(*command, cwd=tmp_path)
        assert time.process_time() - start < SECONDS, number
        assert ran.code in (0, 1)
        assert said in ran.err, (number, ran.err[:500])
        assert "TRI599" not in ran.err


def test_sequences_are_counted_before_they_are_made() -> None:
    start = time.process_time()
    for number in (4, 10, 40, 1000, 5000):
        anything = Together(AllOf(tuple(map(Has, range(number)))))
        counted = RuleCount((Comparison(Operator.GTE, number // 2),))
        pairs = AllOf(tuple(AnyOf((Has(n), Has(n + 1))) for n in range(0, number, 2)))
        for trigger in (anything, counted):
            with pytest.raises(Refusal, match=f"Trident writes {MAX_QUERIES} at most"):
                variants(trigger, number)
        if number > 4:
            with pytest.raises(Refusal, match="at most"):
                variants(Together(pairs), number)
    assert len(variants(Together(AllOf((Has(0), Has(1), Has(2)))), 3)) == MAX_QUERIES
    assert time.process_time() - start < SECONDS
