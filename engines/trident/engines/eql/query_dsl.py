"""Elasticsearch's Query DSL on documents, as far as Trident's requests use it.

Written from the "Query DSL" and "Date math" pages of the Elasticsearch reference. A clause that
this does not know is an error, never a guess.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any

from trident.engines.clock import SECOND
from trident.engines.eql.lucene import to_python, wildcard_to_python

Document = Mapping[str, Any]
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def selects(query: Mapping[str, Any], document: Document, now: int) -> bool:
    """Whether a query clause holds for a document at ``now`` (microseconds).

    Raises:
        ValueError: for a clause or parameter that is not modelled.
    """
    [(kind, body)] = query.items()
    if kind == "bool":
        return _bool(body, document, now)
    if kind == "match_none":
        return False
    if kind == "exists":
        return document.get(body["field"]) is not None
    [(field, test)] = body.items()
    stored_value = document.get(field)
    values = stored_value if isinstance(stored_value, list) else [stored_value]
    if kind == "range":
        return any(value is not None and _in_range(value, test, now) for value in values)
    match = _matcher(kind, test)
    return any(value is not None and match(value) for value in values)


def moment(expression: str, now: int) -> int:
    """Date math like ``now-30d-30m`` in microseconds."""
    if not re.fullmatch(r"now(-\d+[smhd])*", expression):
        raise ValueError(f"date math {expression!r} is not modelled")
    parts = re.findall(r"-(\d+)([smhd])", expression)
    return now - sum(int(count) * _UNITS[unit] for count, unit in parts) * SECOND


def _bool(body: Mapping[str, Any], document: Document, now: int) -> bool:
    if unknown := set(body) - {"filter", "should", "must_not", "minimum_should_match"}:
        raise ValueError(f"bool parameter {sorted(unknown)[0]} is not modelled")
    should = body.get("should")
    return (
        all(selects(clause, document, now) for clause in body.get("filter", ()))
        and not any(selects(clause, document, now) for clause in body.get("must_not", ()))
        and (should is None or any(selects(clause, document, now) for clause in should))
    )


def _in_range(value: Any, test: Mapping[str, Any], now: int) -> bool:
    return all(
        _BOUNDS[bound](value, moment(limit, now) if isinstance(limit, str) else limit)
        for bound, limit in test.items()
    )


def _matcher(kind: str, test: Any) -> Callable[[Any], bool]:
    if kind == "term":
        plain = test if not isinstance(test, Mapping) else test["value"]
        if isinstance(test, Mapping) and test.get("case_insensitive"):
            wanted = wildcard_to_python(re.sub(r"([*?\\])", r"\\\1", plain), True, escapes=True)
            return lambda value: wanted.fullmatch(value) is not None
        if isinstance(plain, str) and "/" in plain:
            return lambda value: value == plain or _in_network(value, plain)
        return lambda value: bool(value == plain)
    fold = bool(test.get("case_insensitive"))
    if kind == "wildcard":
        pattern = wildcard_to_python(test["value"], fold, escapes=True)
    elif kind == "regexp":
        pattern = to_python(test["value"], fold)
    else:
        raise ValueError(f"query clause {kind} is not modelled")
    return lambda value: pattern.fullmatch(value) is not None


def _in_network(value: Any, network: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network)
    except ValueError:
        return False
