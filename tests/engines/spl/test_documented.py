"""The documentation's own examples with the results that it shows, and the traps it sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("lark")
pytest.importorskip("pcre2")

from trident.engines import spl
from trident.engines.spl import Config, Limits, MacroDefinition, SplEngine

NOW = 1_700_000_000
FILES = ("documented.yml", "traps.yml")
CASES = [
    case
    for name in FILES
    for case in yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
]


def _config(case: dict[str, Any]) -> Config:
    settings = dict(case.get("config", {}))
    limits = {name: settings.pop(name) for name in list(settings) if hasattr(Limits, name)}
    return Config(Limits(**limits), lookups=case.get("lookups", {}), **settings)


def _shown(row: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields of a row that the case speaks of, multivalues as lists."""
    found = {name: row.get(name) for name in wanted}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.get("source") or case["why"])
def test_example(case: dict[str, Any]) -> None:
    engine = SplEngine(_config(case))
    events = case.get("events", [])
    macros = {
        name: MacroDefinition(**macro) if isinstance(macro, dict) else macro
        for name, macro in case.get("macros", {}).items()
    }
    if "error" in case:
        with pytest.raises(getattr(spl, case["error"])):
            engine.run(case["spl"], events, NOW, macros)
        return
    rows = engine.run(case["spl"], events, NOW, macros)
    expected = case["expect"]
    assert [_shown(row, wanted) for row, wanted in zip(rows, expected, strict=False)] == expected
    assert len(rows) == len(expected), rows
    assert bool(engine.warnings) == bool(case.get("warns", False))
