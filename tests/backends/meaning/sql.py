"""The definition once more, as SQL: self-joins and subqueries over all matches, nothing clever.

A rule becomes a relation of its matches, (t, fields): a base rule's are events, a correlation's
its alerts. It is read from the documents and from docs/semantics.md, not from the plan, and has
nothing in common with ``trident.meaning.evaluate`` but the alerts.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from trident.meaning.events import SECOND, Event

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Alerts = set[tuple[tuple[str, ...], int]]

_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "<>"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952}

_EVENTS = """
create or replace temp table event as
select unnest(from_json(?, '[{"t":"BIGINT","category":"VARCHAR","fields":"MAP(VARCHAR,VARCHAR)"}]'),
  max_depth := 2)
"""


def sql_alerts(
    connection: DuckDBPyConnection,
    documents: Sequence[dict[str, Any]],
    events: Sequence[Event],
    now: int,
) -> Alerts:
    """The alert identities of the last document, a correlation, on ``events``."""
    rows = [
        {"t": e.time, "category": e.logsource.category, "fields": dict(e.fields)} for e in events
    ]
    connection.execute(_EVENTS, [json.dumps(rows)])
    rules = {document["name"]: document for document in documents}
    query = _Query(rules, now).alerts(documents[-1])
    return {(tuple(key), t) for key, t in connection.execute(query).fetchall()}


@dataclass(frozen=True, slots=True)
class _Query:
    rules: dict[str, dict[str, Any]]
    now: int

    def relation(self, name: str, read: list[str]) -> str:
        """All matches of a rule: (t, fields), those that are ``read`` among them."""
        document = self.rules[name]
        if "correlation" not in document:
            return _base(document)
        own = _listed(document["correlation"].get("group-by"))
        keys = [_text(key) for key in own]
        fields = f"map([{', '.join(keys)}], key)" if keys else "map([]::varchar[], []::varchar[])"
        behind = list(dict.fromkeys(name for name in read if name not in own))
        if not behind:
            return f"select t, {fields} as fields from ({self.alerts(document)})"
        listed = ", ".join(map(_text, behind))
        added = f"map_concat({fields}, map([{listed}], vals))"
        return f"select t, {added} as fields from ({self.alerts(document, behind)})"

    def alerts(self, document: dict[str, Any], behind: list[str] | None = None) -> str:
        """The alerts of a correlation: (key, t); with the names ``behind`` them (key, t, vals), one
        row for each tuple of them."""
        correlation, extension = document["correlation"], document.get("trident", {})
        names = _names(correlation)
        read = [*_read(correlation), *(behind or [])]
        found = " union all ".join(
            f"select t, {_text(name)} as rule, {_aliased(correlation, name)} as fields "
            f"from ({self.relation(name, _entries(correlation, name, read))})"
            for name in names
        )
        keys = _listed(correlation.get("group-by"))
        key = f"[{', '.join(map(_field, keys))}]::varchar[]"
        passing = ["true", *(f"{_field(name)} is not null" for name in keys)]
        if "baseline" in extension:
            passing += self._baseline(extension["baseline"])
        fires = _fires(correlation, names)
        if "lookback" in extension:
            since = self.now - _micros(extension["lookback"])
            fires = f"select * from ({fires}) where t between {since} and {self.now}"
        if behind:
            vals = ", ".join(_field(name, "w") for name in behind)
            given = [f"{_field(name, 'w')} is not null" for name in behind]
            fires = f"""
                select distinct f.key, f.t, [{vals}] as vals
                from ({fires}) f join m w on w.key = f.key
                  and w.t between f.t - {_micros(correlation["timespan"])} and f.t
                where {" and ".join([*given, *_counted(correlation, names)])}"""
        return f"""
            with found as ({found}),
            m as (select row_number() over () as id, t, rule, fields, {key} as key
                  from found c where {" and ".join(passing)})
            {fires}"""

    def _baseline(self, baseline: dict[str, Any]) -> Iterator[str]:
        """What a current match ``c`` has to fulfil."""
        oldest, newest = (self.now - _micros(end) for end in baseline["window"].split(".."))
        yield f"t > {newest} and t <= {self.now}"
        history = f"from found h where h.t between {oldest} and {newest}"
        if "exceeds" in baseline:
            yield _exceeds(baseline["exceeds"], history)
        unseen = baseline.get("unseen", [])
        if unseen:
            known = " and ".join(f"{_field(name, 'h')} = {_field(name, 'c')}" for name in unseen)
            present = " and ".join(f"{_field(name, 'c')} is not null" for name in unseen)
            yield f"""case when {present} then not exists (select 1 {history} and {known})
                else {baseline.get("unseen_empty", False)} end"""


def _read(correlation: dict[str, Any]) -> list[str]:
    """The names that a correlation reads of its matches."""
    condition = correlation.get("condition")
    fields = condition.get("field") if isinstance(condition, dict) else None
    return [*_listed(correlation.get("group-by")), *_listed(fields)]


def _entries(correlation: dict[str, Any], rule: str, read: list[str]) -> list[str]:
    """What a listed rule calls the names."""
    aliases = correlation.get("aliases", {})
    return [aliases[name][rule] if name in aliases else name for name in read]


def _counted(correlation: dict[str, Any], names: list[str]) -> Iterator[str]:
    """What a match of the window ``w`` has to be for the condition to count it."""
    kind, condition = correlation["type"], correlation.get("condition")
    if kind == "value_count":
        yield from (f"{_field(name, 'w')} is not null" for name in _listed(condition["field"]))
    elif kind.startswith("value_"):
        yield f"{_number(condition['field'], 'w')} is not null"
    elif isinstance(condition, str):
        tree = ast.parse(condition, mode="eval").body
        yield f"w.rule in ({', '.join(sorted({_text(name) for name in _positive(tree, True)}))})"


def _base(document: dict[str, Any]) -> str:
    """Base rules of these tests look for texts in one field."""
    (selection,) = (v for k, v in document["detection"].items() if k != "condition")
    ((key, texts),) = selection.items()
    field, modifier = key.split("|")
    assert modifier == "contains"
    wanted = " or ".join(
        f"contains(lower({_field(field)}), {_text(text)})" for text in _listed(texts)
    )
    category = _text(document["logsource"]["category"])
    return f"select t, fields from event where category = {category} and ({wanted})"


def _aliased(correlation: dict[str, Any], name: str) -> str:
    """A match's fields with the aliases over them."""
    aliases = correlation.get("aliases", {})
    if not aliases:
        return "fields"
    names = ", ".join(map(_text, aliases))
    values = ", ".join(f"fields[{_text(entry[name])}]" for entry in aliases.values())
    return f"map_concat(fields, map([{names}], [{values}]))"


def _fires(correlation: dict[str, Any], names: list[str]) -> str:
    span, kind = _micros(correlation["timespan"]), correlation["type"]
    condition = correlation.get("condition")
    if kind == "temporal_ordered":
        return _ordered(condition if isinstance(condition, str) else " and ".join(names), span)
    at = "true"
    if isinstance(condition, str):
        tree = ast.parse(condition, mode="eval").body
        positive = ", ".join(sorted({_text(name) for name in _positive(tree, True)}))
        at, holds = f"e.rule in ({positive})", _boolean(tree)
    elif kind == "temporal":
        comparisons = _comparisons(condition or {"gte": len(names)})
        holds = " and ".join(f"count(distinct w.rule) {op} {n}" for op, n in comparisons)
    else:
        assert condition is not None
        holds = " and ".join(
            f"({_aggregate(kind, condition, op, number)})" for op, number in _comparisons(condition)
        )
    return f"""
        select distinct e.key, e.t
        from m e join m w on w.key = e.key and w.t between e.t - {span} and e.t
        where {at} group by e.id, e.key, e.t having {holds}"""


def _aggregate(kind: str, condition: dict[str, Any], op: str, number: Any) -> str:
    fields = _listed(condition.get("field"))
    if kind == "event_count":
        return f"count(*) {op} {number}"
    if kind == "value_count":
        parts = [_field(name, "w") for name in fields]
        present = " and ".join(f"{part} is not null" for part in parts)
        return f"count(distinct [{', '.join(parts)}]) filter ({present}) {op} {number}"
    value = _number(fields[0], "w")
    if kind == "value_sum":
        return f"sum({value}) {op} {number}"
    if kind == "value_avg":
        return f"count({value}) > 0 and sum({value}) {op} {number} * count({value})"
    percent = condition.get("percentile", 50)
    rank = f"greatest(1, ({percent} * count({value}) + 99) // 100)"
    below = f"count(*) filter ({value} < {number})"
    up_to = f"count(*) filter ({value} <= {number})"
    equal = f"{below} < {rank} and {rank} <= {up_to}"
    by_counting = {
        ">": f"{up_to} < {rank}",
        ">=": f"{below} < {rank}",
        "<": f"{below} >= {rank}",
        "<=": f"{up_to} >= {rank}",
        "=": equal,
        "<>": f"not ({equal})",
    }[op]
    return f"count({value}) > 0 and ({by_counting})"


def _ordered(condition: str, span: int) -> str:
    stages: list[str] = []
    absent: list[str] = []
    for operand in _operands(ast.parse(condition, mode="eval").body):
        (absent if isinstance(operand, ast.UnaryOp) else stages).append(_rules(operand))
    aliases = [f"e{number}" for number in range(len(stages))]
    first, last = aliases[0], aliases[-1]
    tests = [f"{e}.rule in ({rules})" for e, rules in zip(aliases, stages, strict=True)]
    for before, after in pairwise(aliases):
        tests.append(f"{before}.key = {after}.key and {before}.t <= {after}.t")
    tests.append(f"{last}.t - {first}.t <= {span}")
    tests += [
        f"not exists (select 1 from m x where x.key = {first}.key and x.rule in ({rules}) "
        f"and x.t between {first}.t and {last}.t)"
        for rules in absent
    ]
    tables = ", ".join(f"m {e}" for e in aliases)
    return f"select distinct {last}.key, {last}.t from {tables} where {' and '.join(tests)}"


def _exceeds(exceeds: dict[str, Any], history: str) -> str:
    """A current match's value ``v`` above the limit; every division multiplied out."""
    past, v = _number(exceeds["field"], "h"), _number(exceeds["field"], "c")
    same = " and ".join(
        f"{_field(name, 'h')} is not distinct from {_field(name, 'c')}"
        for name in exceeds.get("by", [])
    )
    factor, statistic = exceeds.get("factor", 1), exceeds.get("statistic", "percentile")
    if "stdevs" in exceeds:
        k = exceeds["stdevs"]
        # v - s/n > k * sqrt((q - s*s/n) / (n-1)), both sides positive, squared
        above = (
            "n > 1 and v * n > s and "
            f"(v * n - s) * (v * n - s) * (n - 1) > {k} * {k} * n * (n * q - s * s)"
        )
        if k == 0:
            above = "n > 1 and v * n > s"
    elif statistic == "percentile":
        above = f"v > {factor} * xs[greatest(1, ({exceeds['percentile']} * n + 99) // 100)]"
    else:
        above = {
            "avg": f"v * n > {factor} * s",
            "max": f"v > {factor} * list_max(xs)",
            "min": f"v > {factor} * list_min(xs)",
        }[statistic]
    return f"""(select coalesce(n > 0 and {above}, false) from (
        select {v} as v, count(x) as n, sum(x) as s, sum(x * x) as q, list_sort(list(x)) as xs
        from (select {past} as x {history} and {same or "true"}) where x is not null))"""


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from _operands(value)
    else:
        yield node


def _rules(node: ast.expr) -> str:
    return ", ".join(_text(name.id) for name in ast.walk(node) if isinstance(name, ast.Name))


def _positive(node: ast.expr, sign: bool) -> Iterator[str]:
    if isinstance(node, ast.Name):
        if sign:
            yield node.id
    elif isinstance(node, ast.UnaryOp):
        yield from _positive(node.operand, not sign)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _positive(value, sign)


def _boolean(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return f"bool_or(w.rule = {_text(node.id)})"
    if isinstance(node, ast.UnaryOp):
        return f"not ({_boolean(node.operand)})"
    assert isinstance(node, ast.BoolOp)
    word = " and " if isinstance(node.op, ast.And) else " or "
    return "(" + word.join(map(_boolean, node.values)) + ")"


def _names(correlation: dict[str, Any]) -> list[str]:
    if "rules" in correlation:
        return _listed(correlation["rules"])
    tree = ast.parse(correlation["condition"], mode="eval")
    return sorted({name.id for name in ast.walk(tree) if isinstance(name, ast.Name)})


def _comparisons(condition: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(sql, condition[op]) for op, sql in _OPERATORS.items() if op in condition]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _field(name: str, table: str = "") -> str:
    """A field's text; absent, null and empty are null."""
    return f"nullif({table + '.' if table else ''}fields[{_text(name)}], '')"


def _number(name: str, table: str) -> str:
    return f"try_cast({_field(name, table)} as decimal(15, 3))"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _micros(timespan: str) -> int:
    return int(timespan[:-1]) * _UNITS[timespan[-1]] * SECOND
