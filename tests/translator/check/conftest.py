"""Fixtures of the command line, and a rule to vary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.translator.conftest import trident as trident  # the fixture
from trident.app.check.run import check
from trident.app.check.selection import read_selection
from trident.app.input.config import Config
from trident.base.diagnostics import Diagnostic
from trident.mapping.profiles import Profile, default_profile

CLEAN = """\
title: Encoded PowerShell
id: 6a29edbe-1f7a-4b2e-9a53-5b8a0d7f3a10
status: test
description: Finds PowerShell with an encoded command
references:
  - https://example.org/a
date: 2026-01-02
tags:
  - attack.execution
  - attack.t1059.001
logsource:
  category: process_creation
  product: windows
detection:
  selection:
    CommandLine|contains: ' -enc '
  condition: selection
level: medium
"""

Checked = Callable[..., list[Diagnostic]]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """``checked(text, ...)``: the findings of rule files for the target ``kql``, or those given."""

    def run(
        *texts: str, targets: tuple[str, ...] = ("kql",), **options: object
    ) -> list[Diagnostic]:
        for number, text in enumerate(texts, 1):
            (tmp_path / f"rule{number}.yml").write_text(text, encoding="utf-8")
        profiles: list[Profile] = [
            Config().profile(target, default_profile(target)) for target in targets
        ]
        report = check([str(tmp_path)], profiles, Config(), read_selection((), ()), **options)  # type: ignore[arg-type]
        return list(report.diagnostics)

    return run
