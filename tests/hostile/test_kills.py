"""Runs that are killed; many more: ``python -m tests.hostile.kills --times 67``."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.hostile.kills import JOBS, kills


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9")
def test_a_killed_run_leaves_the_old_output_or_the_new_one(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(root))
    assert len(list(kills(tmp_path, 3, seed=3))) == 3 * len(JOBS)
