"""What Elasticsearch would hold of a rule's events, and what its answers mean for the rule.

Sigma events become the documents that the integrations would have indexed; a translation its
search requests; a result of the engine the alert that it stands for.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trident.app.verify.native import Row
from trident.engines.eql.engine import Document, Found
from trident.eql import literals
from trident.mapping.profiles import Profile, Table
from trident.meaning.detection import text
from trident.result.translation import AlertColumns, Translation
from trident.rule.plan import Plan

_WHOLE = re.compile(r"-?[0-9]+")


def documents(rows: Mapping[str, Sequence[Row]], profile: Profile) -> list[Document]:
    """Native rows as indexed: the marks of their data set added, and what the ingest pipeline
    changes changed (``tables.yml``, lowercase)."""
    tables = {source.table.name: source.table for source in profile.sources}
    return [_document(row, tables[name]) for name, table_rows in rows.items() for row in table_rows]


def requests(translation: Translation) -> list[tuple[Mapping[str, Any], AlertColumns | None]]:
    """The search requests of a translation with the alert columns of each one's result."""
    query = translation.query
    assert query is not None
    bodies = {companion.name: companion.body for companion in query.companions}
    requests: list[tuple[Mapping[str, Any], AlertColumns | None]] = [
        (bodies["search-request"], query.alert)
    ]
    for companion in query.companions:
        if companion.kind == "query":
            alert = AlertColumns(**companion.body["alert"])
            request = companion.name.replace("query", "search-request")
            requests.append((bodies[request], alert))
    return requests


def fill(query: str, values: Mapping[str, int | float | Iterable[str]]) -> str:
    """A parameterised query with its parameters: numbers, or lists of strings. All at once: a
    string that is filled in may look like a parameter."""
    written = {
        name: literals.number(value)
        if isinstance(value, int | float)
        else ", ".join(map(literals.string, value)) or literals.string("")
        for name, value in values.items()
    }
    names = "|".join(map(re.escape, written))
    return re.sub(rf"\$\{{({names})\}}", lambda place: written[place[1]], query)


def identity(hit: Found, plan: Plan, alert: AlertColumns) -> tuple[tuple[str, ...], int]:
    """The alert that a result stands for: group key and time of its last event."""
    last = hit.documents[-1]
    names = getattr(plan, "group_by", ())
    return tuple(text(last[alert.group[name]]) for name in names), last[alert.time]


def _document(row: Row, table: Table) -> Document:
    document = {
        name: stored
        for name, value in row.items()
        if (stored := indexed(name, value, table)) is not None
    }
    arrays = table.settings.get("arrays", ())
    for name, value in table.settings["select"].items():
        document[name] = [value] if name in arrays else value
    return document


def indexed(name: str, value: Any, table: Table) -> Any:
    """A value as its field's mapping and the ingest pipeline leave it; None for one that a field of
    this type does not take: the pipeline's ``convert`` drops it, or its field is not indexed
    (https://www.elastic.co/guide/en/elasticsearch/reference/current/ignore-malformed.html)."""
    kind = table.columns.get(name)
    if kind == "string" and value is not None:
        value = text(value)
        return value.lower() if name in table.settings.get("lowercase", ()) else value
    if value == "":
        return None  # no number and no address
    if kind in ("long", "int") and isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if kind == "ip" and isinstance(value, str):
        return value if _is_address(value) else None
    if kind == "bool" and value in ("true", "false"):  # Field type boolean takes both texts
        return value == "true"
    return value


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
