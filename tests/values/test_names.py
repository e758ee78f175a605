"""Hostile field names: mapped in trident.yml quoted or refused, unmapped refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support.generate import plan_documents
from tests.support.lexing import lexed
from tests.support.selection import LAB, Bench, lab_events
from tests.support.targets import SHIPPED
from trident.app.input.config import read_config
from trident.rule.plan import Search
from trident.translate.translate import translate

NAMES = (
    *("it's", 'a"b', "a`b", "a|b", "a\nb", "a.b", "a b", " a", "a'] or true //", '"] | delete'),
    *(
        "\u00e9t\u00e9",
        "\u65e5\u672c",
        "\u202ea",
        "where",
        "and",
        "not",
        "count",
        "by",
        "in",
        "null",
    ),
    *("c-uri", "1st", "$x$", "${x}", "%x%", "{0}", "*", "a*", "\\", "a\\", "#", "--", "/*", "a;b"),
    *("`macro`", "[[", "]]", "()", "=", "@x", "a\tb", "a\x00b"),
)
TABLES = {
    "kql": {},
    "spl": {"macro": "microsoft_addon", "selector": {"category": "lab"}},
    "eql": {"index": "cef_index", "select": {"event.dataset": "lab"}},
}
DEFAULTS = {
    "kql": "sentinel",
    "spl": "microsoft_addon",
    "eql": "integrations",
    "esql": "integrations",
}


@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("target", SHIPPED)
def test_mapped(benches: Callable[[str], Bench], tmp_path: Path, target: str, name: str) -> None:
    column = name.replace("\x00", "\x01")  # YAML holds no NUL
    table = TABLES.get(target, TABLES["eql"])
    columns = {"string": [column, *table.get("select", {})]}
    document = {
        "tables": {target: {"Lab": {**table, "columns": columns}}},
        "fields": {
            target: [
                {"logsource": {"category": LAB.category}, "table": "Lab", "fields": {"f": column}}
            ]
        },
    }
    file = tmp_path / "trident.yml"
    file.write_text(yaml.safe_dump(document, allow_unicode=False), "utf-8")
    profile = read_config(file).profile(target, DEFAULTS[target])
    plan = _plan("f")
    translation = translate(plan, profile)
    if translation.query is None:
        assert translation.error is not None and translation.error.code == "TRI304"
        return
    assert set(column) & set("'\"`\n\x01") <= ALLOWED[target]
    if target == "esql" and "`" in column:  # Elastic's package drops a doubled back-tick
        assert "`" + column.replace("`", "``") + "`" in lexed(target, translation.query.text)[0]
        return
    events = lab_events([{"f": "x"}, {"f": "X"}, {"f": "y"}, {}])
    assert benches(target).check(plan, profile, events) == ""


ALLOWED = {"kql": set("`"), "spl": set(), "eql": set("'\"\x01"), "esql": set("'\"`")}
"""The most hostile characters that a target's quoted name holds."""


@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("target", SHIPPED)
def test_unmapped(tmp_path: Path, target: str, name: str) -> None:
    if "|" in name:
        pytest.skip("in a rule a bar begins a modifier")
    profile = read_config(None).profile(target, DEFAULTS[target])
    document = {
        "title": "t",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {"s": {name: "x"}, "condition": "s"},
    }
    plan = plan_documents((document,))
    error = translate(plan, profile).error
    assert error is not None and error.code == "TRI202"


def _plan(field: str) -> Search:
    detection = {"s": {field: "x"}, "condition": "s"}
    document = {"title": "t", "logsource": {"category": LAB.category}, "detection": detection}
    plan = plan_documents((document,))
    assert isinstance(plan, Search)
    return plan
