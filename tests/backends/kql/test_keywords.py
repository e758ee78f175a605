"""Keywords in KQL: in the text of any column, whatever its type."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.generate import NOW, PROCESS, plan_documents
from trident.app.verify.native import native_rows
from trident.mapping.profiles import load_profiles
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.rule.plan import LogSource
from trident.translate.translate import translate

FIELDS: tuple[dict[str, Any], ...] = (
    {"CommandLine": "run MIMIKATZ now"},
    {"Image": "C:\\mimikatz.exe"},
    {"User": "mimikat"},
    {"ProcessId": 12345},
    {"ProcessId": 99},
    {"CommandLine": "a123b"},
    {"CommandLine": ""},
)


@pytest.mark.parametrize(
    "keywords",
    [["mimikatz"], ["234"], ["mimi?atz"], ["run*now"], [234], ["nothing", "99"], ["\\mimi"]],
)
@pytest.mark.parametrize("condition", ["keywords", "not keywords"])
def test_keywords(kql_engine: Any, kql_binder: Any, keywords: list[Any], condition: str) -> None:
    plan = plan_documents(
        (
            {
                "title": "k",
                "logsource": {"category": "process_creation", "product": "windows"},
                "detection": {"keywords": keywords, "condition": condition},
            },
        )
    )
    events = [Event(NOW - n * SECOND, PROCESS, fields) for n, fields in enumerate(FIELDS)]
    profile = load_profiles("kql")["sentinel"]
    query = translate(plan, profile).query
    assert query is not None
    table = next(s.table for s in profile.sources if s.logsource == PROCESS)
    schema = {table.name: dict(table.columns)}
    assert kql_binder(query.text, schema).errors == ()
    engine = kql_engine(schema)
    engine.load(native_rows(events, profile))
    found = {row[profile.time] for row in engine.run(query.text, NOW)}
    assert found == {alert.time for alert in evaluate(plan, events)}


def test_a_keyword_in_a_property(kql_engine: Any) -> None:
    """A dynamic column is JSON text, in which backslashes and quotes are escaped."""
    source = {"product": "windows", "service": "powershell"}
    plan = plan_documents(
        (
            {
                "title": "k",
                "logsource": source,
                "detection": {"keywords": ['C:\\Temp\\"x"'], "condition": "keywords"},
            },
        )
    )
    profile = load_profiles("kql")["sentinel"]
    query = translate(plan, profile).query
    assert query is not None
    table = next(s.table for s in profile.sources if s.logsource == LogSource(None, **source))
    engine = kql_engine({table.name: dict(table.columns)})
    texts = ('run C:\\Temp\\"x" now', 'run C:\\\\Temp\\"x" now', "run C:\\Temp\\x now")
    events = [
        Event(NOW - n * SECOND, LogSource(None, **source), {"ScriptBlockText": text})
        for n, text in enumerate(texts)
    ]
    engine.load(native_rows(events, profile))
    assert {row[profile.time] for row in engine.run(query.text, NOW)} == {NOW}
