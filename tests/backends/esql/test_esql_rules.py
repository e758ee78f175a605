"""The query of every Elastic rule of type esql, read back: it parses, and reads no other field than
the rule says it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translator.artifacts.elastic.conftest import build, fields
from trident.engines.esql.engine import parse
from trident.mapping.profiles import load_profiles


@pytest.mark.parametrize("profile", ["integrations", "sysmon"])
def test_every_query(root: Path, profile: str) -> None:
    stack = str(load_profiles("esql")[profile].settings["stack"])
    rules = build(root / "rules").rules(f"esql/{profile}")
    assert len(rules) > 20
    for rule in rules:
        # Kibana appends a limit of its own: security_solution, build_esql_search_request.ts.
        assert parse(f"{rule['query']} | limit 1001", fields(rule), stack) is None, rule["name"]
