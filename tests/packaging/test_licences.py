"""docs/licences.md says what each extra brings, in the versions that CI installs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.licences import PAGE, brought, constraints, extras, installed, licence


@pytest.fixture(scope="module")
def listed() -> dict[tuple[str, str], list[str]]:
    """Version, licence and source by extra and distribution."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [line.replace("\\|", "\0").strip("| ").split(" | ") for line in lines[1:]]
    return {(cell[0].replace("\0", "\\|"), cell[1]): cell[2:] for cell in cells}


def test_every_distribution_stands_there(listed: dict[tuple[str, str], list[str]]) -> None:
    """Of what is installed here, whatever an extra brings."""
    pinned = constraints()
    for extra, requirements in extras().items():
        for name in brought(requirements):
            known = installed(name)
            if known is None or (name == "pysigma" and known.version != pinned[name]):
                continue  # beside sigma-cli stands another pySigma
            version, said, source = listed[extra, name]
            assert version == pinned[name], name
            assert source.startswith("http")
            if known.version == version:
                assert said == licence(known), name
    assert {extra for extra, _ in listed} == set(extras())


def test_copyleft_is_said_where_a_user_decides(
    listed: dict[tuple[str, str], list[str]], root: Path
) -> None:
    strong = {name for (_, name), (_, said, _) in listed.items() if "AGPL" in said}
    assert strong == {"eql"}
    for page in ("docs/licences.md", "docs/verification.md"):
        assert "AGPL" in (root / page).read_text("utf-8"), page
