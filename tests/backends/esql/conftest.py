"""Fixtures of the ES|QL tests. Those that run queries need Elastic's parser package."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.backends.esql.model.engine import EsqlModel

_WITHOUT_IT = ("test_stack.py",)
_RUN_QUERIES = sorted(
    path.name for path in Path(__file__).parent.glob("test_*.py") if path.name not in _WITHOUT_IT
)
INSTALLED = find_spec("esql") is not None
collect_ignore = [] if INSTALLED else _RUN_QUERIES


def pytest_report_header() -> str | None:
    """Say which tests are not run; docs/verification.md says how the package is installed."""
    missing = "detection-rules-esql-py is not installed; not run: " + ", ".join(_RUN_QUERIES)
    return None if INSTALLED else f"ES|QL: {missing}"


@pytest.fixture(scope="session")
def model() -> Iterator[EsqlModel]:
    """The model with the default profile on a stack that has every command."""
    from tests.backends.esql.model.engine import EsqlModel
    from tests.support.run_esql import esql_profile

    opened = EsqlModel(esql_profile())
    yield opened
    opened.close()
