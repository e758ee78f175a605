"""The EQL engine, started once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from trident.engines.eql.engine import EqlEngine


@pytest.fixture(scope="session")
def eql_engine() -> Iterator[EqlEngine]:
    """A running engine; the test is skipped where the ``eql`` package is not installed."""
    if find_spec("eql") is None:
        pytest.skip("eql is not installed")
    with EqlEngine() as engine:
        yield engine
