"""What a match is: the log source, the detection, the filters; and a rule without correlation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.generate import NOW, plan_documents
from trident.base.diagnostics import Span
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event
from trident.rule.plan import LogSource
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset

RULE = {
    "title": "rule",
    "name": "rule",
    "logsource": {"category": "process_creation", "product": "windows"},
    "detection": {"s": {"Image|endswith": "x.exe"}, "condition": "s"},
}
FILTER = {
    "title": "Not Ann",
    "name": "not_ann",
    "logsource": {"category": "process_creation"},
    "filter": {"rules": ["rule"], "selection": {"User": "ann"}, "condition": "not selection"},
}


def event(seconds: int, source: LogSource | None = None, **fields: Any) -> Event:
    fields = {"Image": "x.exe", **fields}
    found = source or LogSource("process_creation", "windows")
    return Event(NOW + seconds * SECOND, found, fields)


def test_a_rule_without_correlation_alerts_at_each_event() -> None:
    events = [event(2), event(1), event(1), event(3, Image="y.exe")]
    alerts = evaluate(plan_documents((RULE,)), events)
    assert [(alert.group, (alert.time - NOW) // SECOND) for alert in alerts] == [
        ((), 1),
        ((), 1),
        ((), 2),
    ]


@pytest.mark.parametrize(
    ("logsource", "matched"),
    [
        ({"category": "process_creation", "product": "windows"}, ["windows", "sysmon"]),
        ({"product": "windows", "service": "sysmon"}, ["sysmon"]),
        ({"category": "process_creation"}, ["windows", "linux", "sysmon"]),
        ({"product": "linux"}, ["linux"]),
        ({"category": "file_event"}, []),
    ],
)
def test_each_part_of_the_log_source_has_to_agree(
    logsource: dict[str, str], matched: list[str]
) -> None:
    sources = [
        LogSource("process_creation", "windows"),
        LogSource("process_creation", "linux"),
        LogSource("process_creation", "windows", "sysmon"),
    ]
    events = [event(0, source, name=source.service or source.product) for source in sources]
    alerts = evaluate(plan_documents(({**RULE, "logsource": logsource},)), events)
    assert [alert.evidence[0].fields["name"] for alert in alerts] == matched


@pytest.mark.parametrize(
    ("file", "switched_on", "users"),
    [
        ("rules.yml", (), ["bob"]),
        ("other.yml", (), ["ann", "bob"]),
        ("other.yml", ("not_ann",), ["bob"]),
    ],
)
def test_a_filter_acts_in_its_file_and_where_it_is_switched_on(
    file: str, switched_on: tuple[str, ...], users: list[str]
) -> None:
    documents = [Document(RULE, Span("rules.yml", 1)), Document(FILTER, Span(file, 9))]
    ruleset = Ruleset.from_documents(documents, filters=switched_on)
    (planned,) = plan_all(ruleset)
    assert planned.plan is not None
    alerts = evaluate(planned.plan, [event(0, User="ann"), event(0, User="bob")])
    assert [alert.evidence[0].fields["User"] for alert in alerts] == users


@pytest.mark.parametrize(
    "extension", [{"lookback": "1d"}, {"baseline": {"window": "2d..1d", "unseen": ["User"]}}]
)
def test_what_depends_on_now_needs_it(extension: dict[str, Any]) -> None:
    correlation = {
        "title": "correlation",
        "correlation": {
            "type": "event_count",
            "rules": ["rule"],
            "timespan": "1h",
            "condition": {"gte": 1},
        },
        "trident": extension,
    }
    with pytest.raises(ValueError, match="needs a value for now"):
        evaluate(plan_documents((RULE, correlation)), [event(0)])
