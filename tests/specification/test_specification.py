"""Every row of the specification: its meaning, and what each target makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.specification.engines import Engines
from tests.specification.page import PAGE, page
from tests.specification.rows import DOCUMENTS, planned, read, varied
from tests.specification.taxonomy import fields, log_sources
from tests.support.generate import NOW, PYSIGMA
from tests.support.selection import lab_profile, missing_engine
from tests.support.targets import SHIPPED
from trident.app.check.run import check
from trident.app.check.selection import Selection
from trident.app.input.config import Config
from trident.base.diagnostics import codes
from trident.meaning.evaluate import evaluate
from trident.translate.translate import translate

KINDS = {"item", "detection", "rules", "text", "correlation", "same", "found"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_meaning(name: str) -> None:
    """Each rule is read without a finding and alerts on exactly the events that the row says; one
    that the specification excludes is refused."""
    for row in read(name).rows:
        if code := row.data.get("invalid"):
            assert code in row.errors, (row.why, row.outcome.diagnostics)
            continue
        if row.has_rule:
            assert row.codes == row.data.get("findings", []), (
                row.why,
                row.outcome.diagnostics,
            )
            assert len(row.plans) == row.data.get("queries", 1), row.why
        for case in row.cases():
            (plan,) = row.plans
            alerts = {(each.group, each.time) for each in evaluate(plan, case.events, NOW)}
            assert alerts == case.alerts, (row.why, case)


@pytest.fixture(scope="module")
def engines() -> Iterator[Callable[[str], Engines]]:
    """``engines(target)``, the same ones each time; the test is skipped where they are missing."""
    with ExitStack() as stack:
        opened: dict[str, Engines] = {}

        def engines_of(target: str) -> Engines:
            if package := missing_engine(target):
                pytest.skip(f"{package} is not installed")
            if target not in opened:
                opened[target] = stack.enter_context(Engines(target))
            return opened[target]

        yield engines_of


@pytest.mark.parametrize("target", SHIPPED)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_target(engines: Callable[[str], Engines], name: str, target: str) -> None:
    """Each target says each row at the level given, and its query finds the alerts; or refuses it
    with the code given."""
    document, opened = read(name), engines(target)
    for row in document.rows:
        if "invalid" not in row.data:
            opened.check(row, document.columns)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_metadata(name: str, tmp_path: Path) -> None:
    """Keys that change no query change none, and are read without an error; slips are found."""
    plain = _queries(varied({}))
    for row in read(name).rows:
        for keys in row.data.get("same", ()):
            assert _queries(varied(keys)) == plain, (row.why, keys)
        for expected in ("found", "clean"):
            for keys, code in row.data.get(expected, ()):
                file = tmp_path / "rule.yml"
                file.write_text(varied(keys), "utf-8")
                report = check([str(file)], [], Config(), Selection())
                codes_found = {each.code for each in report.diagnostics}
                assert (code in codes_found) is (expected == "found"), (row.why, keys, code)


def _queries(text: str) -> list[str]:
    outcome = planned(text)
    assert not outcome.diagnostics, outcome.diagnostics
    queries = []
    for target in SHIPPED:
        (rule,) = outcome.planned
        assert rule.plan is not None
        query = translate(rule.plan, lab_profile(target, {"f": ("f", "string")})).query
        assert query is not None
        queries.append(query.text)
    return queries


def test_taxonomy() -> None:
    """Each log source and field of the taxonomy is read, or refused because the profile's data
    lack it; a log source that several targets know is not lost."""
    sources = [cells for _, _, cells in log_sources()]
    columns = [cells for _, _, cells in fields()]
    assert len(sources) >= 140 and len(columns) >= 95
    for allowed, found in (({"", "TRI201"}, sources), ({"", "TRI201", "TRI202"}, columns)):
        codes_found = {code for cells in found for of in cells.values() for code in of.values()}
        assert codes_found <= allowed
    for target in SHIPPED:
        assert sum("" in cells[target].values() for cells in sources) >= 40, target


def test_the_rows_are_whole() -> None:
    """Each row has one of the kinds and stands once; no target refuses what is Sigma because of
    how a rule is read (TRI1)."""
    for name in DOCUMENTS:
        seen = Counter(row.why for row in read(name).rows)
        assert max(seen.values()) == 1, seen.most_common(1)
        for row in read(name).rows:
            assert KINDS & row.data.keys(), row.why
            refused = {*row.data.get("refused", {}).values()}
            assert refused <= set(codes()), row.why
            assert all(code.startswith(("TRI2", "TRI3")) for code in refused), row.why


def test_the_page_is_of_the_rows(root: Path) -> None:
    if PYSIGMA < 2:
        pytest.skip("the page has the rows of pySigma 2")
    written = (root / PAGE).read_text("utf-8")
    assert written == page(), "stale: python -m tests.specification.page"
