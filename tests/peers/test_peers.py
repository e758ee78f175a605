"""What other converters get wrong, done right: each row runs on the engines (the two tables here).

The ids are those of the research notes on peers (``../shared/facts/peers.md``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.generate import BASES, NOW, base_rule, plan_documents
from tests.support.selection import LAB, Bench, lab_events, lab_profile, missing_engine
from tests.support.targets import SHIPPED
from tests.translator.conftest import Trident
from trident.app.verify.compare import Observed, compare
from trident.app.verify.runners import runner
from trident.mapping.profiles import default_profile, load_profiles
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.result.translation import Fidelity
from trident.rule.plan import Correlation, Search
from trident.translate.translate import translate

Benches = Callable[[str], Bench]
HERE = Path(__file__).parent
DETECTIONS: list[dict[str, Any]] = yaml.safe_load((HERE / "detections.yml").read_text("utf-8"))
CORRELATIONS: list[dict[str, Any]] = yaml.safe_load((HERE / "correlations.yml").read_text("utf-8"))
MINUTE = 60 * SECOND


def _named(rows: list[dict[str, Any]]) -> list[Any]:
    """A parameter per row and target, named K3-kql."""
    return [
        pytest.param(target, row, id=f"{row['id']}-{target}-{place}")
        for place, row in enumerate(rows)
        for target in row.get("only", SHIPPED)
    ]


@pytest.mark.parametrize(("target", "row"), _named(DETECTIONS))
def test_detection(benches: Benches, target: str, row: dict[str, Any]) -> None:
    bench = benches(target)
    detection = row.get("detection") or {"s": row["item"], "condition": "s"}
    document = {"title": row["id"], "logsource": {"category": LAB.category}, "detection": detection}
    plan = plan_documents((document,))
    assert isinstance(plan, Search)
    given = [each if isinstance(each, dict) else {"f": each} for each in _records(row)]
    columns = {name: (name, "string") for name in "fgh"} | {
        name: tuple(column) for name, column in row.get("columns", {}).items()
    }
    profile = lab_profile(target, columns)
    translation = translate(plan, profile)
    code = row.get("refused", {}).get(target)
    if code:
        assert translation.error is not None and translation.error.code == code
        return
    assert translation.query is not None, translation.error
    events = lab_events(given)
    wanted = {event.time for event in events[: len(row["matches"])]}
    bench.compare(plan, translation, profile, events, wanted)


def _records(row: dict[str, Any]) -> list[Any]:
    return [*row["matches"], *row["misses"]]


@pytest.mark.parametrize(("target", "row"), _named(CORRELATIONS))
def test_correlation(target: str, row: dict[str, Any]) -> None:
    if package := missing_engine(target):
        pytest.skip(f"{package} is not installed")
    outer = {"title": row["id"], "name": "outer", "correlation": row["correlation"]}
    plan = plan_documents((*map(base_rule, BASES), outer))
    assert isinstance(plan, Correlation)
    profile = load_profiles(target)[default_profile(target)]
    translation = translate(plan, profile)
    code = row.get("refused", {}).get(target)
    if code:
        assert translation.error is not None and translation.error.code == code
        return
    assert translation.query is not None, translation.error
    for case in row["cases"]:
        events = [_event(*given) for given in case["events"]]
        wanted = frozenset((tuple(group), NOW - ago * MINUTE) for group, ago in case["alerts"])
        assert {(a.group, a.time) for a in evaluate(plan, events, NOW)} == wanted, case["why"]
        found = _alerts(target, plan, events)
        verdict = compare(plan, translation, events, wanted, frozenset(found))
        assert not verdict.failed and verdict.observed is not Observed.NOTED, case["why"]
        if translation.fidelity is not Fidelity.COVERING:
            assert found == wanted, case["why"]


def _event(ago: int, base: str, fields: dict[str, Any] | None = None) -> Event:
    source, selection = BASES[base]
    own = {key.split("|")[0]: value for key, value in selection.items()}
    return Event(NOW - ago * MINUTE, source, {"Computer": "ws", **own, **(fields or {})})


def _alerts(target: str, plan: Correlation, events: list[Event]) -> set[Any]:
    profile = load_profiles(target)[default_profile(target)]
    if target == "esql":
        # Elastic's parser package is not everywhere; importing the model needs it.
        from tests.backends.esql.model.engine import EsqlModel
        from tests.support.run_esql import esql_alerts, run_esql, stored

        model = EsqlModel(profile)
        translation, rows = run_esql(model, plan, stored(events, profile), NOW)
        model.close()
        return set(esql_alerts(translation, plan, rows))
    opened = runner(target)
    try:
        kept = [opened.seen(event, profile) for event in events]
        return set(opened.alerts(plan, translate(plan, profile), profile, kept, NOW))
    finally:
        opened.close()


RULES = """\
title: Needle
name: needle
logsource: {category: process_creation, product: windows}
detection: {s: {CommandLine: needle}, condition: s}
---
title: Somewhere
name: somewhere
logsource: {category: process_creation, product: windows}
detection: {k: [needle], condition: k}
---
title: Twice
name: twice
correlation: {type: event_count, rules: [needle], timespan: 5m, condition: {gte: 2}}
"""


def test_c12_a_rule_of_a_correlation_is_no_query_of_its_own(
    trident: Trident, tmp_path: Path
) -> None:
    (tmp_path / "rules.yml").write_text(RULES, "utf-8")
    ran = trident("convert", "-t", "kql", "--format", "json", tmp_path)
    names = [each["rule"]["name"] for each in ran.json["translations"]]
    assert names == ["somewhere", "twice"]


def test_c16_a_refused_rule_leaves_the_others(trident: Trident, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES, "utf-8")
    ran = trident("convert", "-t", "spl", "--strict", tmp_path)
    assert ran.code == 1
    assert "TRI302" in ran.err and "rules.yml:6" in ran.err
    assert "Twice" in ran.out and "streamstats" in ran.out


def test_k16_a_file_name_is_looked_for_in_the_documented_column() -> None:
    """FolderPath holds the whole path of the file in advanced hunting, its name at the end."""
    source = BASES["gamma"][0]
    for name in ("sentinel", "defender"):
        profile = load_profiles("kql")[name]
        document = {
            "title": "file",
            "logsource": {"category": source.category, "product": source.product},
            "detection": {"s": {"TargetFilename|endswith": "\\evil.exe"}, "condition": "s"},
        }
        plan = plan_documents((document,))
        assert isinstance(plan, Search)
        texts = ("C:\\x\\evil.exe", "C:\\evil.exe\\readme.txt", "C:\\x\\notevil.exe")
        events = [
            Event(NOW - n * SECOND, source, {"TargetFilename": text})
            for n, text in enumerate(texts)
        ]
        with Bench("kql") as bench:
            assert bench.check(plan, profile, events) == ""
        assert [e.time for e in events if Bench.matches(plan, e)] == [NOW]


HOSTILE_TITLES = {
    "s8": "ends in a backslash \\",
    "s9": "default",
    "s10": "one line\nsearch = evil\n| delete",
    "comment": "``` | delete ``` */ // --",
}


@pytest.mark.parametrize("target", SHIPPED)
@pytest.mark.parametrize("row", HOSTILE_TITLES)
def test_a_title_stays_in_the_comment(
    trident: Trident, tmp_path: Path, target: str, row: str
) -> None:
    def queries(title: str) -> list[str]:
        document = {
            "title": title,
            "description": HOSTILE_TITLES[row],
            "logsource": {"category": "process_creation", "product": "windows"},
            "detection": {"s": {"CommandLine": "needle"}, "condition": "s"},
        }
        (tmp_path / "rule.yml").write_text(yaml.safe_dump(document), "utf-8")
        return _without_comments(target, trident("convert", "-t", target, tmp_path).out)

    assert queries(HOSTILE_TITLES[row]) == queries("harmless")


def _without_comments(target: str, text: str) -> list[str]:
    """The lines that the SIEM reads."""
    if target == "spl":
        from trident.engines.spl.lexical import without_comments

        text = without_comments(text)
    elif target == "kql":
        text = re.sub(r"^//.*$", "", text, flags=re.MULTILINE)
    else:
        text = re.sub(r"/\*.*?\*/|^//.*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line for line in text.splitlines() if line.strip()]


IN_PYTHON = {"C12", "C16", "K16", "S8", "S9", "S10"}


def test_every_row_of_the_notes_has_a_test(shared: Path) -> None:
    notes = (shared / "facts/peers.md").read_text("utf-8")
    rows = set(re.findall(r"^\| ([CKES]\d+) \|", notes, re.MULTILINE))
    assert len(rows) == 55
    assert rows == {
        row["id"] for row in (*DETECTIONS, *CORRELATIONS) if row["id"][1:].isdigit()
    } | (IN_PYTHON)
