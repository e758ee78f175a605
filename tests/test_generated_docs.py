"""Pages that are generated from data say what the data says."""

from __future__ import annotations

from pathlib import Path

from backends.profiles import TARGETS
from translator.listing import capability_page


def test_capabilities_page(root: Path) -> None:
    page = (root / "docs" / "capabilities.md").read_text("utf-8")
    assert page == capability_page(TARGETS), (
        "stale: trident list capabilities --format markdown > docs/capabilities.md"
    )
