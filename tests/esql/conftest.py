"""Fixtures of the ES|QL tests; all are skipped without Elastic's parser package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.esql.model.engine import EsqlModel

collect_ignore_glob: list[str] = []
try:
    import esql  # noqa: F401 - docs/verification.md says how it is installed
except ModuleNotFoundError:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def model() -> Iterator[EsqlModel]:
    """The model with the default profile on a stack that has every command."""
    from tests.esql.model.engine import EsqlModel
    from tests.support.run_esql import esql_profile

    opened = EsqlModel(esql_profile())
    yield opened
    opened.close()
