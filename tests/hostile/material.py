"""What a stranger's checkout may hold: texts of every kind of file that a command reads."""

from __future__ import annotations

import functools
from pathlib import Path

import yaml

from tests.support.features import feature_rules
from trident.result.capabilities import FEATURES

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """\
profiles: {kql: [sentinel], spl: windows_ta, eql: sysmon, esql: sysmon}
settings:
  spl: {macros: {badges: soc_badges}}
  eql: {badges_index: logs-corp.badge-*}
  esql: {stack: "8.19"}
tables:
  kql:
    Badge_CL: {columns: {datetime: [TimeGenerated], string: [Host_s, Person_s], long: [Door_d]}}
  spl:
    badges: {macro: badges, columns: {string: [host, person], long: [door]}}
  eql:
    badges:
      index: badges_index
      select: {event.dataset: corp.badge}
      columns: {string: [host.name]}
fields:
  kql:
    - logsource: {product: door}
      table: Badge_CL
      fields: {Computer: Host_s, User: Person_s, Door: Door_d}
    - logsource: {category: process_creation, product: windows}
      profiles: [sentinel]
      fields: {Elevation: ProcessTokenElevation}
unmapped: keep
accept: [covering, parameterised, sound, wide]
placeholders: {it_admin_users: [ada, bob], '%x%': '1'}
check: {ignore: [TRI61]}
"""

PIPELINE = """\
name: Site
priority: 10
vars:
  admins: [ada, bob]
transformations:
  - id: names
    type: field_name_mapping
    mapping: {ProcessPath: Image, Cmd: [CommandLine, ParentCommandLine]}
    rule_conditions:
      - {type: logsource, category: process_creation, product: windows}
  - type: value_placeholders
  - type: set_state
    key: place
    val: here
  - type: add_condition
    conditions: {User: svc_scanner}
    negated: true
    rule_conditions:
      - {type: processing_item_applied, processing_item_id: names}
  - type: replace_string
    regex: 'C:\\\\Old'
    replacement: 'C:\\New'
  - type: rule_failure
    message: the proxy's logs are not kept
    rule_conditions:
      - {type: logsource, category: proxy}
"""

LINES = """\
{"TimeGenerated": "2026-01-15T10:00:00Z", "EventID": 4625, "Computer": "dc1", "LogonType": 3}
{"TimeGenerated": "2026-01-15T10:00:01.5Z", "EventID": 4624, "IpAddress": "10.0.0.1"}
"""

TABLE = """\
TimeGenerated,EventID,Computer,TargetUserName
2026-01-15T10:00:00Z,4625,dc1,ada
2026-01-15T10:00:01Z,4624,dc1,"bob, ""the"" admin"
"""


@functools.cache
def rules() -> tuple[str, ...]:
    """The shipped rules and one rule of each feature, a text of one or several documents each."""
    shipped = (
        path
        for path in sorted((ROOT / "rules").rglob("*.yml"))
        if path.parent.name != "filters" and not path.name.endswith(".events.yml")
    )
    features = (
        yaml.safe_dump_all(documents, sort_keys=False)
        for feature in FEATURES
        for documents in feature_rules(feature)
    )
    return (*(path.read_text("utf-8") for path in shipped), *features)


@functools.cache
def filters() -> tuple[str, ...]:
    """The shipped filters."""
    return tuple(path.read_text("utf-8") for path in sorted((ROOT / "rules/filters").glob("*.yml")))


@functools.cache
def rule_tests() -> tuple[tuple[str, str], ...]:
    """The smaller shipped rules, each with its rule test."""
    pairs = (
        (path.with_name(path.name.replace(".events.yml", ".yml")), path)
        for path in sorted((ROOT / "rules").rglob("*.events.yml"))
        if path.stat().st_size < 4_000
    )
    return tuple((rule.read_text("utf-8"), test.read_text("utf-8")) for rule, test in pairs)
