"""Pages that are generated from data say what the data says."""

from __future__ import annotations

from pathlib import Path

from tests.mutation.__main__ import MUTANTS
from tests.support.targets import SHIPPED
from trident.app.report.listing import capability_page, codes_page
from trident.base.diagnostics import codes


def test_capabilities_page(root: Path) -> None:
    page = (root / "docs" / "capabilities.md").read_text("utf-8")
    assert page == capability_page(SHIPPED), (
        "stale: trident list capabilities --format markdown > docs/capabilities.md"
    )


def test_codes_page(root: Path) -> None:
    page = (root / "docs" / "checks.md").read_text("utf-8")
    assert page == codes_page(), "stale: trident list codes --format markdown > docs/checks.md"
    assert all(f"| {code} |" in page for code in codes())


def test_mutations_page(root: Path) -> None:
    page = (root / "docs" / "mutations.md").read_text("utf-8")
    rows = [line.split(" | ")[:2] for line in page.splitlines() if line.startswith("| ")][1:]
    named = [[f"| {target}", row[0]] for target, rows in MUTANTS.items() for row in rows]
    assert rows == named, "stale: python -m tests.mutation"
    assert len(named) >= 25
