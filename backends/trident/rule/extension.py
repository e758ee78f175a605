"""The ``trident:`` mapping of a correlation document: lookback, baseline, result columns.

Standard Sigma keeps and ignores it; its metadata keys (entities, data connectors, ...) are read
by the artifact writers and only checked for spelling here.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trident.base.diagnostics import TridentError
from trident.rule.plan import (
    Aggregate,
    Baseline,
    Branch,
    Exceeds,
    Ordered,
    OutputColumn,
    Search,
    Trigger,
)
from trident.rule.raw import check_keys, seconds
from trident.rule.rules import Document

METADATA_KEYS = (
    "schedule",
    "risk_score",
    "entities",
    "source_name",
    "data_connectors",
    "hypothesis",
)
"""Keys that say how a rule is deployed; a detection rule has these alone."""

_KEYS = ("lookback", "baseline", "columns", *METADATA_KEYS)
_BASELINE_KEYS = ("window", "exceeds", "unseen", "unseen_empty")
_EXCEEDS_KEYS = ("field", "percentile", "statistic", "factor", "stdevs", "by")
_COLUMN_KEYS = ("stage", "field", "after_last")
STATISTICS = ("avg", "max", "min")


@dataclass(frozen=True, slots=True)
class Extension:
    """What the plan takes from ``trident:``."""

    lookback: int | None = None
    baseline: Baseline | None = None
    columns: tuple[OutputColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one mapping below ``trident:`` and places every complaint at its key."""

    document: Document
    path: tuple[str, ...]
    raw: Mapping[str, Any]

    def fail(self, message: str, *keys: str) -> TridentError:
        """A TRI107 at a key of this mapping."""
        return TridentError("TRI107", message, span=self.document.at(*self.path, *keys))

    def below(self, key: str, allowed: Sequence[str]) -> _Reader:
        """The reader of a nested mapping with only the ``allowed`` keys."""
        path = (*self.path, key)
        check_keys(self.document, path, self.raw[key], allowed)
        return _Reader(self.document, path, self.raw[key])

    def names(self, key: str) -> tuple[str, ...]:
        """A list of field names."""
        names = self.raw.get(key) or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.fail(f"{key} must be a list of field names", key)
        return tuple(names)

    def number(self, key: str) -> float | None:
        """A number that is not negative."""
        number = self.raw.get(key)
        if number is None:
            return None
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise self.fail(f"{key} must be a number", key)
        if not 0 <= number < math.inf:
            raise self.fail(f"{key} must be a number, not negative", key)
        return number

    def seconds(self, key: str, timespan: Any) -> int:
        """A timespan in seconds."""
        try:
            return seconds(timespan)
        except ValueError as error:
            raise self.fail(str(error), key) from error


def read_extension(
    document: Document,
    *,
    trigger: Trigger,
    branches: Sequence[Branch],
    group_by: Sequence[str],
) -> Extension:
    """The extension of a correlation document; empty where it has no ``trident:``.

    Raises:
        TridentError: TRI104 for an unknown key, TRI107 for a value that makes no sense.
    """
    _check_spelling(document)
    raw = document.data.get("trident")
    if raw is None:
        return Extension()
    check_keys(document, ("trident",), raw, _KEYS)
    reader = _Reader(document, ("trident",), raw)
    lookback = reader.seconds("lookback", raw["lookback"]) if "lookback" in raw else None
    baseline = None
    if "baseline" in raw:
        if lookback is not None:
            raise reader.fail("a baseline sets its own windows; remove lookback", "lookback")
        baseline = _baseline(reader.below("baseline", _BASELINE_KEYS))
        if not isinstance(trigger, Aggregate):
            raise reader.fail("a temporal correlation cannot carry a baseline", "baseline")
        if not all(isinstance(branch.matches, Search) for branch in branches):
            raise reader.fail("a baseline compares events, not another correlation", "baseline")
        if baseline.unseen_empty and (shared := set(baseline.unseen) & set(group_by)):
            raise reader.fail(
                f"{min(shared)} is in group-by, so it is never empty; "
                "remove it there or unseen_empty",
                "baseline",
                "unseen_empty",
            )
    return Extension(lookback, baseline, _columns(reader, trigger))


def check_metadata(document: Document) -> None:
    """Check the ``trident:`` of a detection rule: it says how the rule is deployed, not what it
    means.

    Raises:
        TridentError: TRI104 for an unknown key, TRI107 for one that only a correlation has.
    """
    _check_spelling(document)
    raw = document.data.get("trident")
    if raw is None:
        return
    check_keys(document, ("trident",), raw, _KEYS)
    for key in raw:
        if key not in METADATA_KEYS:
            place = document.at("trident", key)
            raise TridentError("TRI107", f"trident.{key} belongs in a correlation", span=place)


def _check_spelling(document: Document) -> None:
    """Sigma allows any key at the top of a document, so a slip there would go unnoticed."""
    for key in document.data:
        if _is_slip(str(key)):
            raise TridentError(
                "TRI104",
                f"unknown key {str(key)!r} in the document",
                span=document.at(key),
                hint="did you mean trident?",
            )


@lru_cache(maxsize=1024)
def _is_slip(key: str) -> bool:
    """Whether a key is nearly ``trident``; kept, for rules have the same keys."""
    return key != "trident" and bool(difflib.get_close_matches(key.lower(), ["trident"], 1, 0.8))


def _baseline(reader: _Reader) -> Baseline:
    window = reader.raw.get("window")
    parts = str(window).split("..")
    if len(parts) != 2:
        raise reader.fail("window must be given as 7d..1d: oldest, newest", "window")
    oldest, newest = (reader.seconds("window", part.strip()) for part in parts)
    if oldest <= newest:
        raise reader.fail(f"the window {window} is empty; write the older end first", "window")
    exceeds = _exceeds(reader.below("exceeds", _EXCEEDS_KEYS)) if "exceeds" in reader.raw else None
    unseen = reader.names("unseen")
    if exceeds is None and not unseen:
        raise reader.fail("a baseline needs exceeds or unseen")
    empty = reader.raw.get("unseen_empty", False)
    if not isinstance(empty, bool) or (empty and not unseen):
        raise reader.fail("unseen_empty is true or false, and goes with unseen", "unseen_empty")
    return Baseline(oldest, newest, exceeds, unseen, empty)


def _exceeds(reader: _Reader) -> Exceeds:
    raw = reader.raw
    if not isinstance(raw.get("field"), str):
        raise reader.fail("exceeds needs a field")
    if ("percentile" in raw) == ("statistic" in raw):
        raise reader.fail("exceeds needs either percentile or statistic")
    percentile = raw.get("percentile")
    if "percentile" in raw and (
        isinstance(percentile, bool)
        or not isinstance(percentile, int)
        or not 1 <= percentile <= 100
    ):
        raise reader.fail("percentile must be a whole number from 1 to 100", "percentile")
    statistic = "percentile" if percentile is not None else raw["statistic"]
    if percentile is None and statistic not in STATISTICS:
        raise reader.fail(f"statistic must be one of {', '.join(STATISTICS)}", "statistic")
    factor, stdevs = reader.number("factor"), reader.number("stdevs")
    if factor is not None and stdevs is not None:
        raise reader.fail("give factor or stdevs, not both", "stdevs")
    if stdevs is not None and statistic != "avg":
        raise reader.fail("stdevs goes with statistic: avg", "stdevs")
    return Exceeds(raw["field"], statistic, percentile, factor, stdevs, reader.names("by"))


def _columns(reader: _Reader, trigger: Trigger) -> tuple[OutputColumn, ...]:
    if "columns" not in reader.raw:
        return ()
    raw = reader.raw["columns"]
    if not isinstance(raw, Mapping):
        raise reader.fail("columns must map names to a stage or a field", "columns")
    columns = []
    for name in raw:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", str(name)):
            raise reader.fail(f"{name!r} is no plain column name (letters and digits)", "columns")
        entry = reader.below("columns", tuple(map(str, raw))).below(str(name), _COLUMN_KEYS)
        stage, field = entry.raw.get("stage"), entry.raw.get("field")
        if stage is not None and not (
            isinstance(trigger, Ordered)
            and isinstance(stage, int)
            and not isinstance(stage, bool)
            and 1 <= stage <= len(trigger.stages)
        ):
            raise entry.fail("stage must be the number of a stage of an ordered rule", "stage")
        if stage is None and field is None:
            raise entry.fail("a column needs a stage or a field")
        if field is not None and not (isinstance(field, str) and field):
            raise entry.fail(f"{field!r} is no field name", "field")
        separator = entry.raw.get("after_last")
        if "after_last" in entry.raw and (
            field is None or not isinstance(separator, str) or not separator
        ):
            raise entry.fail("after_last is a separator in a field", "after_last")
        columns.append(OutputColumn(str(name), field, stage, separator))
    return tuple(columns)
