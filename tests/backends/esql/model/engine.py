"""Runs queries on documents: a profile's indices as tables."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from tests.backends.esql.model.commands import Pipeline
from tests.backends.esql.model.parsed import checked
from tests.backends.esql.model.sql import ADDRESSES, Schema, Type, quoted, text
from tests.backends.esql.model.sql import number as address_number
from trident.app.verify.elastic import documents
from trident.app.verify.native import Row
from trident.mapping.profiles import Profile
from trident.meaning.events import to_datetime

_TYPES = {
    "string": "keyword",
    "text": "keyword",
    "int": "long",
    "real": "double",
    "bool": "boolean",
    "datetime": "date",
}


class EsqlModel:
    """One DuckDB connection with an empty table per index pattern of a profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.tables: dict[str, Schema] = {}
        self._index: dict[str, str] = {}
        self._documents = 0
        for source in profile.sources:
            settings = source.table.settings
            index = str(profile.settings[settings["index"]])
            schema = self.tables.setdefault(index, {profile.time: Type("date")})
            self._index[source.table.name] = index
            for name, kind in source.table.columns.items():
                many = name in settings.get("arrays", ())
                schema[name] = Type(_TYPES.get(kind, kind), many)
        self._db = duckdb.connect()
        self._db.execute(f"CREATE TABLE {ADDRESSES} (address VARCHAR, number VARCHAR)")
        for index, schema in self.tables.items():
            columns = {**schema, "_id": Type("keyword"), "_version": Type("long")}
            columns["_index"] = Type("keyword")
            items = ", ".join(f"{quoted(name)} {kind.stored}" for name, kind in columns.items())
            self._db.execute(f"CREATE TABLE {quoted(index)} ({items})")

    def load(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Replace all documents by native rows as the integrations index them."""
        for table in (ADDRESSES, *self.tables):
            self._db.execute(f"DELETE FROM {quoted(table)}")
        held: dict[str, list[list[Any]]] = {index: [] for index in self.tables}
        addresses: dict[str, str] = {}
        for table, found in rows.items():
            index = self._index[table]
            for document in documents({table: found}, self.profile):
                held[index].append(self._values(index, document, addresses))
        for index, documents_ in held.items():
            self._insert(index, documents_)
        self._insert(ADDRESSES, [list(pair) for pair in addresses.items()])

    def run(self, query: str, now: int) -> list[dict[str, Any]]:
        """The result rows of a query at ``now`` (microseconds), after Elastic's own check."""
        types = {n: k.name for schema in self.tables.values() for n, k in schema.items()}
        parsed = checked(query, types, str(self.profile.settings["stack"]))
        pipeline = Pipeline(self.tables, f"TIMESTAMP {text(_timestamp(now))}")
        pipeline.run(parsed.commands)
        cursor = self._db.execute(pipeline.query())
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def close(self) -> None:
        """Release the database."""
        self._db.close()

    def _values(
        self, index: str, document: Mapping[str, Any], addresses: dict[str, str]
    ) -> list[Any]:
        """A document as a table row, in the order of the table's columns."""
        values = []
        for name, kind in self.tables[index].items():
            value = document.get(name)
            if name == self.profile.time:
                value = _timestamp(document[name])
            elif isinstance(value, str):
                address = _address(value)
                if kind.name == "ip":
                    value = str(address) if address else None
                if address and value:
                    addresses[value] = address_number(address)
            values.append(value)
        self._documents += 1
        return [*values, f"d{self._documents}", 1, index]

    def _insert(self, table: str, rows: Sequence[list[Any]]) -> None:
        if rows:
            marks = f"({', '.join('?' for _ in rows[0])})"
            every = [value for row in rows for value in row]
            values = ", ".join(marks for _ in rows)
            self._db.execute(f"INSERT INTO {quoted(table)} VALUES {values}", every)


def _timestamp(micros: int) -> str:
    """A time as Elasticsearch's ``date`` keeps it: whole milliseconds."""
    return to_datetime(micros - micros % 1000).strftime("%Y-%m-%d %H:%M:%S.%f")


def _address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None
