"""A killed build leaves the old tree or the new one.

Fifty kills: ``python -m tests.translator.artifacts.killed``.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.translator.artifacts.killed import kills


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9")
def test_six_kills(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(root))
    assert len(list(kills(tmp_path, 6, seed=3))) == 6
