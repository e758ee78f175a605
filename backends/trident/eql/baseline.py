"""Baseline hunts: a query with parameters, and the request whose answer holds them.

EQL cannot aggregate or look at another time range, so what the history yields is filled into the
query as ``${NAME}``.
"""

from __future__ import annotations

from typing import Any

from trident.base.diagnostics import Refusal
from trident.elastic.typed import NUMERIC
from trident.eql import dsl, literals
from trident.eql.requests import in_history, index
from trident.mapping.binding import BoundBranch, BoundCorrelation, BoundSearch
from trident.mapping.profiles import Column
from trident.result.translation import Companion, Parameter
from trident.rule.plan import Baseline, Exceeds

REQUEST = "baseline-request"
PAGE = 10_000
_SEEN = "SEEN"


class LearnedBaseline:
    """The parameters of a bound correlation's baseline, in tests and in a request."""

    def __init__(self, bound: BoundCorrelation) -> None:
        assert bound.plan.baseline is not None
        self.baseline: Baseline = bound.plan.baseline
        self.bound = bound
        exceeds, unseen = self.baseline.exceeds, self.baseline.unseen
        self.limited = self._column(exceeds.field, NUMERIC) if exceeds else None
        self.unseen = self._column(unseen[0], ("string", "ip")) if unseen else None

    def tests(self, _: BoundBranch) -> list[str]:
        """What a current match must fulfil besides the detection."""
        tests = []
        if self.baseline.exceeds and self.limited:
            tests.append(f"{literals.field(self.limited.name)} > {_limit(self.baseline.exceeds)}")
        if self.unseen:
            tests.append(self._unseen(self.unseen))
        return tests

    def parameters(self) -> dict[str, Parameter]:
        """Each parameter with its place in the answer of the baseline request."""
        parameters = {}
        if self.baseline.exceeds:
            name = _name(self.baseline.exceeds)
            path = f"$.aggregations.{name}.{_value_path(self.baseline.exceeds)}"
            parameters[name] = Parameter("number", REQUEST, path)
        if self.unseen:
            path = f"$.aggregations.{_SEEN}.buckets[*].key.value"
            parameters[_SEEN] = Parameter("strings", REQUEST, path)
        return parameters

    def companion(self) -> Companion:
        """The ``_search`` request that yields the parameters."""
        profile = self.bound.profile
        searches = [s for b in self.bound.branches if isinstance(s := b.matches, BoundSearch)]
        history = [
            in_history(profile.time, self.baseline),
            dsl.any_of([dsl.matches(search) for search in searches]),
        ]
        aggregations: dict[str, Any] = {}
        if self.baseline.exceeds and self.limited:
            aggregations[_name(self.baseline.exceeds)] = _aggregation(
                self.baseline.exceeds, self.limited
            )
        if self.unseen:
            source = {"value": {"terms": {"field": self.unseen.name}}}
            aggregations[_SEEN] = {"composite": {"size": PAGE, "sources": [source]}}
        body = {"size": 0, "query": dsl.all_of(history), "aggs": aggregations}
        tables = [search.source.table for search in searches]
        path = f"/{index(profile, tables)}/_search"
        return Companion(REQUEST, REQUEST, {"method": "POST", "path": path, "body": body})

    def _column(self, field: str, types: tuple[str, ...]) -> Column:
        """The one column that all branches have for a baseline's field."""
        columns = {
            branch.matches.column(branch.plan.field(field))
            for branch in self.bound.branches
            if isinstance(branch.matches, BoundSearch)
        }
        if len({column.name for column in columns}) > 1:
            names = ", ".join(sorted(column.name for column in columns))
            raise Refusal(
                "TRI354", f"one request cannot learn a baseline of several fields: {names}"
            )
        column = columns.pop()
        if column.type not in types:
            raise Refusal(
                "TRI354", f"{column.name} is a {column.type} field, not one of {', '.join(types)}"
            )
        return column

    def _unseen(self, column: Column) -> str:
        field = literals.field(column.name)
        textual = column.type == "string"
        new = f"not {field} in (${{{_SEEN}}})"
        if self.baseline.unseen_empty:
            empty = f'{field} == null or {field} == ""' if textual else f"{field} == null"
            return f"({empty} or {new})"
        present = f'{field} != null and {field} != ""' if textual else f"{field} != null"
        return f"{present} and {new}"


def _name(exceeds: Exceeds) -> str:
    if exceeds.percentile is not None:
        return f"P{exceeds.percentile}"
    return "LIMIT" if exceeds.stdevs is not None else exceeds.statistic.upper()


def _limit(exceeds: Exceeds) -> str:
    """The parameter, times the factor; deviations are part of the parameter already."""
    parameter = f"${{{_name(exceeds)}}}"
    if exceeds.factor is None:
        return parameter
    return f"{parameter} * {literals.number(exceeds.factor)}"


def _aggregation(exceeds: Exceeds, column: Column) -> dict[str, Any]:
    if exceeds.percentile is not None:
        return {
            "percentiles": {
                "field": column.name,
                "percents": [exceeds.percentile],
                "keyed": False,
            }
        }
    if exceeds.stdevs is not None:
        return {"extended_stats": {"field": column.name, "sigma": exceeds.stdevs}}
    return {exceeds.statistic: {"field": column.name}}


def _value_path(exceeds: Exceeds) -> str:
    if exceeds.percentile is not None:
        return "values[0].value"
    # extended_stats has the bounds of the sample deviation beside those of the population's.
    return "std_deviation_bounds.upper_sampling" if exceeds.stdevs is not None else "value"
