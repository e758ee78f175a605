"""Groups of rows and their statistics: what the three statistics commands share.

Source: the pages of "stats", "eventstats" and "streamstats" in the Splunk Search Reference 9.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from trident.engines.spl import statements
from trident.engines.spl.aggregates import Accumulator, Contribution, accumulator, is_numeric
from trident.engines.spl.errors import SplRuntimeError, SplUndocumented, SplUnsupported
from trident.engines.spl.expressions import compile_expression
from trident.engines.spl.scope import Scope
from trident.engines.spl.values import (
    Num,
    Row,
    Single,
    Truth,
    Value,
    as_read,
    each_of,
    holds,
    stored,
)

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One statistic of the command: its result's name, its input, its accumulators."""

    alias: str
    read: Callable[[Row], tuple[Single, ...]]
    make: Callable[[], Accumulator]
    numeric: bool


class Group:
    """The statistics of one group of rows."""

    def __init__(self, columns: Sequence[Column], allnum: bool) -> None:
        self._columns = columns
        self._accumulators = [column.make() for column in columns]
        self._allnum = allnum
        self._mixed = [False] * len(columns)

    def add(self, row: Row) -> None:
        """Take a row in."""
        time = row.get("_time")
        seconds = time.value if isinstance(time, Num) else None
        for place, column in enumerate(self._columns):
            values = column.read(row)
            if self._allnum and (not values or any(isinstance(each, str) for each in values)):
                self._mixed[place] = True
            self._accumulators[place].add(Contribution(values, seconds))

    def results(self) -> Iterator[tuple[str, Value]]:
        """(name, value) of every statistic."""
        for column, collected, mixed in zip(
            self._columns, self._accumulators, self._mixed, strict=True
        ):
            # Source: "eventstats": with allnum a field with other values has no statistic.
            yield column.alias, None if mixed and column.numeric else stored(collected.value())


def option(command: statements.Stats, name: str, default: bool) -> bool:
    """A yes-or-no option: t, true, 1 and f, false, 0."""
    value = command.options.get(name)
    return default if value is None else value.lower() in ("t", "true", "1")


def column(each: statements.Aggregate, scope: Scope) -> Column:
    """A statistic as the command has it."""
    make = accumulator(each.function, scope.config.limits)
    read = _reader(each, scope)
    return Column(each.alias, read, make, is_numeric(each.function))


def _reader(each: statements.Aggregate, scope: Scope) -> Callable[[Row], tuple[Single, ...]]:
    argument, exact = each.argument, scope.config.integers_are_exact
    if argument is None:
        if each.function != "count":
            # Source: "stats": deprecated; it means every field.
            raise SplUnsupported(f"{each.function} without a field")
        return lambda row: ("",)
    if isinstance(argument, str):
        if "*" in argument:
            raise SplUnsupported("a wildcard in a statistic")
        return lambda row: each_of(as_read(row.get(argument), exact))
    expression = compile_expression(argument, scope)

    def evaluated(row: Row) -> tuple[Single, ...]:
        value = expression(row)
        if isinstance(value, Truth):
            if each.function != "count":
                raise SplRuntimeError(f"{each.function}() of a condition")
            # Source: "Aggregate functions", count: eval(status="404") counts where it is true.
            return ("",) if holds(value) else ()
        return each_of(value)

    return evaluated


def keys(row: Row, names: Sequence[str], scope: Scope) -> list[Key]:
    """The groups a row belongs to: none without a value for every name, one per combination of
    the values of multivalue fields otherwise.

    Source: "stats": one row for each distinct value in the BY fields; dedup_splitvals removes
    duplicate values in multivalued BY fields. That a row without a BY field is in no group is
    practice, not documentation.
    """
    values = [tuple(map(str, each_of(row.get(name)))) for name in names]
    if scope.config.empty_is_null_in_by:
        values = [tuple(each for each in columns if each) for columns in values]
    return list(product(*values))


def single_key(row: Row, names: Sequence[str], scope: Scope) -> Key | None:
    """The one group a row belongs to, if any."""
    row_keys = keys(row, names, scope)
    if len(row_keys) > 1:
        raise SplUndocumented("a multivalue BY field in eventstats or streamstats")
    return row_keys[0] if row_keys else None


def with_results(row: Row, group: Group, command: str) -> Row:
    """A row with its group's statistics added."""
    changed = dict(row)
    for name, value in group.results():
        if value is None and row.get(name) is not None:
            raise SplUndocumented(f"{command}: no value for {name}, which the row has already")
        if value is not None:
            changed[name] = value
    return changed
