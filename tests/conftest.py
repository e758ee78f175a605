"""Fixtures that many test modules use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.selection import Bench
    from trident.engines.kusto.engine import BoundQuery, KqlEngine, Schema

# No test depends on the machine's speed: the first example of a test may import a package.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared(root: Path) -> Path:
    """The folder of reference data beside the project; the test is skipped without it."""
    folder = root.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared beside the project")
    return folder


@pytest.fixture(scope="session")
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names for the caches of tests, each a new one."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def own_cache(_caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees what another one has put into the cache; the folder is made when needed."""
    folder = next(_caches)
    monkeypatch.setenv("TRIDENT_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def kql_engine() -> Iterator[Callable[[Schema], KqlEngine]]:
    """``kql_engine(schema)``: an engine with the tables of ``schema``, the same one each time."""
    pytest.importorskip("duckdb_kql")
    from trident.engines.kusto.engine import KqlEngine

    started: dict[str, KqlEngine] = {}

    def engine(schema: Schema) -> KqlEngine:
        key = repr(schema)
        if key not in started:
            started[key] = KqlEngine(schema)
        return started[key]

    yield engine
    for each in started.values():
        each.close()


@pytest.fixture(scope="session")
def kql_binder() -> Callable[[str, Schema], BoundQuery]:
    """``bind_query``; the test is skipped where Microsoft's parser is not installed."""
    # Not importorskip: the package starts .NET when imported, and bind_query tells it where.
    if find_spec("kustology") is None:
        pytest.skip("kustology is not installed")
    from trident.engines.kusto.engine import bind_query

    return bind_query


@pytest.fixture(scope="session")
def benches() -> Iterator[Callable[[str], Bench]]:
    """``benches(target)``: the target's engines; the test is skipped where they are missing."""
    from tests.support.selection import Bench, missing_engine

    with ExitStack() as stack:
        opened: dict[str, Bench] = {}

        def bench(target: str) -> Bench:
            if package := missing_engine(target):
                pytest.skip(f"{package} is not installed")
            if target not in opened:
                opened[target] = stack.enter_context(Bench(target))
            return opened[target]

        yield bench


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` writes the golden files anew."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")
