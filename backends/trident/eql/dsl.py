"""Query DSL: the detection and the records of a rule as a filter of Elasticsearch's ``_search``.

The request that learns a baseline aggregates, which EQL cannot; it needs the same detection in
Elasticsearch's other query language. Source: "Query DSL" in the Elasticsearch reference (term,
wildcard, regexp, range, exists, bool).
"""

from __future__ import annotations

from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import SigmaExpansion

from trident.base.diagnostics import Refusal
from trident.elastic.typed import leaf
from trident.mapping.binding import BoundSearch
from trident.mapping.profiles import Table
from trident.predicates.leaf import Leaf, Op

Dsl = dict[str, Any]
"""One query clause, as JSON."""


def all_of(clauses: list[Dsl]) -> Dsl:
    """Conjunction, without scoring; one within it is taken apart."""
    flat: list[Dsl] = []
    for clause in clauses:
        inner = clause.get("bool", {})
        flat += inner["filter"] if set(inner) == {"filter"} else [clause]
    return {"bool": {"filter": flat}} if len(flat) > 1 else flat[0]


def any_of(clauses: list[Dsl]) -> Dsl:
    """Disjunction."""
    if len(clauses) == 1:
        return clauses[0]
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def none_of(clauses: list[Dsl]) -> Dsl:
    """Negation of a disjunction."""
    return {"bool": {"must_not": clauses}}


def records(table: Table) -> list[Dsl]:
    """The records of one data set."""
    return [{"term": {name: value}} for name, value in table.settings["select"].items()]


def matches(search: BoundSearch) -> Dsl:
    """The matches of a base rule.

    Raises:
        Refusal: when the detection has a part that no query clause says.
    """
    return all_of([*records(search.source.table), _condition(search, search.plan.condition)])


def _condition(search: BoundSearch, condition: object) -> Dsl:
    match condition:
        case ConditionAND():
            return all_of([_condition(search, part) for part in condition.args])
        case ConditionOR():
            return any_of([_condition(search, part) for part in condition.args])
        case ConditionNOT():
            return none_of([_condition(search, condition.args[0])])
        case ConditionFieldEqualsValueExpression(field=field, value=SigmaExpansion() as expansion):
            return any_of([_leaf(leaf(search.column(field), value)) for value in expansion.values])
        case ConditionFieldEqualsValueExpression(field=field, value=value):
            return _leaf(leaf(search.column(field), value))
    raise Refusal("TRI302", "Elasticsearch searches named fields only, not the text of any field")


def _leaf(leaf: Leaf) -> Dsl:
    field, value = leaf.column.name, leaf.value
    exists: Dsl = {"exists": {"field": field}}
    empty: Dsl = {"term": {field: ""}}
    textual = leaf.column.type == "string"
    match leaf.op:
        case Op.MISSING:
            return any_of([none_of([exists]), empty]) if textual else none_of([exists])
        case Op.PRESENT:
            return all_of([exists, none_of([empty])]) if textual else exists
        case Op.NEVER:
            return {"match_none": {}}
        case Op.LT | Op.LTE | Op.GT | Op.GTE:
            return {"range": {field: {str(leaf.op): value}}}
        case Op.NUMBER | Op.BOOLEAN | Op.CIDR | Op.EQUALS_CASED:
            return {"term": {field: value}}
        case Op.EQUALS:
            return {"term": {field: {"value": value, "case_insensitive": True}}}
        case Op.LIKE | Op.LIKE_CASED:
            escaped = str(value).replace("\\", "\\\\")
            test: Dsl = {"value": escaped, "case_insensitive": leaf.op is Op.LIKE}
            return {"wildcard": {field: test}}
        case Op.REGEX | Op.REGEX_CASED:
            test = {"value": value, "case_insensitive": leaf.op is Op.REGEX}
            clause: Dsl = {"regexp": {field: test}}
            return all_of([clause, none_of([empty])]) if leaf.not_empty else clause
    raise Refusal("TRI305", f"no query clause says {leaf.op} of {field}")
