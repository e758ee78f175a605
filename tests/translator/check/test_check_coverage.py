"""Log sources, fields, features and values that a profile lacks."""

from __future__ import annotations

import pytest

from tests.translator.check.conftest import CLEAN, Checked
from tests.translator.conftest import base, count, hunt
from trident.app.input.config import Config
from trident.app.run.convert import chosen_profiles, convert
from trident.base.diagnostics import Severity
from trident.mapping.profiles import load_profiles
from trident.result.translation import Fidelity
from trident.target import registry


def test_one_finding_names_every_profile(checked: Checked) -> None:
    text = CLEAN.replace("    CommandLine|contains", "    NoSuchField|contains")
    (found,) = checked(text, targets=registry.names())
    assert (found.code, found.severity) == ("TRI202", Severity.REFUSED)
    for target, profile in (
        ("kql", "sentinel"),
        ("spl", "microsoft_addon"),
        ("eql", "integrations"),
        ("esql", "integrations"),
    ):
        assert f"{target} {profile}" in found.message


def test_a_reason_stands_with_its_profile(checked: Checked) -> None:
    source, why = next(
        (source, why)
        for source in load_profiles("kql")["sentinel"].sources
        for why in source.refused.items()
        if source.logsource.category == "process_creation"
    )
    field, reason = why
    text = CLEAN.replace("CommandLine|contains", f"{field}|contains").replace(
        "product: windows", f"product: {source.logsource.product}"
    )
    (found,) = checked(text)
    assert found.message.endswith(f"(kql sentinel: {reason})")


def test_a_group_key_without_a_column_is_placed_in_the_correlation(checked: Checked) -> None:
    text = hunt().replace("group-by: [Computer]", "group-by: [Foo]")
    found = [each for each in checked(text) if each.code == "TRI202"]
    lines = text.splitlines()
    assert [lines[each.span.line - 1].strip() for each in found] == ["group-by: [Foo]"]


def test_a_shared_base_rule_is_reported_once(checked: Checked) -> None:
    second = count().replace("any base", "ore base").replace("many_base", "more_base")
    second = "\n".join(line for line in second.split("\n") if not line.startswith("id:"))
    text = f"{base().replace('CommandLine', 'Foo')}---\n{count()}---\n{second}\n"
    assert [each.code for each in checked(text)].count("TRI202") == 1


def test_features_refused_by_a_target(checked: Checked) -> None:
    text = (
        hunt()
        .replace("event_count", "value_count")
        .replace("condition: {gte: 1}", "condition: {gte: 3, field: User}")
    )
    codes = {each.code for each in checked(text, targets=("eql",))}
    assert "TRI350" in codes
    assert not {each.code for each in checked(text, targets=("kql",))} & {"TRI350"}


@pytest.mark.parametrize(
    ("detection", "why"),
    [
        ("CommandLine|re: 'a(?i)b'", "flags in the middle"),
        ("CommandLine|re: '\\bfoo'", "a word boundary"),
        ("CommandLine|contains: plain", "a plain value"),
        ("CommandLine|cidr: 10.0.0.0/8", "an address in text"),
        ("ParentProcessId|gt: 5", "a comparison"),
        ("CommandLine|fieldref: Image", "a reference"),
        ("Foo|re: x", "no column"),
        ("ProcessId|contains: x", "text in a number"),
    ],
)
@pytest.mark.parametrize("target", registry.names())
def test_check_refuses_what_convert_refuses(
    detection: str, why: str, target: str, checked: Checked, tmp_path: object
) -> None:
    text = CLEAN.replace("CommandLine|contains: ' -enc '", detection)
    found = {each.code for each in checked(text, targets=(target,)) if each.code < "TRI6"}
    outcome = convert([str(tmp_path)], chosen_profiles([target], (), Config()), Config())
    refused = {
        each.error.code
        for each in outcome.translations
        if each.error and each.fidelity is Fidelity.REFUSED
    } | {each.code for each in outcome.diagnostics}
    assert found == refused, why
