"""The hunts' rule files as they are, to show what a change changes; the other tests prove.

Written again by ``pytest tests/translator/artifacts/elastic --update-golden``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translator.artifacts.elastic.conftest import Built

GOLDEN = Path(__file__).with_name("golden")
FILES = (
    "eql/integrations/rules/steganography_then_webmail.toml",
    "esql/integrations/rules/steganography_then_webmail.toml",
    "esql/integrations/rules/large_jpeg_from_new_source.toml",
)


@pytest.mark.parametrize("path", FILES)
def test_the_same(shipped: Built, pytestconfig: pytest.Config, path: str) -> None:
    file = GOLDEN / path.replace("/rules/", ".").replace("/", ".")
    if pytestconfig.getoption("--update-golden"):
        file.write_text(shipped.files[path], encoding="utf-8")
    assert file.read_text("utf-8") == shipped.files[path]
