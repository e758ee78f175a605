"""``trident verify`` on rules that are right, on rules that are wrong, and on engines that fail."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner

from tests.support.generate import NOW
from tests.support.hunts import STEGANOGRAPHY, hunt, steganography_events
from trident.app.commands.cli import main
from trident.app.input.config import Config
from trident.app.verify import command, report, session
from trident.app.verify.compare import Observed, compare
from trident.app.verify.paste import offset
from trident.app.verify.ruletests import read_rule_tests
from trident.app.verify.runners import EngineFault
from trident.app.verify.session import DEFINITION, Fuzz, alerts_of
from trident.app.verify.worker import Worker
from trident.base.diagnostics import Span
from trident.mapping.profiles import load_profiles
from trident.meaning.events import SECOND, Event
from trident.result.translation import Translation
from trident.rule.planner import Planned
from trident.translate.translate import translate

RULE = "rules/steganography_then_webmail.yml"


@pytest.fixture(autouse=True)
def _engines() -> None:
    pytest.importorskip("duckdb_kql")


@pytest.fixture
def planned(root: Path) -> list[Planned]:
    found, diagnostics = command.planned([str(root / RULE)], Config(), ())
    assert not diagnostics
    return found


def kql() -> Any:
    return load_profiles("kql")["sentinel"]


def test_a_right_rule_passes(planned: list[Planned]) -> None:
    made = session.verify(planned, [kql()])
    assert [result.target for result in made.results] == [DEFINITION, "kql"]
    assert all(result.worst and result.worst.observed is Observed.EXACT for result in made.results)
    assert not made.failed and not made.untested and not made.diagnostics


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("30m)", "29m)"),  # the window's end
        ("(TimeGenerated - StegProcessTimestamp)", "(StegProcessTimestamp - TimeGenerated)"),
        ("has_any", "has_all"),
        ("ago(30d)", "ago(29d)"),
        ("| where isnotempty(DeviceName)\n", ""),
    ],
)
def test_a_wrong_query_fails(
    planned: list[Planned], monkeypatch: pytest.MonkeyPatch, wrong: str, right: str
) -> None:
    def defective(*arguments: Any) -> Translation:
        translation = translate(*arguments)
        assert translation.query is not None and wrong in translation.query.text
        text = translation.query.text.replace(wrong, right)
        return replace(translation, query=replace(translation.query, text=text))

    monkeypatch.setattr(session, "translate", defective)
    made = session.verify(planned, [kql()])
    assert made.failed
    shown = report.text(made)
    assert "missing:" in shown or "extra:" in shown
    assert ElementTree.fromstring(report.as_junit(made)).find(".//failure") is not None
    assert json.loads(report.as_json(made))["failed"] is True


def test_a_wrong_expectation_fails(tmp_path: Path, root: Path) -> None:
    (tmp_path / "rule.yml").write_text((root / RULE).read_text())
    tests = (root / "rules/steganography_then_webmail.events.yml").read_text()
    first = tests.index("    alerts:\n")
    line = tests.index("\n", first + len("    alerts:\n"))
    (tmp_path / "rule.events.yml").write_text(tests[:first] + "    alerts: []" + tests[line:])
    (tmp_path / "rule.events.yml").write_text(
        f"rule: {STEGANOGRAPHY}\n" + (tmp_path / "rule.events.yml").read_text()
    )
    found, _ = command.planned([str(tmp_path / "rule.yml")], Config(), ())
    made = session.verify(found, [])
    definition = made.results[0]
    assert definition.target == DEFINITION and definition.failed


def test_fuzz_finds_a_defect_and_shrinks_it(
    planned: list[Planned], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unordered(*arguments: Any) -> Translation:
        translation = translate(*arguments)
        assert translation.query is not None
        text = translation.query.text.replace("between (0s .. 30m)", "between (-30m .. 30m)")
        text = text.replace("- 30m) to typeof", "- 30m, bin(TimeGenerated, 30m) + 30m) to typeof")
        return replace(translation, query=replace(translation.query, text=text))

    monkeypatch.setattr(session, "translate", unordered)
    without_tests = [
        replace(each, identity=replace(each.identity, span=Span())) for each in planned
    ]
    made = session.verify(without_tests, [kql()], Fuzz(60, 3))
    (result,) = made.results
    ((log, verdict),) = [pair for pair in result.verdicts if pair[1].failed]
    assert len(log.events) == 2 and verdict.extra
    pasted = "\n".join(report.as_test("x", log.events, log.now, verdict.expected))
    file = tmp_path / "x.events.yml"
    file.write_text(pasted)
    (test,) = read_rule_tests(str(file))
    assert test.events == list(log.events)
    assert set(test.expected) == set(verdict.expected)


def test_fuzz_passes_on_a_right_rule(planned: list[Planned]) -> None:
    made = session.verify(planned, [kql()], Fuzz(25, 1))
    assert not made.failed
    assert len(made.results[1].verdicts) == 2


class TestWorker:
    """An engine that ends or hangs costs its query and nothing else."""

    @pytest.fixture
    def worker(self) -> Iterator[Worker]:
        with Worker("kql") as worker:
            yield worker

    def ask(self, worker: Worker, events: Sequence[Event]) -> Any:
        plan = hunt(STEGANOGRAPHY)
        return worker.alerts(plan, translate(plan, kql()), kql(), events, NOW)

    def test_a_killed_engine_is_a_fault_and_comes_back(self, worker: Worker) -> None:
        events = steganography_events()
        found = self.ask(worker, events)
        assert found == alerts_of(hunt(STEGANOGRAPHY), events, NOW)
        assert worker._process is not None and worker._process.pid
        os.kill(worker._process.pid, signal.SIGKILL)
        with pytest.raises(EngineFault, match="ended"):
            self.ask(worker, events)
        assert self.ask(worker, events) == found

    def test_a_hanging_engine_is_a_fault(self, worker: Worker) -> None:
        self.ask(worker, [])
        assert worker._process is not None and worker._process.pid
        worker._seconds = 0.2
        os.kill(worker._process.pid, signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(EngineFault, match=r"no answer within 0\.2 s"):
            self.ask(worker, [])
        assert time.monotonic() - start < 5


def test_covering_is_judged_by_the_window() -> None:
    plan = hunt(STEGANOGRAPHY)
    translation = translate(plan, load_profiles("eql")["integrations"])
    early, late = (("ws",), NOW - 60 * SECOND), (("ws",), NOW)
    covered = compare(plan, translation, [], frozenset({early, late}), frozenset({early}))
    assert covered.observed is Observed.COVERING
    far = (("ws",), NOW - 31 * 60 * SECOND)
    lost = compare(plan, translation, [], frozenset({far, late}), frozenset({far}))
    assert lost.observed is Observed.DIFFERS and lost.missing == {late}
    other = compare(plan, translation, [], frozenset(), frozenset({late}))
    assert other.extra == {late}


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (0, "0s"),
        (90 * SECOND, "1m30s"),
        (SECOND + 250_000, "1s250ms"),
        (86_400 * SECOND + 1, "1d1us"),
    ],
)
def test_offsets(micros: int, shown: str) -> None:
    assert offset(micros) == shown


class TestCommand:
    """The command line."""

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(main, ["verify", *arguments])

    def test_text_and_exit_code(self, root: Path) -> None:
        result = self.run(str(root / RULE), "-t", "kql", "--profile", "sentinel")
        assert result.exit_code == 0, result.output
        assert "exact (executed)" in result.stdout and "0 failed" in result.stdout

    def test_update_writes_the_alerts(self, tmp_path: Path, root: Path) -> None:
        (tmp_path / "rule.yml").write_text((root / RULE).read_text())
        original = (root / "rules/steganography_then_webmail.events.yml").read_text()
        document = yaml.safe_load(original)
        for scene in document["scenes"]:
            scene["alerts"] = []
        file = tmp_path / "rule.events.yml"
        file.write_text(yaml.safe_dump({"rule": STEGANOGRAPHY, **document}, sort_keys=False))
        assert self.run(str(tmp_path / "rule.yml"), "-t", "kql").exit_code == 1
        result = self.run(str(tmp_path / "rule.yml"), "--update")
        assert result.exit_code == 0 and "review them" in result.stderr
        (mine,) = read_rule_tests(str(file))
        (theirs,) = read_rule_tests(str(root / "rules/steganography_then_webmail.events.yml"))
        assert set(mine.expected) == set(theirs.expected)
        assert self.run(str(tmp_path / "rule.yml"), "--update").stderr == ""

    def test_against_shows_what_changes(self, tmp_path: Path, root: Path) -> None:
        old = tmp_path / "old.yml"
        old.write_text((root / RULE).read_text().replace("timespan: 30m", "timespan: 29m"))
        result = self.run(str(root / RULE), "--against", str(old))
        assert result.exit_code == 0
        assert "added" in result.stdout and "lost" not in result.stdout
        assert self.run(str(root / RULE), "--against", str(root / RULE)).stdout == ""

    def test_own_data_needs_a_source(self, root: Path) -> None:
        result = self.run(str(root / RULE), "--events", str(root / RULE))
        assert result.exit_code == 2 and "--source" in result.stderr


def test_a_test_of_no_rule_is_named(tmp_path: Path, root: Path) -> None:
    (tmp_path / "rule.yml").write_text((root / RULE).read_text())
    tests = (root / "rules/steganography_then_webmail.events.yml").read_text()
    (tmp_path / "rule.events.yml").write_text("rule: someone_else\n" + tests)
    found, _ = command.planned([str(tmp_path / "rule.yml")], Config(), ())
    made = session.verify(found, [])
    (diagnostic,) = made.diagnostics
    assert diagnostic.code == "TRI037" and "someone_else" in diagnostic.message
    assert diagnostic.span.file.endswith("rule.events.yml")
    assert [each.identity.slug for each in made.untested] == [STEGANOGRAPHY]
