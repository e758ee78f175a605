"""The public rules: SigmaHQ keeps its own conventions, so a finding about them is a wrong check."""

from __future__ import annotations

from pathlib import Path

import pytest

from trident.app.check.run import check
from trident.app.check.selection import Selection
from trident.app.input.config import Config
from trident.app.run.convert import chosen_profiles, convert
from trident.base.diagnostics import Severity


def test_check_agrees_with_convert_on_the_public_rules(shared: Path) -> None:
    """EQL, because it refuses the most; the other targets were compared once in the same way."""
    rules = shared / "corpus" / "sigmahq" / "rules"
    if not rules.is_dir():
        pytest.skip("no ../shared/corpus/sigmahq")
    profiles = chosen_profiles(["eql"], (), Config())
    report = check([str(rules)], profiles, Config(), Selection())
    assert len(report.inputs) > 3_000
    conventions = [each for each in report.diagnostics if each.severity is not Severity.REFUSED]
    assert conventions == []
    found: dict[str, set[str]] = {}
    for each in report.diagnostics:
        found.setdefault(each.span.file, set()).add(each.code)
    translations = convert([str(rules)], profiles, Config()).translations
    refused = {each.rule.span.file: each.error.code for each in translations if each.error}
    assert set(found) == set(refused)
    assert [file for file, code in refused.items() if code not in found[file]] == []
