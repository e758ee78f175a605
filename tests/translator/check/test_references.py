"""References: missing rules, rules without use, filters of rules that are not there."""

from __future__ import annotations

from tests.translator.check.conftest import Checked
from tests.translator.conftest import base, count, hunt

FILTER = """\
title: Quiet machines
name: quiet
logsource: {product: windows}
filter:
  rules: [bass]
  selection: {Computer: quiet}
  condition: not selection
"""


def codes_of(found: object) -> set[str]:
    return {each.code for each in found}  # type: ignore[attr-defined]


def test_a_missing_rule(checked: Checked) -> None:
    assert "TRI102" in codes_of(checked(count("gone")))


def test_a_rule_that_no_correlation_refers_to(checked: Checked) -> None:
    text = f"{hunt()}---\n{base('other', 'x')}"
    (found,) = [each for each in checked(text) if each.code == "TRI640"]
    assert found.span.line == text.splitlines().index("title: Base other") + 1
    assert "TRI640" not in codes_of(checked(hunt()))


def test_a_base_rule_needs_a_title_alone(checked: Checked) -> None:
    found = checked(hunt())
    assert {each.code for each in found if each.span.line == 1} == set()
    assert {"TRI606", "TRI607", "TRI608", "TRI609"} <= codes_of(found)


def test_a_filter_of_an_unknown_rule(checked: Checked) -> None:
    found = [each for each in checked(hunt(), FILTER) if each.code == "TRI641"]
    assert [(each.span.line, each.hint) for each in found] == [(5, "did you mean base?")]
    assert "TRI641" not in codes_of(checked(hunt(), FILTER.replace("[bass]", "[base]")))


def test_a_rule_with_an_error_costs_no_other_its_findings(checked: Checked) -> None:
    found = codes_of(checked("title: [", base().replace("CommandLine", "Foo")))
    assert {"TRI002", "TRI202"} <= found
