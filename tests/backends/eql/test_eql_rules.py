"""The query of every Elastic rule of type eql, read back: it parses, and reads no other field than
the rule says it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translator.artifacts.elastic.conftest import build, fields
from trident.engines.eql.engine import EqlEngine


@pytest.mark.parametrize("profile", ["integrations", "sysmon"])
def test_every_query(eql_engine: EqlEngine, root: Path, profile: str) -> None:
    rules = build(root / "rules").rules(f"eql/{profile}")
    assert len(rules) > 10
    for rule in rules:
        assert eql_engine.parse(rule["query"], fields(rule)) is None, rule["name"]
        assert rule["index"]
