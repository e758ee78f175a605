"""Correlations that take one event for two matches."""

from __future__ import annotations

from pathlib import Path

from tests.translator.check.conftest import Checked
from trident.app.check.run import check
from trident.app.check.selection import read_selection
from trident.app.input.config import read_config

RULE = """\
title: {name}
name: {name}
logsource: {{product: windows, service: {service}}}
detection:
  selection: {detection}
  condition: selection
---
"""
CORRELATION = """\
title: c
correlation:
  type: {kind}
  rules: [narrow, wide]
  group-by: [Computer]
  timespan: 5m
  condition: {{gte: 2{field}}}
"""


def found(
    checked: Checked, kind: str, narrow: str, wide: str, service: str = "security", field: str = ""
) -> list[str]:
    rules = RULE.format(name="narrow", service="security", detection=narrow)
    rules += RULE.format(name="wide", service=service, detection=wide)
    text = rules + CORRELATION.format(kind=kind, field=field)
    return [each.message for each in checked(text) if each.code == "TRI642"]


def test_an_event_that_is_two_matches(checked: Checked) -> None:
    same = "{EventID: 4625}"
    inner = "{EventID: 4625, SubStatus: '0xC000006A'}"
    other = "{EventID: 4624}"
    for kind in ("event_count", "temporal"):
        (message,) = found(checked, kind, inner, same)
        assert message.startswith("every event that narrow finds is one that wide finds")
        assert len(found(checked, kind, same, same)) == 2
        assert found(checked, kind, other, same) == []
        assert found(checked, kind, inner, same, service="system") == []
    assert found(checked, "value_count", inner, same, field=", field: IpAddress") == []
    assert found(checked, "temporal_ordered", inner, same) == []


def test_a_group_by_field_that_the_events_lack(checked: Checked) -> None:
    text = RULE.format(name="narrow", service="security", detection="{EventID: 4625}")
    text += RULE.format(name="wide", service="security", detection="{EventID: 4776}")
    text += CORRELATION.format(kind="value_count", field=", field: LogonType")
    text = text.replace("[Computer]", "[Computer, WorkstationName]")
    messages = [each.message for each in checked(text) if each.code == "TRI647"]
    assert messages == [
        "no event with EventID 4776 has a field WorkstationName",
        "no event with EventID 4776 has a field LogonType",
    ]


def test_what_a_user_has_mapped_is_there(tmp_path: Path) -> None:
    """A site may fill a column of its own with what the event itself does not have."""
    rule = RULE.format(name="x", service="security", detection="{EventID: 4624, User: a}")
    (tmp_path / "rule.yml").write_text(rule.removesuffix("---\n"), "utf-8")
    own = """\
tables: {kql: {SecurityEvent: {columns: {string: [User]}}}}
fields:
  kql:
    - logsource: {product: windows, service: security}
      fields: {User: User}
"""
    for name, text, codes in (("own", own, []), ("shipped", "{}\n", ["TRI646"])):
        path = tmp_path / f"{name}.trident"
        path.write_text(text, "utf-8")
        config = read_config(path)
        profiles = [config.profile("kql", "sentinel")]
        selection = read_selection(["TRI646", "TRI5", "TRI2"], ())
        report = check([str(tmp_path / "rule.yml")], profiles, config, selection)
        assert [each.code for each in report.diagnostics] == codes


def test_a_value_that_the_table_never_has(tmp_path: Path) -> None:
    """A site's own mapping of the column that tells the rows of Defender's tables apart."""
    rule = RULE.format(name="x", service="x", detection="{ActionType: %s}")
    rule = rule.replace("service: x", "category: file_event").removesuffix("---\n")
    (tmp_path / "trident.yml").write_text(
        """\
fields:
  kql:
    - logsource: {product: windows, category: file_event}
      fields: {ActionType: ActionType}
""",
        "utf-8",
    )
    config = read_config(tmp_path / "trident.yml")
    profiles = [config.profile("kql", "sentinel")]
    selection = read_selection(["TRI649"], ())
    for value, hint in (("FileCreated", ""), ("FileCreate", "FileCreated"), ("DriverLoad", "File")):
        path = tmp_path / "rule.yml"
        path.write_text(rule % value, "utf-8")
        findings = check([str(path)], profiles, config, selection).diagnostics
        assert len(findings) == bool(hint)
        for each in findings:
            assert f"no row of DeviceFileEvents has ActionType {value}" in each.message
            assert "the rule cannot fire" in each.message
            assert f"the events have {hint}" in each.hint
