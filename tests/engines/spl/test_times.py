"""Time modifiers and time formats."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from trident.engines.spl.errors import SplSyntaxError, SplUnsupported
from trident.engines.spl.times import relative_time_steps, resolve_time, strftime, strptime

NEW_YORK = ZoneInfo("America/New_York")
FRIDAY = dt.datetime(2024, 3, 15, 23, 59, 30, tzinfo=dt.UTC).timestamp()

MODIFIERS = [
    ("now", "2024-03-15T23:59:30"),
    ("now()", "2024-03-15T23:59:30"),
    ("-h", "2024-03-15T22:59:30"),
    ("-60m", "2024-03-15T22:59:30"),
    ("+1s", "2024-03-15T23:59:31"),
    ("-2h@h", "2024-03-15T21:00:00"),
    ("@d", "2024-03-15T00:00:00"),
    ("@d-2h", "2024-03-14T22:00:00"),
    ("@w", "2024-03-10T00:00:00"),
    ("@w0", "2024-03-10T00:00:00"),
    ("@w7", "2024-03-10T00:00:00"),
    ("@w6", "2024-03-09T00:00:00"),  # "Time modifiers": on a Friday @w6 is the Saturday before
    ("-5d@w1", "2024-03-04T00:00:00"),
    ("@mon", "2024-03-01T00:00:00"),
    ("-1mon@mon", "2024-02-01T00:00:00"),
    ("@q", "2024-01-01T00:00:00"),
    ("@y", "2024-01-01T00:00:00"),
    ("-1week", "2024-03-08T23:59:30"),
    ("11/15/2022:20:00:00", "2022-11-15T20:00:00"),
    ("1700000000", "2023-11-14T22:13:20"),
]


@pytest.mark.parametrize(("text", "expected"), MODIFIERS)
def test_modifier(text: str, expected: str) -> None:
    found = resolve_time(text, FRIDAY, dt.UTC)
    assert dt.datetime.fromtimestamp(found, dt.UTC).isoformat()[:19] == expected


@pytest.mark.parametrize("text", ["", "yesterday", "-", "@", "-3x", "1d", "@h3", "-1d@", "now-1d"])
def test_no_modifier(text: str) -> None:
    with pytest.raises(SplSyntaxError):
        relative_time_steps(text)


def test_a_day_is_not_24_hours_when_clocks_change() -> None:
    noon_after_the_change = dt.datetime(2024, 3, 10, 12, tzinfo=NEW_YORK).timestamp()
    day = noon_after_the_change - resolve_time("-1d", noon_after_the_change, NEW_YORK)
    hours = noon_after_the_change - resolve_time("-24h", noon_after_the_change, NEW_YORK)
    assert (day, hours) == (23 * 3600, 24 * 3600)


FORMATS = [  # "Date and time format variables"
    (1745970322, "%Y-%m-%dT%H:%M:%S.%Q", "2025-04-29T23:45:22.000"),
    (1745970322, "%b %d, %Y", "Apr 29, 2025"),
    (1745970322, "%m-%d-%Y %I:%M:%S %p", "04-29-2025 11:45:22 PM"),
    (1745970322, "%d/%b/%Y:%H:%M:%S.%f %z", "29/Apr/2025:23:45:22.000000 +0000"),
    (1745970322.123456, "%F %T.%6N %s %%", "2025-04-29 23:45:22.123456 1745970322 %"),
]


@pytest.mark.parametrize(("seconds", "pattern", "expected"), FORMATS)
def test_strftime(seconds: float, pattern: str, expected: str) -> None:
    assert strftime(seconds, pattern, dt.UTC) == expected


def test_unknown_variables_are_errors() -> None:
    with pytest.raises(SplUnsupported):
        strftime(0, "%c", dt.UTC)
    with pytest.raises(SplUnsupported):
        strptime("x", "%c", dt.UTC)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2022-12-15 09:45:22", "%Y-%m-%d %H:%M:%S", 1671097522.0),
        ("2022-07-23T17:19:01.89", "%Y-%m-%dT%H:%M:%S.%N", 1658596741.89),
        ("1534143600", "%s", 1534143600.0),
        ("not a time", "%Y-%m-%d", None),
    ],
)
def test_strptime(text: str, pattern: str, expected: float | None) -> None:
    assert strptime(text, pattern, dt.UTC) == expected
