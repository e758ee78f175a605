"""The whole detection language on every target: run, or refused with a code (``rows.py``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sigma.modifiers import modifier_mapping

from tests.language.page import PAGE, page
from tests.language.rows import KINDS, ROWS, TARGET_DATA, Row, modifiers, refusal, rows
from tests.support.selection import Bench, lab_profile
from tests.support.targets import SHIPPED
from trident.base.diagnostics import codes
from trident.mapping.profiles import Profile
from trident.rule.plan import Search
from trident.translate.translate import translate

TABLE = list(rows())
WITH_ADDRESSES = ("eql", "esql")
"""The targets that have a type for addresses."""

Benches = Callable[[str], Bench]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.why)
@pytest.mark.parametrize("target", SHIPPED)
def test_row(benches: Benches, target: str, row: Row) -> None:
    bench = benches(target)
    for kind, profile, plan, wanted in _runs(target, row):
        translation = translate(plan, profile)
        if translation.query is None:
            assert translation.error is not None
            assert translation.error.code in _refusals(target, row, kind), translation.error
            continue
        assert kind != "string" or not refusal(target, row.why), "no longer refused"
        says = {each["says"] for each in _differing(target, row, kind)}
        assert says <= {note.code for note in translation.notes} | {"docs/verification.md"}
        events, _ = row.events(kind)
        values = [value for each in _differing(target, row, kind) for value in each["values"]]
        kept = [event for event in events if event.fields.get("f") not in values or not values]
        bench.compare(plan, translation, profile, kept, wanted & {e.time for e in kept})


def _runs(target: str, row: Row) -> Iterator[tuple[str, Profile, Search, set[int]]]:
    """(column type, profile, plan, times wanted) of a row and of its negation."""
    for kind in KINDS:
        events, wanted = row.events(kind)
        known = any(value not in (None, "") for event in events for value in event.fields.values())
        if not known or (kind == "ip" and target not in WITH_ADDRESSES):
            continue
        profile = lab_profile(target, {name: (name, kind) for name in row.fields})
        yield kind, profile, row.plan, wanted
        if row.negated is not None:
            yield kind, profile, row.negated, {event.time for event in events} - wanted


def _refusals(target: str, row: Row, kind: str) -> set[str]:
    named = {refusal(target, row.why)} - {""}
    return named if kind == "string" else named | set(TARGET_DATA["typed"][target])


def _differing(target: str, row: Row, kind: str) -> list[dict[str, Any]]:
    key = (target, row.why, kind)
    return [e for e in TARGET_DATA["differs"] if (e["target"], e["why"], e["kind"]) == key]


def test_every_modifier_has_a_row() -> None:
    given = (row.get("item") or row["detection"] for row in ROWS)
    named = {modifier for detection in given for modifier in modifiers(detection)}
    assert set(modifier_mapping) <= named


def test_the_tables_name_rows_and_codes() -> None:
    known = {row.why for row in TABLE}
    assert len(known) == len(TABLE)
    for by_code in TARGET_DATA["refused"].values():
        assert set(by_code) <= set(codes())
        assert {why for named in by_code.values() for why in named} <= known
    assert {each["why"] for each in TARGET_DATA["differs"]} <= known


def test_the_page_is_of_this_table(root: Path) -> None:
    if len(TABLE) < len(ROWS):
        pytest.skip("the page has the rows of pySigma 2")
    written = (root / PAGE).read_text("utf-8")
    assert written == page(TABLE), "stale: python -m tests.language.page"
