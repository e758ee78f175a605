"""The shipped YAML, read in the quick way, is what PyYAML makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from trident.base.data import read_data

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file for part in ("backends", "translator", "engines") for file in (ROOT / part).rglob("*.yml")
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_as_pyyaml_reads_it(file: Path) -> None:
    assert read_data(file) == yaml.load(file.read_bytes(), yaml.CSafeLoader)


def test_anchors_and_merges(tmp_path: Path) -> None:
    file = tmp_path / "data.yml"
    file.write_text("a: &a {x: 1, y: [true, null]}\nb: *a\nc: {<<: *a, x: 2}\n")
    found = read_data(file)
    assert found["a"] is found["b"]
    assert found["c"] == {"x": 2, "y": [True, None]}
