"""What the two hunts become for Splunk, as files: they show what a change changes.

Written again by ``pytest tests/translator/artifacts/splunk/test_splunk_golden.py --update-golden``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hunts import JPEG, STEGANOGRAPHY
from tests.translator.artifacts.splunk.deployed import deployed
from trident.app.artifacts.splunk import app, contentctl

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture(scope="module")
def built(root: Path) -> dict[str, str]:
    """Every artifact of the hunts under the default profile."""
    hunts = [
        each
        for name in (JPEG, STEGANOGRAPHY)
        for each in deployed(root / "rules" / f"{name}.yml")
        if each.is_correlation
    ]
    return {a.path: a.text for writer in (app, contentctl) for a in writer(hunts).artifacts}


def test_update(built: dict[str, str], pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--update-golden"):
        pytest.skip("writes only with --update-golden")
    for path, text in built.items():
        (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
        (GOLDEN / path).write_text(text, encoding="utf-8")


def test_the_same(built: dict[str, str]) -> None:
    known = {
        file.relative_to(GOLDEN).as_posix(): file.read_text("utf-8")
        for file in GOLDEN.rglob("*")
        if file.is_file()
    }
    assert known == built
