"""One rule per plan feature (``FEATURES`` of ``capabilities``), over the generator's bases."""

from __future__ import annotations

from typing import Any

from tests.support.generate import ALIASES, BASES, OPERATORS, base_rule
from trident.result.capabilities import FEATURES

Documents = tuple[dict[str, Any], ...]

_PAIR = {"type": "temporal_ordered", "rules": ["alpha", "gamma"], "group-by": ["Computer"]}
_COUNT = {
    "type": "event_count",
    "rules": ["either"],
    "group-by": ["Computer"],
    "condition": {"gte": 2},
}
_WINDOW = {"window": "4m..2m"}


def _value(kind: str, op: str) -> dict[str, Any]:
    number = {"event_count": 2, "value_count": 2}.get(kind, 3)
    condition: dict[str, Any] = {op: number}
    if kind != "event_count":
        condition["field"] = "User" if kind == "value_count" else "ProcessId"
    if kind == "value_percentile":
        condition["percentile"] = 90
    return {**_COUNT, "type": kind, "condition": condition}


def _baseline(count: dict[str, Any] | None = None, **baseline: Any) -> dict[str, Any]:
    return {**(count or _COUNT), "trident": {"baseline": {**_WINDOW, **baseline}}}


def _exceeds(**exceeds: Any) -> dict[str, Any]:
    return _baseline(exceeds={"field": "ProcessId", **exceeds})


def _temporal(condition: Any, rules: tuple[str, ...] = ("alpha", "gamma", "delta")) -> Any:
    return {
        "type": "temporal",
        "rules": list(rules),
        "group-by": ["Computer"],
        "condition": condition,
    }


def _ordered(condition: str | None, rules: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {**_PAIR, "rules": list(rules)}
    return found if condition is None else {**found, "condition": condition}


_CORRELATIONS: dict[str, dict[str, Any]] = {
    **{
        f"{kind}.{op}": _value(kind, op)
        for kind in (
            "event_count",
            "value_count",
            "value_sum",
            "value_avg",
            "value_percentile",
            "value_median",
        )
        for op in OPERATORS
    },
    "value_count.several_fields": {
        **_COUNT,
        "type": "value_count",
        "condition": {"gte": 2, "field": ["User", "ProcessId"]},
    },
    "temporal.all": {k: v for k, v in _temporal(None).items() if k != "condition"},
    **{f"temporal.{op}": _temporal({op: {"gt": 1, "lt": 2}.get(op, 2)}) for op in OPERATORS},
    "temporal.condition": _temporal("alpha and (gamma or delta)"),
    "temporal.not": _temporal("(alpha or gamma) and not delta"),
    "temporal_ordered": _ordered(None, ("alpha", "gamma")),
    "temporal_ordered.chain": _ordered(None, ("alpha", "gamma", "delta")),
    "temporal_ordered.or": _ordered("(alpha or gamma) and delta", ("alpha", "gamma", "delta")),
    "temporal_ordered.not": _ordered("alpha and gamma and not delta", ("alpha", "gamma", "delta")),
    "group_by.none": {k: v for k, v in _PAIR.items() if k != "group-by"},
    "group_by.one": _PAIR,
    "group_by.several": {**_PAIR, "group-by": ["Computer", "User"]},
    "alias": {
        **_PAIR,
        "group-by": ["who"],
        "aliases": {"who": {name: ALIASES[name] for name in _PAIR["rules"]}},
    },
    "range": {**_COUNT, "condition": {"gte": 2, "lt": 4}},
    "several_rules": {**_COUNT, "rules": ["alpha", "gamma"]},
    "lookback": {**_PAIR, "trident": {"lookback": "2m"}},
    "baseline.exceeds.percentile": _exceeds(percentile=90),
    **{f"baseline.exceeds.{name}": _exceeds(statistic=name) for name in ("avg", "max", "min")},
    "baseline.factor": _exceeds(statistic="max", factor=0.5),
    "baseline.stdevs": _exceeds(statistic="avg", stdevs=1),
    "baseline.by": _exceeds(statistic="max", by=["User"]),
    "baseline.unseen": _baseline(unseen=["User"]),
    "baseline.unseen_several": _baseline(unseen=["User", "Computer"]),
    "baseline.unseen_empty": _baseline(unseen=["User"], unseen_empty=True),
}


def feature_rules(feature: str) -> list[Documents]:
    """Rules whose features include ``feature``; the last document is the rule in question."""
    bases = [base_rule(name) for name in BASES]
    if feature == "detection":
        return [(*bases,)]
    if feature == "chained":
        inner = _document("inner", _PAIR)
        outer = _document("outer", {**_COUNT, "rules": ["inner"]})
        return [(*bases, inner, outer)]
    if feature == "chained.carried":
        inner = _document("inner", _PAIR)
        outer = _document("outer", {**_COUNT, "rules": ["inner"], "group-by": ["User"]})
        return [(*bases, inner, outer)]
    correlation = _CORRELATIONS[feature]
    rules = [(*bases, _document("outer", correlation))]
    if feature == "range":  # one that a language without upper bounds says, too
        rules.append((*bases, _document("outer", {**_COUNT, "condition": {"gt": 1, "gte": 3}})))
    if "trident" in correlation and correlation["type"] == "event_count":
        rules.append((*bases, _document("outer", {**correlation, "condition": {"gte": 1}})))
    return rules


def _document(name: str, correlation: dict[str, Any]) -> dict[str, Any]:
    inside = {key: value for key, value in correlation.items() if key != "trident"}
    document = {"title": name, "name": name, "correlation": {"timespan": "1m", **inside}}
    return {**document, "trident": correlation["trident"]} if "trident" in correlation else document


assert set(_CORRELATIONS) | {"detection", "chained", "chained.carried"} == set(FEATURES)
