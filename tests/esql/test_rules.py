"""The query of every Elastic rule of type esql, read back: it parses, and reads no other field than
the rule says it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.profiles import load_profiles
from tests.artifacts.elastic.conftest import build, fields
from translator.verify.engines.esql import parse


@pytest.mark.parametrize("profile", ["integrations", "sysmon"])
def test_every_query(root: Path, profile: str) -> None:
    stack = str(load_profiles("esql")[profile].settings["stack"])
    rules = build(root / "rules").rules(f"esql/{profile}")
    assert len(rules) > 20
    for rule in rules:
        # Kibana appends a limit of its own: security_solution, build_esql_search_request.ts.
        assert parse(f"{rule['query']} | limit 1001", fields(rule), stack) is None, rule["name"]
