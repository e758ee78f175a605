"""Syntax that Sigma had before correlations, and the same rule in today's.

The aggregation expression of a condition (``sel | count(user) by host > 5``, ``sel | near other``)
and its ``timeframe`` are those of the Sigma specification 1 ("Aggregation expression",
https://github.com/SigmaHQ/sigma-specification/blob/main/Sigma_1_0_2.md); correlations took their
place in 2.0, whose drafts had ``ordered: true`` and ``ordered_temporal``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from trident.base.diagnostics import Span, TridentError
from trident.rule.plan import Operator

_AGGREGATION = re.compile(
    r"(?P<function>count|min|max|avg|sum)\s*\(\s*(?P<field>[^()]*?)\s*\)"
    r"(?:\s+by\s+(?P<by>[^<>=]+?))?\s*(?P<op>>=|<=|==|=|>|<)\s*(?P<number>-?[0-9]+(?:\.[0-9]+)?)",
    re.IGNORECASE,
)
_NEAR = re.compile(r"near\s+(?P<others>\S.*)", re.IGNORECASE | re.DOTALL)
_OTHER = re.compile(r"(?P<no>not\s+)?(?P<name>[^\s()]+)", re.IGNORECASE)
_OPERATORS: Mapping[str, Operator] = {
    ">": Operator.GT,
    ">=": Operator.GTE,
    "<": Operator.LT,
    "<=": Operator.LTE,
    "=": Operator.EQ,
    "==": Operator.EQ,
}
_TYPES: Mapping[str, str] = {
    "count": "value_count",
    "sum": "value_sum",
    "avg": "value_avg",
    "max": "value_percentile",
}
"""The correlation types of functions of a field: the greatest value is the 100th percentile."""

_DRAFT_TYPES: Mapping[str, str] = {"ordered_temporal": "temporal_ordered"}
_NO_TIMEFRAME = "1h"
_OLD_KEYS = ("condition", "timeframe")


@dataclass(frozen=True, slots=True)
class Modern:
    """A rule in today's syntax: its documents, and what its author has to decide (or "")."""

    documents: tuple[dict[str, Any], ...]
    open: str = ""

    def text(self) -> str:
        """The documents as YAML: of a detection rule what the correlation needs changed in it."""
        shown = [
            {key: value for key, value in each.items() if key in ("name", "detection")}
            if "detection" in each
            else each
            for each in self.documents
        ]
        return yaml.safe_dump_all(shown, sort_keys=False, allow_unicode=True, width=1_000)


def check_syntax(data: Mapping[str, Any], at: Callable[..., Span]) -> None:
    """Refuse the old syntax of a document with the modern form of this rule; ``at`` gives the
    place of a path of keys.

    Raises:
        TridentError: TRI116.
    """
    if (keys := place(data)) is None:
        return
    rule = modern(data)
    if rule is None:
        raise TridentError("TRI116", _says(data), span=at(*keys))
    hint = f"write it so{rule.open}:"
    raise TridentError("TRI116", _says(data), span=at(*keys), hint=hint).with_remedy(rule.text())


def place(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Where a document has old syntax: the path of the key; None where it has none."""
    detection, correlation = data.get("detection"), data.get("correlation")
    if isinstance(detection, Mapping) and any("|" in each for each in _conditions(detection)):
        return ("detection", "condition")
    if isinstance(correlation, Mapping):
        if "ordered" in correlation:
            return ("correlation", "ordered")
        if str(correlation.get("type")) in _DRAFT_TYPES:
            return ("correlation", "type")
    return None


def modern(data: Mapping[str, Any]) -> Modern | None:
    """The same rule in today's syntax; None where there is no such form."""
    if "correlation" in data:
        return _correlation(data)
    (condition, *more) = _conditions(data["detection"])
    # Blanks made one: a long run of them would take the expressions below ages.
    search, _, aggregation = (" ".join(part.split()) for part in condition.partition("|"))
    if more or not search:
        return None
    if match := _AGGREGATION.fullmatch(aggregation):
        return _aggregate(data, search, match)
    if match := _NEAR.fullmatch(aggregation):
        return _near(data, search, match["others"])
    return None


def _conditions(detection: Mapping[str, Any]) -> list[str]:
    condition = detection.get("condition")
    listed = condition if isinstance(condition, list) else [condition]
    return [each for each in listed if isinstance(each, str)]


def _says(data: Mapping[str, Any]) -> str:
    if "correlation" in data:
        if "ordered" in data["correlation"]:
            return "ordered is of a draft of the specification"
        return f"{data['correlation']['type']} is of a draft of the specification"
    return "an aggregation in a condition is the syntax before Sigma 2"


def _correlation(data: Mapping[str, Any]) -> Modern:
    correlation = dict(data["correlation"])
    kind = str(correlation.get("type"))
    ordered = correlation.pop("ordered", False) is True and kind == "temporal"
    correlation["type"] = "temporal_ordered" if ordered else _DRAFT_TYPES.get(kind, kind)
    return Modern(({**data, "correlation": correlation},))


def _aggregate(data: Mapping[str, Any], search: str, match: re.Match[str]) -> Modern | None:
    function, field = match["function"].lower(), match["field"]
    if (field and function not in _TYPES) or (not field and function != "count"):
        return None
    op, number = str(_OPERATORS[match["op"]]), match["number"]
    condition: dict[str, Any] = {"field": field} if field else {}
    if function == "max":
        condition["percentile"] = 100
    condition[op] = float(number) if "." in number else int(number)
    base = _base(data, search, "events")
    return _with_correlation(
        data,
        (base,),
        {"type": _TYPES[function] if field else "event_count", "rules": [base["name"]]},
        [name.strip() for name in (match["by"] or "").split(",") if name.strip()],
        condition,
    )


def _near(data: Mapping[str, Any], search: str, others: str) -> Modern | None:
    parts = re.split(r"\s+and\s+", others, flags=re.IGNORECASE)
    matches = [_OTHER.fullmatch(part.strip()) for part in parts]
    listed = [match for match in matches if match]
    known = data["detection"]
    if len(listed) < len(parts) or any(match["name"] not in known for match in listed):
        return None
    first = _base(data, search, search if search in known else "events")
    bases = [first, *(_base(data, match["name"], match["name"]) for match in listed)]
    correlation: dict[str, Any] = {"type": "temporal", "rules": [each["name"] for each in bases]}
    if not any(match["no"] for match in listed):
        return _with_correlation(data, tuple(bases), correlation, [], {})
    names = [first["name"]]
    for match, base in zip(listed, bases[1:], strict=True):
        names.append(f"not {base['name']}" if match["no"] else base["name"])
    return _with_correlation(data, tuple(bases), correlation, [], " and ".join(names))


def _base(data: Mapping[str, Any], search: str, part: str) -> dict[str, Any]:
    """The detection rule of one search: its name, and the detection items that it may name."""
    words = set(re.findall(r"[^\s()]+", search))
    items = {key: value for key, value in data["detection"].items() if key not in _OLD_KEYS}
    if words <= set(items):
        items = {key: value for key, value in items.items() if key in words}
    slug = _slug(str(data.get("name") or data.get("title") or "rule"))
    kept = {key: value for key, value in data.items() if key not in ("detection", "name", "id")}
    name = f"{slug}_{_slug(part)}"
    return {"name": name, **kept, "detection": {**items, "condition": search}}


def _with_correlation(
    data: Mapping[str, Any],
    bases: tuple[dict[str, Any], ...],
    correlation: dict[str, Any],
    group_by: list[str],
    condition: Any,
) -> Modern:
    timeframe = data["detection"].get("timeframe")
    if group_by:
        correlation["group-by"] = group_by
    correlation["timespan"] = str(timeframe or _NO_TIMEFRAME)
    if condition:
        correlation["condition"] = condition
    head = {key: data[key] for key in ("title", "id", "status", "level") if key in data}
    written = {"correlation": correlation}
    decide = "" if timeframe else ", with a timespan of your own (the rule gives no timeframe)"
    return Modern((*bases, {**head, **written}), decide)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "rule"
