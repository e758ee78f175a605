"""A detection that requires a channel decides the log source: by what it means, with a note."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR

from tests.backends.rule.test_tree import plan as detection
from tests.support.generate import plan_documents
from tests.support.targets import SHIPPED
from trident.mapping.profiles import load_profiles
from trident.meaning.detection import compile_detection
from trident.rule.log_source import required
from trident.rule.plan import LogSource, Search
from trident.rule.tree import Condition
from trident.translate.translate import translate


def search(detections: dict[str, Any], condition: str, **logsource: str) -> Search:
    """The plan of a rule on Windows, unless told."""
    plan = plan_documents(
        (
            {
                "title": "r",
                "name": "r",
                "logsource": logsource or {"product": "windows"},
                "detection": {**detections, "condition": condition},
            },
        )
    )
    assert isinstance(plan, Search)
    return plan


SYSTEM = {"Channel": "System", "EventID": 7045}
POWERSHELL = ["PowerShellCore/Operational", "Microsoft-Windows-PowerShell/Operational"]
TASKS = {"Channel": "Microsoft-Windows-TaskScheduler/Operational"}


@pytest.mark.parametrize(
    ("detections", "condition", "service"),
    [
        ({"s": SYSTEM}, "s", "system"),
        ({"s": {"Channel": "system"}}, "s", "system"),
        ({"s": SYSTEM, "f": {"Channel": "Security"}}, "s and not f", "system"),
        ({"s": SYSTEM, "t": {**SYSTEM, "EventID": 1}}, "s or t", "system"),
        ({"s": SYSTEM, "t": {"EventID": 1}}, "s and t", "system"),
        ({"s": [SYSTEM, {**SYSTEM, "EventID": 1}]}, "s", "system"),
        (
            {"s": {"Channel": POWERSHELL}},
            "s",
            "powershell",
        ),
        # Nothing is decided where another channel would do, or any.
        ({"s": SYSTEM, "t": TASKS}, "s or t", None),
        ({"s": {"Channel": ["System", "Security"]}}, "s", None),
        ({"s": SYSTEM, "t": {"EventID": 1}}, "s or t", None),
        ({"s": SYSTEM}, "not s", None),
        ({"s": {"Channel|contains": "System"}}, "s", None),
        ({"s": {"Channel": "Sys*"}}, "s", None),
        ({"s": {"Channel": None}}, "s", None),
        ({"s": {"Channel": "Unheard-Of/Operational"}}, "s", None),
    ],
)  # fmt: skip
def test_what_decides(detections: dict[str, Any], condition: str, service: str | None) -> None:
    plan = search(detections, condition)
    assert plan.logsource == LogSource(None, "windows", service)
    assert plan.decisive == ("Channel" if service else "")


def test_what_the_rule_says_itself_stays() -> None:
    named = search({"s": SYSTEM}, "s", product="windows", service="security")
    assert (named.logsource.service, named.decisive) == ("security", "")
    process = search({"s": SYSTEM}, "s", product="windows", category="process_creation")
    assert (process.logsource.service, process.decisive) == (None, "")
    azure = search({"s": {"category": "AuditLogs"}}, "s", product="azure")
    assert (azure.logsource.service, azure.decisive) == ("auditlogs", "category")


def test_each_target_reads_the_log_source_and_says_so() -> None:
    named = search({"s": SYSTEM}, "s", product="windows", service="system")
    for target in SHIPPED:
        for profile in load_profiles(target).values():
            made = translate(search({"s": SYSTEM}, "s"), profile)
            direct = translate(named, profile)
            if direct.query is None:
                assert made.error is not None and direct.error is not None
                assert made.error.code == direct.error.code
                continue
            assert made.query is not None and made.query.text == direct.query.text
            noted = {note.code for note in made.notes} - {note.code for note in direct.notes}
            assert noted == {"TRI420"}


CHANNELS = ("System", "Security", "Application")


def tree(random: Random, depth: int) -> Condition:
    """A random condition over a channel and two other fields."""
    kind = random.randrange(4) if depth else 0
    if kind == 0:
        field = random.choice(("Channel", "Channel", "a", "b"))
        values = random.choice(["System", "Security", "Sec*", ["System", "Security"], ["System"]])
        plan = detection(f"{field}: {values}")
        assert isinstance(plan, Search)
        return plan.condition
    if kind == 1:
        return ConditionNOT([tree(random, depth - 1)])
    parts = [tree(random, depth - 1) for _ in range(2)]
    return ConditionAND(parts) if kind == 2 else ConditionOR(parts)


def test_every_event_that_is_found_has_a_required_value() -> None:
    decided = 0
    for number in range(300):
        random = Random(f"required-{number}")
        condition = tree(random, 3)
        values = required(condition, "Channel")
        if values is None:
            continue
        decided += 1
        finds = compile_detection(condition)
        for _ in range(40):
            event = {field: random.choice(CHANNELS) for field in ("Channel", "a", "b")}
            if finds(event):
                assert event["Channel"].lower() in values, (number, event)
    assert decided > 60
