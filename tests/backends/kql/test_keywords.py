"""Keywords in KQL: in the text of any column, whatever its type."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.generate import NOW, PROCESS, plan_documents
from trident.app.verify.native import native_rows
from trident.mapping.profiles import Profile, Source, load_profiles
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


SOURCES = [
    pytest.param(profile, source, id=f"{profile.name}-{source.logsource}")
    for profile in load_profiles("kql").values()
    for source in {source.table.name: source for source in profile.sources}.values()
]


@pytest.mark.parametrize(("profile", "source"), SOURCES)
def test_a_keyword_reads_what_is_stored(kql_binder: Any, profile: Profile, source: Source) -> None:
    """Computed columns, which a query has only where it defines them, add nothing."""
    parts = ("category", "product", "service")
    given = {part: value for part in parts if (value := getattr(source.logsource, part))}
    for keywords in (["word"], ['7 "quoted"', "wild*card"], [{"|re": "[a-z]{9}"}]):
        detection = {"keywords": keywords, "condition": "keywords"}
        plan = plan_documents(({"title": "k", "logsource": given, "detection": detection},))
        translation = translate(plan, profile)
        assert translation.query is not None, translation.error
        text = translation.query.text
        assert kql_binder(text, {source.table.name: source.table.stored}).errors == (), text
        assert not any(f"{name} " in text for name in ("_ResourceId", "TenantId"))


def test_no_word_across_two_columns(kql_engine: Any) -> None:
    for keyword, expected in (("one\ntwo", 0), ("one", 1), ("SecurityEvent", 0)):
        detection = {"keywords": [keyword], "condition": "keywords"}
        source = {"category": "process_creation", "product": "windows"}
        plan = plan_documents(({"title": "k", "logsource": source, "detection": detection},))
        profile = load_profiles("kql")["sentinel"]
        table = next(s.table for s in profile.sources if s.logsource == PROCESS)
        engine = kql_engine({table.name: dict(table.columns)})
        events = [Event(NOW, PROCESS, {"CommandLine": "one", "CurrentDirectory": "two"})]
        engine.load(native_rows(events, profile))
        query = translate(plan, profile).query
        assert query is not None
        assert len(engine.run(query.text, NOW)) == expected
