"""Baselines in numbers: what a limit is made of, and what passes it, in the model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.esql.model.engine import EsqlModel
from tests.support.generate import NOW, PROCESS, base_rule, plan_documents
from tests.support.run_esql import check
from trident.meaning.events import SECOND, Event, Value
from trident.translate.translate import translate

PAST, RECENT = NOW - 180 * SECOND, NOW - 60 * SECOND

CASES: list[tuple[str, dict[str, Any], list[int], list[int], bool]] = [
    # why, exceeds, history, current, does it fire
    ("sample deviation 7.07, not 5", {"statistic": "avg", "stdevs": 1}, [10, 20], [22], False),
    ("above mean and deviation", {"statistic": "avg", "stdevs": 1}, [10, 20], [23], True),
    ("one value has no deviation", {"statistic": "avg", "stdevs": 1}, [10], [99], False),
    ("no deviation at all", {"statistic": "avg", "stdevs": 1}, [10, 10], [11], True),
    ("strictly greater", {"statistic": "max"}, [10, 20], [20], False),
    ("greater", {"statistic": "max"}, [10, 20], [21], True),
    ("0.57 * 100 is 57, no double below", {"statistic": "max", "factor": 0.57}, [100], [57], False),
    ("above 57", {"statistic": "max", "factor": 0.57}, [100], [58], True),
    ("the least", {"statistic": "min"}, [10, 20], [11], True),
    ("an empty history limits nothing", {"statistic": "min"}, [], [11], False),
    ("the 50th of two is the first", {"percentile": 50}, [10, 20], [11], True),
]


def plan_of(**baseline: Any) -> Any:
    document = {
        "title": "b",
        "name": "b",
        "correlation": {
            "type": "event_count",
            "rules": ["alpha"],
            "timespan": "1m",
            "condition": {"gte": 1},
        },
        "trident": {"baseline": {"window": "4m..2m", **baseline}},
    }
    return plan_documents((base_rule("alpha"), document))


def event(time: int, **fields: Value) -> Event:
    return Event(time, PROCESS, {"CommandLine": "alpha", **fields})


@pytest.mark.parametrize(
    ("exceeds", "history", "current", "fires"),
    [pytest.param(*case, id=why) for why, *case in CASES],
)
def test_limit(
    model: EsqlModel, exceeds: dict[str, Any], history: list[int], current: list[int], fires: bool
) -> None:
    events = [event(PAST + i * SECOND, ProcessId=value) for i, value in enumerate(history)]
    events += [event(RECENT + i * SECOND, ProcessId=value) for i, value in enumerate(current)]
    plan = plan_of(exceeds={"field": "ProcessId", **exceeds})
    assert check(model, plan, events, NOW) is fires


def test_a_tuple_is_not_its_text_in_a_row(model: EsqlModel) -> None:
    plan = plan_of(unseen=["User", "Image"])
    seen = event(PAST, User="a", Image="b.c")
    assert check(model, plan, [seen, event(RECENT, User="a.b", Image="c")], NOW)
    assert not check(model, plan, [seen, event(RECENT, User="a", Image="b.c")], NOW)


def test_one_query_reads_both_windows(model: EsqlModel) -> None:
    query = translate(plan_of(unseen=["User"]), model.profile).query
    assert query is not None
    assert not query.parameters and not query.companions
    assert query.text.count("FROM ") == 1
