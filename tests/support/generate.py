"""Random rules and random timelines: every correlation feature, many ties, exact boundaries.

Everything is made from a ``random.Random``, so a seed reproduces a case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from random import Random
from typing import Any

from trident.base.diagnostics import Span
from trident.meaning.events import SECOND, Event, Value, parse_time
from trident.rule.plan import LogSource, Plan
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset

PYSIGMA = int(version("pysigma").partition(".")[0])
"""pySigma's major version."""
NOW = parse_time("2026-01-15T12:00:00Z")
OPERATORS = ("gt", "gte", "lt", "lte", "eq", "neq")
AGGREGATES = (
    "event_count",
    "value_count",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
)
TEMPORAL = ("temporal", "temporal_ordered")

PROCESS = LogSource("process_creation", "windows")
FILE = LogSource("file_event", "windows")
NETWORK = LogSource("network_connection", "windows")

BASES: dict[str, tuple[LogSource, dict[str, Any]]] = {
    "alpha": (PROCESS, {"CommandLine|contains": "alpha"}),
    "beta": (PROCESS, {"CommandLine|contains": "beta"}),
    "either": (PROCESS, {"CommandLine|contains": ["alpha", "beta"]}),  # overlaps with both
    "gamma": (FILE, {"FileName|contains": "gamma"}),
    "delta": (NETWORK, {"DestinationHostname|contains": "delta"}),
}
ALIASES = {  # the same person under different names
    "alpha": "ParentUser",
    "beta": "User",
    "either": "User",
    "gamma": "ProcessFileName",
    "delta": "User",
}
TEXTS = {
    PROCESS: ("CommandLine", ("alpha", "beta", "alpha beta", "ALPHA x", "other")),
    FILE: ("FileName", ("gamma", "gamma.png", "other")),
    NETWORK: ("DestinationHostname", ("delta", "delta.example", "other")),
}


@dataclass(slots=True)
class Limits:
    """What a target's cases are restricted to; an empty tuple means everything."""

    types: tuple[str, ...] = ()
    tick: int = 1  # the clock's resolution in microseconds
    ties: bool = True
    # "carried": names that an inner rule does not group by; which targets say it differs
    features: frozenset[str] = field(
        default_factory=lambda: frozenset(
            {"alias", "chain", "baseline", "condition", "lookback", "range"}
        )
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A rule's documents, its plan, and a timeline."""

    documents: tuple[dict[str, Any], ...]
    plan: Plan
    events: tuple[Event, ...]


def make_case(random: Random, limits: Limits | None = None) -> Case:
    """One random rule with one random timeline."""
    limits = limits or Limits()
    documents = make_rule(random, limits)
    plan = plan_documents(documents)
    return Case(documents, plan, make_timeline(random, _timespans(documents), limits))


def plan_documents(
    documents: tuple[dict[str, Any], ...], placeholders: Mapping[str, Sequence[str]] | None = None
) -> Plan:
    """The plan of the last document, the others being what it refers to."""
    ruleset = Ruleset.from_documents(
        (
            Document(document, Span("random.yml", number))
            for number, document in enumerate(documents, 1)
        ),
        placeholders=placeholders,
    )
    assert not ruleset.diagnostics, ruleset.diagnostics
    planned = plan_all(ruleset)[-1]
    assert planned.plan is not None, planned.diagnostics
    return planned.plan


def make_rule(random: Random, limits: Limits) -> tuple[dict[str, Any], ...]:
    """Base rules and a correlation over them, sometimes with one correlation in between."""
    bases = [base_rule(name) for name in BASES]
    often = 0.9 if "carried" in limits.features else 0.2
    chained = "chain" in limits.features and random.random() < often
    if not chained:
        return (*bases, _correlation(random, limits, "outer", list(BASES), {}))
    inner = _correlation(random, limits, "inner", list(BASES), {}, inner=True)
    keys = {"inner": inner["correlation"].get("group-by", [])}
    return (*bases, inner, _correlation(random, limits, "outer", ["inner", *BASES], keys))


def base_rule(name: str) -> dict[str, Any]:
    """The document of one of the ``BASES``."""
    source, selection = BASES[name]
    return {
        "title": name,
        "name": name,
        "logsource": {"category": source.category, "product": source.product},
        "detection": {"selection": selection, "condition": "selection"},
    }


def _correlation(
    random: Random,
    limits: Limits,
    name: str,
    names: list[str],
    inner_keys: dict[str, list[str]],
    inner: bool = False,
) -> dict[str, Any]:
    kind = random.choice(limits.types or (*AGGREGATES, *TEMPORAL, *TEMPORAL))
    count = random.choice((2, 2, 3)) if kind in TEMPORAL else random.choice((1, 1, 1, 2))
    rules = random.sample(names, count)
    if inner_keys and "inner" not in rules:
        rules[0] = "inner"
    keyed = inner_keys.get("inner") if "inner" in rules else None
    correlation: dict[str, Any] = {
        "type": kind,
        "rules": rules,
        "timespan": random.choice(("10s", "1m", "90s")),
    }
    group_by, aliases = _group_by(random, limits, rules, keyed)
    if group_by:
        correlation["group-by"] = group_by
    if aliases:
        correlation["aliases"] = aliases
    if kind in TEMPORAL:
        _temporal(random, limits, kind, rules, correlation)
    else:
        if keyed is not None and "carried" in limits.features:
            keyed = [*keyed, "User", "Computer"]
        _aggregate(random, limits, kind, keyed, correlation)
    document: dict[str, Any] = {"title": name, "name": name, "correlation": correlation}
    extension = {} if inner else _extension(random, limits, kind, rules, group_by)
    if extension:
        document["trident"] = extension
    return document


def _group_by(
    random: Random, limits: Limits, rules: list[str], keyed: list[str] | None
) -> tuple[list[str], dict[str, dict[str, str]]]:
    if keyed is not None and "carried" in limits.features and random.random() < 0.7:
        # Names that the inner rule may not group by are read of the matches behind its alerts.
        return random.choice((["Computer"], ["User"], ["Computer", "User"], ["ProcessId"])), {}
    if keyed is not None:
        # Otherwise an inner alert has its group keys only; base rules must have the same names.
        plain = [key for key in keyed if key != "who"]
        chosen = random.sample(plain, random.randint(0, len(plain)))
        if "who" in keyed and "alias" in limits.features and random.random() < 0.5:
            entries = {rule: ALIASES.get(rule, "who") for rule in rules}
            return [*chosen, "person"], {"person": entries}
        return chosen, {}
    if "alias" in limits.features and random.random() < 0.2:
        entries = {rule: ALIASES[rule] for rule in rules}
        return random.choice((["who"], ["Computer", "who"])), {"who": entries}
    return random.choice(([], ["Computer"], ["Computer"], ["Computer", "User"])), {}


def _temporal(
    random: Random, limits: Limits, kind: str, rules: list[str], correlation: dict[str, Any]
) -> None:
    if "condition" not in limits.features or random.random() < 0.4:
        if kind == "temporal" and random.random() < 0.5:
            op = random.choice(("gte", "lte", "eq", "neq", "gt", "lt"))
            number = {"gt": 1, "lt": 2}.get(op, random.randint(1, len(rules)))
            correlation["condition"] = _ranged(random, limits, {op: number})
        return
    if kind == "temporal":
        correlation["condition"] = random.choice(_EXPRESSIONS[len(rules)]).format(*rules)
    else:
        correlation["condition"] = random.choice(_STAGES[len(rules)]).format(*rules)


_EXPRESSIONS = {
    2: ("{0} and {1}", "{0} or {1}", "{0} and not {1}", "not {1} and {0}"),
    3: (
        "{0} and ({1} or {2})",
        "({0} or {1}) and not {2}",
        "{0} and not ({1} and {2})",
        "not (not {0} or {1}) or {2}",
        "{0} and not ({1} or not {2})",
    ),
}
_STAGES = {
    2: ("{0} and {1}", "{1} and {0}", "{0} or {1}"),
    3: (
        "({0} or {1}) and {2}",
        "{0} and ({1} or {2})",
        "{0} and {1} and {2}",
        "{0} and {1} and not {2}",
        "{0} and not {1} and {2}",
        "not {2} and {0} and {1}",
    ),
}


def _aggregate(
    random: Random, limits: Limits, kind: str, keyed: list[str] | None, correlation: dict[str, Any]
) -> None:
    op = random.choice(OPERATORS)
    number: float = random.randint(1, 4)
    if kind == "event_count":
        # Windows hold their own match, so some thresholds can never be met and are refused.
        number = max(number, {"lt": 2, "lte": 1, "eq": 1}.get(op, 0))
        correlation["condition"] = _ranged(random, limits, {op: number})
        return
    condition: dict[str, Any] = {op: number}
    if kind == "value_count":
        fields = ["User"] if random.random() < 0.7 else ["User", "ProcessId"]
        condition["field"] = fields[0] if len(fields) == 1 else fields
    else:
        condition["field"] = "ProcessId"
        condition[op] = random.choice((1, 2, 3, 5, 2.5))
    if kind == "value_percentile":
        condition["percentile"] = random.choice((1, 10, 50, 55, 90, 95, 100))
    if keyed is not None:
        if not keyed:
            correlation["type"] = "event_count"
            correlation["condition"] = _ranged(random, limits, {op: max(number, 2)})
            return
        name = random.choice(keyed)
        correlation["type"] = "value_count"
        correlation["condition"] = _ranged(random, limits, {op: number, "field": name})
        if name == "who":
            entries = {rule: ALIASES.get(rule, "who") for rule in correlation["rules"]}
            correlation.setdefault("aliases", {})["who"] = entries
        return
    correlation["condition"] = _ranged(random, limits, condition)


def _ranged(random: Random, limits: Limits, condition: dict[str, Any]) -> dict[str, Any]:
    """The condition, sometimes with a second operator: a range that some number is in."""
    op = next(op for op in OPERATORS if op in condition)
    if "range" not in limits.features or op in ("eq", "neq") or random.random() < 0.7:
        return condition
    number, width = condition[op], random.randint(1, 3)
    if op in ("gt", "gte"):
        other = random.choice((("lte", number + width), ("lt", number + width + 1)))
    else:
        least = max(number - width, 0)
        other = random.choice((("gte", least), ("neq", number - width - 1)))
    # Either order may stand in a file.
    pairs = [*condition.items(), other] if random.random() < 0.5 else [other, *condition.items()]
    return {key: value for key, value in pairs if key != "neq" or value >= 0}


def _extension(
    random: Random, limits: Limits, kind: str, rules: list[str], group_by: list[str]
) -> dict[str, Any]:
    draw = random.random()
    if "lookback" in limits.features and draw < 0.25:
        return {"lookback": random.choice(("1m", "2m"))}
    wanted = "baseline" in limits.features and draw < 0.55
    if not wanted or kind in TEMPORAL or "inner" in rules:
        return {}
    baseline: dict[str, Any] = {"window": random.choice(("4m..2m", "3m..1m"))}
    parts = random.choice(("exceeds", "unseen", "both"))
    if parts in ("exceeds", "both"):
        exceeds: dict[str, Any] = {"field": "ProcessId"}
        if random.random() < 0.4:
            exceeds["percentile"] = random.choice((50, 90, 95, 100))
        else:
            exceeds["statistic"] = random.choice(("avg", "max", "min"))
        if random.random() < 0.3:
            exceeds["factor"] = random.choice((0.5, 2, 1.5))
        elif exceeds.get("statistic") == "avg" and random.random() < 0.5:
            exceeds["stdevs"] = random.choice((1, 2))
        if random.random() < 0.3:
            exceeds["by"] = random.choice((["User"], ["Computer", "User"]))
        baseline["exceeds"] = exceeds
    if parts in ("unseen", "both"):
        unseen = random.choice((["User"], ["User", "Computer"], ["ProcessId"]))
        baseline["unseen"] = unseen
        if random.random() < 0.5 and not set(unseen) & set(group_by):
            baseline["unseen_empty"] = True
    return {"baseline": baseline}


def _timespans(documents: tuple[dict[str, Any], ...]) -> list[int]:
    units = {"s": 1, "m": 60}
    texts = [d["correlation"]["timespan"] for d in documents if "correlation" in d]
    return [int(text[:-1]) * units[text[-1]] * SECOND for text in texts]


def make_timeline(random: Random, timespans: list[int], limits: Limits) -> tuple[Event, ...]:
    """Up to 14 events on a grid of the timespans' parts, some a tick off, many at one time."""
    edges = [0, -60 * SECOND, -120 * SECOND, -180 * SECOND, -240 * SECOND]
    marks = [0]
    for _ in range(random.randint(2, 9)):
        span = random.choice(timespans)
        step = random.choice((0, span // 3, span // 2, span, 2 * span))
        marks.append(marks[-1] + step + random.choice((0, 0, 0, -1, 1)) * limits.tick)
    anchor = NOW + random.choice(edges) - random.choice(marks)
    events = []
    used: set[int] = set()
    for _ in range(random.randint(1, 14)):
        time = anchor + random.choice(marks)
        if not limits.ties:
            while time in used:
                time += limits.tick
            used.add(time)
        events.append(Event(time, source := _source(random), _fields(random, source)))
    return tuple(sorted(events, key=lambda event: event.time))


def _source(random: Random) -> LogSource:
    return random.choice((PROCESS, PROCESS, FILE, NETWORK))


def _fields(random: Random, source: LogSource) -> dict[str, Value]:
    name, texts = TEXTS[source]
    fields: dict[str, Value] = {
        name: random.choice(texts),
        "Computer": random.choice(("ws1", "ws1", "ws1", "ws2", "", None)),
        "User": random.choice(("ann", "ann", "bob", "Ann", "", None)),
        "ProcessId": random.choice((1, 2, 3, 5, 8, None)),
    }
    if source is PROCESS:
        fields["ParentUser"] = random.choice(("ann", "bob", None))
    if source is FILE:
        fields["ProcessFileName"] = random.choice(("ann", "bob", None))
    return {key: value for key, value in fields.items() if value is not None}
