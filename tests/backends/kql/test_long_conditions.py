"""Conditions of very many values in KQL: within the depth that Microsoft's parser takes."""

from __future__ import annotations

from typing import Any

from tests.support.generate import NOW, PROCESS, plan_documents
from trident.app.verify.native import native_rows
from trident.mapping.profiles import load_profiles
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.translate.translate import translate


def test_very_many_values(kql_engine: Any, kql_binder: Any) -> None:
    plan = plan_documents(
        (
            {
                "title": "many",
                "logsource": {"category": "process_creation", "product": "windows"},
                "detection": {
                    "many": {"CommandLine|contains": [f"<{n}>" for n in range(1000)]},
                    "other": {"Image|endswith": "x"},
                    "condition": "many and not other",
                },
            },
        )
    )
    fields: list[dict[str, Any]] = [{"CommandLine": f"a<{n}>b"} for n in (0, 199, 200, 999, 1000)]
    fields.append({"CommandLine": "<5>", "Image": "c:\\x"})
    events = [Event(NOW - n * SECOND, PROCESS, each) for n, each in enumerate(fields)]
    profile = load_profiles("kql")["sentinel"]
    query = translate(plan, profile).query
    assert query is not None
    table = next(s.table for s in profile.sources if s.logsource == PROCESS)
    schema = {table.name: dict(table.stored)}
    assert kql_binder(query.text, schema).errors == ()
    engine = kql_engine(schema)
    engine.load(native_rows(events, profile))
    found = {row[profile.time] for row in engine.run(query.text, NOW)}
    assert found == {alert.time for alert in evaluate(plan, events)}
    assert len(found) == 4
