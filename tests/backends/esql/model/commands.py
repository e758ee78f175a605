"""The commands of a pipeline as a chain of DuckDB queries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from esql import ast

from tests.backends.esql.model.sql import (
    DOUBLE,
    KEYWORD,
    LONG,
    Expressions,
    Schema,
    Sql,
    Type,
    Unknown,
    quoted,
    text,
)

_CHECKED = "| checked"
"""A column of the model's own, which no query can name."""


@dataclass(slots=True)
class Pipeline:
    """The steps so far, and the columns of the last one's rows.

    ``tables`` gives the columns of each index, ``now`` the time of the query.
    """

    tables: Mapping[str, Schema]
    now: str
    steps: list[str] = field(default_factory=list)
    schema: Schema = field(default_factory=dict)
    last: str = ""

    def query(self) -> str:
        """All steps as one query."""
        named = [f"step{number} AS ({step})" for number, step in enumerate(self.steps)]
        return f"WITH {', '.join(named)} SELECT * FROM {self.last}"

    def run(self, commands: Sequence[Any]) -> None:
        """Add the commands of a pipeline."""
        for command in commands:
            getattr(self, f"_{type(command).__name__}", self._unknown)(command)

    def _unknown(self, command: Any) -> None:
        raise Unknown(f"command {type(command).__name__}")

    @property
    def _expressions(self) -> Expressions:
        return Expressions(self.schema, self.now)

    def _select(self, columns: Mapping[str, Sql], rest: str = "") -> None:
        items = ", ".join(f"{sql.text} AS {quoted(name)}" for name, sql in columns.items())
        self._step(f"SELECT {items} FROM {self.last} {rest}".strip())
        self.schema = {name: sql.type for name, sql in columns.items()}

    def _step(self, query: str) -> None:
        self.last = f"step{len(self.steps)}"
        self.steps.append(query)

    def _kept(self) -> dict[str, Sql]:
        return {name: Sql(quoted(name), kind) for name, kind in self.schema.items()}

    def _FromCommand(self, command: Any) -> None:
        sources = [source.strip('"') for source in command.sources]
        for name in command.metadata:
            self.schema[name] = Type(LONG if name == "_version" else KEYWORD)
        for source in sources:
            for name, kind in self.tables[source].items():
                if self.schema.setdefault(name, kind) != kind:
                    raise Unknown(f"{name} has different types in the indices")
        parts = []
        for source in sources:
            known = {*self.tables[source], *command.metadata}
            items = ", ".join(
                quoted(name) if name in known else f"CAST(NULL AS {kind.stored}) AS {quoted(name)}"
                for name, kind in self.schema.items()
            )
            parts.append(f"SELECT {items} FROM {quoted(source)}")
        self._step(" UNION ALL ".join(parts))

    def _WhereCommand(self, command: Any) -> None:
        self._select(self._kept(), f"WHERE {self._expressions.condition(command.predicate)}")

    def _EvalCommand(self, command: Any) -> None:
        """A later assignment sees an earlier one."""
        for alias in command.assignments:
            made = self._expressions.write(alias.expr)
            self._select({**self._kept(), alias.name: made})

    def _KeepCommand(self, command: Any) -> None:
        if command.wildcards:
            raise Unknown("wildcards in KEEP")
        kept = self._kept()
        self._select({name: kept[name] for name in command.columns})

    def _SortCommand(self, command: Any) -> None:
        for key in command.keys:
            self._expressions.write(key.expr)

    def _LimitCommand(self, command: Any) -> None:
        self._step(f"SELECT * FROM {self.last} LIMIT {int(command.count)}")

    def _MvExpandCommand(self, command: Any) -> None:
        """One row per value; a row without a value stays, as null."""
        kind = self.schema[command.field]
        name = quoted(command.field)
        if kind.many:
            values = (
                f"unnest(CASE WHEN {name} IS NULL OR len({name}) = 0 THEN [NULL] ELSE {name} END)"
            )
            self._select({**self._kept(), command.field: Sql(values, Type(kind.name))})

    def _DissectCommand(self, command: Any) -> None:
        keys = re.findall(r"%\{([^}]*)\}", command.pattern)
        if command.pattern != "|".join(f"%{{{key}}}" for key in keys):
            raise Unknown(f"DISSECT pattern {command.pattern}")
        held = Sql(quoted(command.input_field), self.schema[command.input_field])
        column = held.single()
        # Empty parts and further delimiters have rules of their own; the queries have none.
        wrong = f"len(string_split({column}, '|')) <> {len(keys)} OR contains({column}, '||')"
        checked = f"CASE WHEN {wrong} THEN error('DISSECT ' || {column}) ELSE {column} END"
        self._select({**self._kept(), _CHECKED: Sql(checked, Type(KEYWORD))})
        parts = {
            key: Sql(f"split_part({quoted(_CHECKED)}, '|', {number})", Type(KEYWORD))
            for number, key in enumerate(keys, 1)
            if key
        }
        kept = self._kept()
        del kept[_CHECKED]
        self._select({**kept, **parts})

    def _StatsCommand(self, command: Any) -> None:
        if command.inline:
            self._inline_stats(command)
            return
        keys = self._keys(command)
        columns = {**self._aggregates(command), **keys}
        groups = ", ".join(sql.text for sql in keys.values())
        self._select(columns, f"GROUP BY {groups}" if groups else "")

    def _inline_stats(self, command: Any) -> None:
        """The aggregates joined back by the keys, by which null meets nothing."""
        keys = self._keys(command)
        made = self._aggregates(command)
        kept = self._kept()
        before = self.last
        groups = ", ".join(sql.text for sql in keys.values())
        self._select({**made, **keys}, f"GROUP BY {groups}" if groups else "")
        on = " AND ".join(f"l.{quoted(key)} = r.{quoted(key)}" for key in keys) or "TRUE"
        own = [f"l.{quoted(name)}" for name in kept if name not in made]
        new = [f"r.{quoted(name)}" for name in made]
        self._step(
            f"SELECT {', '.join([*own, *new])} FROM {before} l LEFT JOIN {self.last} r ON {on}"
        )
        types = {name: sql.type for name, sql in kept.items() if name not in made}
        self.schema = types | {name: sql.type for name, sql in made.items()}

    def _keys(self, command: Any) -> dict[str, Sql]:
        given = {ref.name: ref for ref in command.grouping_refs}
        given |= {alias.name: alias.expr for alias in command.grouping_aliases}
        keys = {name: self._expressions.write(given[name]) for name in command.grouping}
        if any(sql.type.many for sql in keys.values()):
            raise Unknown("grouping by several values")
        return keys

    def _aggregates(self, command: Any) -> dict[str, Sql]:
        return {
            alias.name: self._aggregate(alias.expr, command.filters[alias.name])
            for alias in command.aggregates
        }

    def _aggregate(self, node: Any, where: Any) -> Sql:
        if isinstance(node, ast.FunctionCall) and node.name == "coalesce":
            first = self._aggregate(node.args[0], where)
            second = self._expressions.write(node.args[1])
            if first.type != second.type:
                raise Unknown("COALESCE of different types")
            return Sql(f"COALESCE({first.text}, {second.text})", first.type)
        arguments = [self._expressions.write(argument) for argument in node.args]
        kept = self._expressions.condition(where) if where else ""
        return _aggregate(node.name, arguments, kept)

    def _ForkCommand(self, command: Any) -> None:
        """The rows of all branches; a column that a branch lacks is null there."""
        branches = []
        for branch in command.branches:
            forked = Pipeline(self.tables, self.now, self.steps, dict(self.schema), self.last)
            forked.run(branch.commands)
            branches.append(forked)
        schema: Schema = {"_fork": Type(KEYWORD)}
        for forked in branches:
            for name, kind in forked.schema.items():
                if schema.setdefault(name, kind) != kind:
                    raise Unknown(f"{name} has different types in the branches of FORK")
        parts = []
        for number, forked in enumerate(branches, 1):
            known = {"_fork": text(f"fork{number}"), **{n: quoted(n) for n in forked.schema}}
            items = ", ".join(
                f"{known.get(name, f'CAST(NULL AS {kind.stored})')} AS {quoted(name)}"
                for name, kind in schema.items()
            )
            parts.append(f"SELECT {items} FROM {forked.last}")
        self._step(" UNION ALL ".join(parts))
        self.schema = schema


def _aggregate(name: str, given: Sequence[Sql], where: str) -> Sql:
    """An aggregate function; of null values only, or none, it is null, and COUNT is 0."""
    kept = f" FILTER (WHERE {where})" if where else ""
    if name == "count":
        return Sql(f"count({given[0].text if given else '*'}){kept}", Type(LONG))
    value = given[0]
    number = value.type.name in (LONG, DOUBLE)
    present = f"{where} AND {value.text} IS NOT NULL" if where else f"{value.text} IS NOT NULL"
    listed = f"list({value.text}) FILTER (WHERE {present})"
    match name:
        case "max" | "min" if not value.type.many:
            return Sql(f"{name}({value.text}){kept}", value.type)
        case "sum" if number:
            return Sql(f"CAST(sum({value.text}){kept} AS {value.type.stored})", value.type)
        case "avg" if number:
            return Sql(f"avg({value.text}){kept}", Type(DOUBLE))
        case "std_dev" if number:
            return Sql(f"stddev_pop({value.text}){kept}", Type(DOUBLE))
        case "values":
            flat = f"flatten({listed})" if value.type.many else listed
            return Sql(f"list_distinct({flat})", Type(value.type.name, True))
        case "percentile" if number:
            percent = f"CAST({given[1].text} AS BIGINT)"
            rank = f"greatest(1, ({percent} * len({listed}) + 99) // 100)"
            return Sql(f"CAST(list_sort({listed})[{rank}] AS DOUBLE)", Type(DOUBLE))
    raise Unknown(f"aggregate {name} of {value.type}")
