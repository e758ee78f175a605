"""What parsers say is what is tested here: each test asks them anew."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def asked_once() -> None:
    """Nothing is remembered of another test."""
