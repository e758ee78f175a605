"""A sample of the public rule set on every target: what the data hold is converted and parses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.measure import Measured, log_sources, measure, rules
from tests.corpus.page import page, table
from tests.corpus.parsers import parsers
from tests.support.targets import SHIPPED
from trident.base.diagnostics import codes
from trident.mapping.profiles import load_profiles
from trident.mapping.resolver import resolve_source
from trident.rule.plan import LogSource, Search

EVERY = 20
LEAST = {"kql": 97.0, "spl": 97.0, "eql": 90.0, "esql": 90.0}
"""Per cent of the rules whose log source, fields and values are in the SIEM's data."""


@pytest.fixture(scope="session")
def sample(shared: Path) -> tuple[list[Search], str]:
    """Plans of the sample and the date of the whole set."""
    return rules(shared / "corpus/sigmahq/rules", EVERY)


@pytest.mark.parametrize("target", SHIPPED)
def test_what_the_data_hold_is_converted(sample: tuple[list[Search], str], target: str) -> None:
    plans, _ = sample
    for profile in load_profiles(target).values():
        found = measure(plans, profile, parsers().get(target))
        name = f"{target} {profile.name}: {found.total}"
        assert found.total.total() == len(plans), name
        assert found.in_data > len(plans) / 3, name
        assert found.share >= LEAST[target], name
        assert set(found.total) - {"converted"} <= set(codes()), name
        assert not found.unparsed, name


def test_the_committed_page_reaches_the_goal(root: Path) -> None:
    lines = (root / "docs/coverage.md").read_text("utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines[: lines.index("## Log sources")]]
    shares = {row[0]: float(row[6].removesuffix(" %")) for row in rows if row[-1][-1:].isdigit()}
    names = {f"{t} {profile}" for t in SHIPPED for profile in load_profiles(t)}
    assert set(shares) == names, "stale: python -m tests.corpus.coverage"
    assert all(share >= LEAST[name.split()[0]] for name, share in shares.items())


def test_page(sample: tuple[list[Search], str]) -> None:
    plans, date = sample[0][:10], sample[1]
    profile = load_profiles("kql")["sentinel"]
    found = measure(plans, profile, lambda query, plan, profile: "bad | worse")
    text = page([found, Measured(profile)], log_sources(plans), date)
    assert f"{len(plans)} rules of SigmaHQ, the latest change on\n{date}." in text
    assert f"| kql sentinel | {found.converted} |" in text
    assert "| bad \\| worse |" in text
    assert log_sources(plans).total() == len(plans)


def test_table() -> None:
    rows = [["x", 1, "a|b"], ["y", 2, "c"]]
    assert table(["name", "number", "text"], rows, numbers=1).splitlines() == [
        "| name | number | text |",
        "| --- | ---: | --- |",
        "| x | 1 | a\\|b |",
        "| y | 2 | c |",
    ]


def test_share() -> None:
    found = Measured(load_profiles("kql")["sentinel"])
    assert found.share == 100.0
    found.outcomes["a"] = Counter({"converted": 3, "TRI302": 1, "TRI201": 5, "TRI205": 2})
    assert (found.converted, found.in_data, found.share) == (3, 4, 75.0)


def test_no_log_source_of_the_committed_page_is_lost(root: Path) -> None:
    """Each profile still has a table for every log source whose rules the page counts."""
    text = (
        (root / "docs/coverage.md")
        .read_text("utf-8")
        .partition("## Log sources")[2]
        .partition("\n## ")[0]
    )
    head, *rows = (
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith("| ---")
    )
    profiles = [load_profiles(name.split()[0])[name.split()[1]] for name in head[2:]]
    checked = 0
    for source, _, *counts in rows:
        parts = [None if part == "*" else part for part in source.split("/")]
        for profile, count in zip(profiles, counts, strict=True):
            if count not in ("-", "0"):
                resolve_source(LogSource(*parts), profile)
                checked += 1
    assert checked > 500
