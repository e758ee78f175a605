"""Limits and the points that Splunk's documentation leaves open, as settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

LookupTable = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """limits.conf; the defaults are those of limits.conf.spec, Splunk 10.4.2.

    ``[default] max_mem_usage_mb``, ``[searchresults] maxresultrows``, ``[mvexpand]
    max_mem_usage_mb``, ``[stats] max_stream_window``, ``list_maxsize``, ``maxvalues`` (0: no
    limit), ``approx_dc_threshold``, ``perc_method``; ``sort``'s default count is on the page of
    "sort", ``append``'s maxout on the page of "append".
    """

    max_mem_usage_mb: float = 200
    mvexpand_max_mem_usage_mb: float = 500
    maxresultrows: int = 50_000
    max_stream_window: int = 10_000
    sort_count: int = 10_000
    append_maxout: int = 50_000
    list_maxsize: int = 100
    maxvalues: int = 0
    approx_dc_threshold: int = 1_000
    perc_method: Literal["nearest-rank", "interpolated"] = "nearest-rank"


@dataclass(frozen=True, slots=True)
class Config:
    """How the engine runs a search.

    ``zone``: the user's time zone. ``lookups``: name -> rows.

    Open points, each with the setting that changes it:

    ``unwindowed_streamstats``: the page of "streamstats" says both that without window and
    time_window the 10,000 events of max_stream_window apply, and that window=0 means all events:
    past that many rows ``error`` raises, ``cap`` and ``unbounded`` do either.
    ``integers_are_exact``: the rounding rule of "eval" names the least precise input; whether a
    number without a decimal point counts as one is not said.
    ``empty_is_null_in_by``: whether an empty string forms a group of its own is not said.
    ``tie_seed``: rows that sort keys (or equal event times) leave in no documented order keep
    their order of arrival, or with a seed get a random one.
    """

    limits: Limits = field(default_factory=Limits)
    zone: dt.tzinfo = dt.UTC
    lookups: Mapping[str, LookupTable] = field(default_factory=dict)
    unwindowed_streamstats: Literal["error", "cap", "unbounded"] = "error"
    integers_are_exact: bool = True
    empty_is_null_in_by: bool = False
    tie_seed: int | None = None
