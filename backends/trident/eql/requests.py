"""The requests around a query: the EQL search itself, and the time it may read.

EQL knows no current time, so every bound relative to now stands in the request's ``filter``.
Source: "EQL search API" and "Date math" in the Elasticsearch reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trident.elastic.tables import index_of
from trident.eql import dsl
from trident.mapping.profiles import Profile, Table
from trident.rule.plan import Baseline
from trident.rule.raw import timespan

RESULT_SIZE = 10_000
Request = dict[str, Any]
"""Method, path and JSON body of one call of Elasticsearch's interface."""


def before_now(*seconds: int) -> str:
    """Date math: now minus one or more durations."""
    return "now" + "".join(f"-{timespan(part)}" for part in seconds if part)


def within_lookback(
    time: str, lookback: int, reach: int, last: Sequence[Table], earlier: Sequence[Table]
) -> dsl.Dsl:
    """The records that a search may use so that its alerts lie within the lookback.

    Before the lookback only records may be read that cannot end a sequence: those of data sets
    that its last step does not read. Where a data set serves both, they are read all the same.
    """
    inside: dsl.Dsl = {"range": {time: {"gte": before_now(lookback), "lte": "now"}}}
    if not reach:
        return inside
    if shares(last, earlier):
        return {"range": {time: {"gte": before_now(lookback, reach), "lte": "now"}}}
    before = {"range": {time: {"gte": before_now(lookback, reach), "lt": before_now(lookback)}}}
    ends = [dsl.all_of(dsl.records(table)) for table in last]
    return dsl.any_of([inside, dsl.all_of([before, dsl.none_of(ends)])])


def shares(last: Sequence[Table], earlier: Sequence[Table]) -> bool:
    """Whether the last step reads a data set that another step reads."""
    return not {table.name for table in last}.isdisjoint(table.name for table in earlier)


def in_current(time: str, baseline: Baseline) -> dsl.Dsl:
    """The records of a baseline's current window."""
    return {"range": {time: {"gt": before_now(baseline.newest), "lte": "now"}}}


def in_history(time: str, baseline: Baseline) -> dsl.Dsl:
    """The records of a baseline's history window."""
    return {
        "range": {time: {"gte": before_now(baseline.oldest), "lte": before_now(baseline.newest)}}
    }


def eql_search(
    query: str,
    profile: Profile,
    tables: Sequence[Table],
    fields: Sequence[str],
    bounds: dsl.Dsl | None = None,
) -> Request:
    """The full EQL search request of a query over the given data sets."""
    body: dict[str, Any] = {
        "query": query,
        "size": RESULT_SIZE,
        "timestamp_field": profile.time,
        "event_category_field": "event.category",
        "fields": [profile.time, *fields],
    }
    if bounds is not None:
        body["filter"] = bounds
    return {"method": "POST", "path": f"/{index(profile, tables)}/_eql/search", "body": body}


def index(profile: Profile, tables: Sequence[Table]) -> str:
    """The index patterns of the data sets, comma separated."""
    return ",".join(sorted({index_of(table, profile) for table in tables}))
