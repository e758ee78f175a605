"""Running a search on events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from trident.engines.spl import commands_fields, commands_rows, nodes, parser, statements
from trident.engines.spl.config import Config
from trident.engines.spl.errors import SplRuntimeError, SplUnsupported
from trident.engines.spl.lexical import Macros, expand, without_comments
from trident.engines.spl.scope import Scope
from trident.engines.spl.statistics import run_stats
from trident.engines.spl.terms import compile_term, names_in
from trident.engines.spl.values import Num, Row, Value, as_read, each_of, holds, multi

Event = Mapping[str, Any]
"""Field -> string, number, list of them, or None; ``_time`` in seconds since the epoch."""

Result = dict[str, str | tuple[str, ...]]
"""Field -> its text, or the texts of a multivalue; null fields are left out."""

_parse = lru_cache(maxsize=128)(parser.parse)

_Runner = Callable[[Any, list[Row], Scope], list[Row]]

_RUNNERS: Mapping[type, _Runner] = {
    statements.Eval: commands_fields.evaluate,
    statements.Where: commands_fields.where,
    statements.Stats: run_stats,
    statements.Sort: commands_rows.sort,
    statements.Dedup: commands_rows.dedup,
    statements.Head: commands_rows.head,
    statements.Tail: commands_rows.tail,
    statements.Reverse: commands_rows.reverse,
    statements.Fields: commands_fields.fields,
    statements.Table: commands_fields.table,
    statements.Rename: commands_fields.rename,
    statements.Fillnull: commands_fields.fillnull,
    statements.Rex: commands_fields.rex,
    statements.Regex: commands_fields.regex,
    statements.Bin: commands_fields.bin_values,
    statements.Lookup: commands_fields.lookup,
    statements.Makemv: commands_rows.makemv,
    statements.Mvexpand: commands_rows.mvexpand,
    statements.Makeresults: commands_fields.makeresults,
}

_GENERATING = (statements.Makeresults, statements.Inputlookup)


class SplEngine:
    """An interpreter of Splunk's documented semantics: no Splunk takes part.

    ``warnings`` holds what the last ``run`` lost to a limit, as Splunk reports it beside results.
    """

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.warnings: list[str] = []

    def parse(self, text: str, macros: Macros | None = None) -> statements.Pipeline:
        """The commands of a search, its macros expanded when a table of them is given.

        Raises:
            SplSyntaxError: for a text that is no search.
            SplUnsupported: for a macro that the table lacks.
        """
        if macros is not None:
            text = expand(without_comments(text), macros)
        return _parse(text)

    def run(
        self,
        text: str,
        events: Iterable[Event],
        now: int | Decimal | float,
        macros: Macros | None = None,
    ) -> list[Result]:
        """The results of a search on ``events`` (any order) at ``now`` (whole seconds).

        Events are found newest first, as in Splunk; ``_time`` keeps microseconds.

        Raises:
            SplError: a subclass says what is wrong; nothing is guessed.
        """
        if now != int(now):
            raise ValueError("now() is a whole second")
        scope = Scope(self.config, int(now))
        self.warnings = scope.warnings
        rows = _run(self.parse(text, macros or {}), [_row(event) for event in events], scope)
        return [_result(row) for row in rows]


def _run(commands: statements.Pipeline, index: list[Row], scope: Scope) -> list[Row]:
    first, *rest = commands
    if isinstance(first, statements.Search):
        rows = _retrieve(first.term, index, scope)
    elif isinstance(first, _GENERATING):
        rows = _command(first, [], index, scope)
    else:
        raise SplUnsupported("a search that starts with neither search nor a generating command")
    for command in rest:
        rows = _command(command, rows, index, scope)
    return rows


def _command(
    command: nodes.Statement, rows: list[Row], index: list[Row], scope: Scope
) -> list[Row]:
    match command:
        case statements.Search(term):
            condition = compile_term(term, scope)
            return [row for row in rows if holds(condition(row))]
        case statements.Inputlookup():
            return _inputlookup(command, rows, scope)
        case statements.Append(subsearch, options):
            added = _run(subsearch.commands, index, scope)
            most = int(options.get("maxout", scope.config.limits.append_maxout))
            if len(added) > most:
                scope.warn(f"append kept {most} of {len(added)} rows")
            return [*rows, *added[:most]]
        case statements.Opaque(name):
            raise SplUnsupported(f"the command {name}")
    if isinstance(command, statements.Makeresults) and rows:
        raise SplRuntimeError("makeresults has to be the first command")
    return _RUNNERS[type(command)](command, rows, scope)


def _retrieve(term: nodes.Term, index: list[Row], scope: Scope) -> list[Row]:
    """Events from the index, newest first.

    Source: "Time modifiers": with earliest and without latest, latest is now.
    """
    modifiers = names_in(term) & {"earliest", "latest"}
    if modifiers == {"earliest"}:
        until = nodes.Compare("latest", "=", nodes.SearchValue("now"))
        term = nodes.AllTerms((term, until))
    condition = compile_term(term, scope)
    events = [row for row in commands_rows.shuffled(index, scope) if holds(condition(row))]
    return sorted(events, key=_age)


def _age(row: Row) -> float:
    time = row.get("_time")
    if not isinstance(time, Num):
        raise SplRuntimeError("an event without a numeric _time")
    return -time.value


def _inputlookup(command: statements.Inputlookup, rows: list[Row], scope: Scope) -> list[Row]:
    if command.table not in scope.config.lookups:
        raise SplRuntimeError(f"no lookup table {command.table}")
    content: Sequence[Row] = [
        {name: value for name, value in entry.items() if value}
        for entry in scope.config.lookups[command.table]
    ]
    start = int(command.options.get("start", 0))
    most = int(command.options.get("max", 10**9))
    events = list(content[start : start + most])
    if command.where is not None:
        condition = compile_term(command.where, scope)
        events = [row for row in events if holds(condition(row))]
    append = command.options.get("append", "f").lower() in ("t", "true", "1")
    return [*rows, *events] if append else events


def _row(event: Event) -> Row:
    row: Row = {}
    for name, value in event.items():
        value_read = _time(value) if name == "_time" else _value(value)
        if value_read is not None:
            row[name] = value_read
    return row


def _time(value: Any) -> Value:
    """``_time`` as text: a whole second, or six decimals, as strptime() and earliest_time() show
    times."""
    seconds = Decimal(str(value))
    if seconds == int(seconds):
        return as_read(str(int(seconds)))
    return as_read(f"{seconds:.6f}")


def _value(value: Any) -> Value:
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return multi([str(each) for each in value])
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _result(row: Row) -> Result:
    return {
        name: tuple(map(str, each_of(value))) if isinstance(value, tuple) else str(value)
        for name, value in row.items()
        if value is not None
    }
