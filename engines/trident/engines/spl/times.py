"""Times: relative modifiers, strftime, strptime.

Source: Splunk Search Reference 9.4, "Time modifiers", "Date and time format variables", "Date and
Time functions".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal

from trident.engines.spl.errors import SplSyntaxError, SplUnsupported

MICROS = 1_000_000

_UNIT_NAMES: Mapping[str, tuple[str, ...]] = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "week", "weeks"),
    "mon": ("mon", "month", "months"),
    "q": ("q", "qtr", "qtrs", "quarter", "quarters"),
    "y": ("y", "yr", "yrs", "year", "years"),
}
UNITS = {name: unit for unit, names in _UNIT_NAMES.items() for name in names}
SECONDS = {"s": 1, "m": 60, "h": 3600}
DAYS = {"d": 1, "w": 7}
_MONTHS = {"mon": 1, "q": 3, "y": 12}
_ABSOLUTE = "%m/%d/%Y:%H:%M:%S"

Step = tuple[Literal["offset"], int, str] | tuple[Literal["snap"], int, str]
"""An offset (number, unit), or a snap (weekday for ``w0`` to ``w6``, else -1; unit)."""

_STEP = re.compile(r"([+-])(\d*)([a-zA-Z]+)|@([a-zA-Z]+)([0-7]?)")


@lru_cache(maxsize=512)
def relative_time_steps(text: str) -> tuple[Step, ...] | int | None:
    """A time modifier: its steps from now on, or microseconds since the epoch, or None for an
    absolute date, which needs a time zone.

    Raises:
        SplSyntaxError: for a text that is no time modifier.
    """
    text = text.strip()
    if text in ("now", "now()"):
        return ()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return round(float(text) * MICROS)
    if re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}:\d{1,2}:\d{1,2}:\d{1,2}", text):
        return None
    steps: list[Step] = []
    place = 0
    while step := _STEP.match(text, place):
        place = step.end()
        unit = UNITS.get((step[3] or step[4]).lower())
        if unit is None or (step[5] and unit != "w"):
            break
        if step[3]:
            steps.append(("offset", int(step[1] + (step[2] or "1")), unit))
        else:
            steps.append(("snap", int(step[5]) % 7 if step[5] else -1, unit))
    if place != len(text) or not steps:
        raise SplSyntaxError(f"{text!r} is no time modifier")
    return tuple(steps)


def resolve_time(text: str, now: float, zone: dt.tzinfo) -> float:
    """The time that a modifier means, in seconds since the epoch.

    Seconds, minutes and hours are lengths of time; days and longer follow the zone's calendar.
    """
    steps = relative_time_steps(text)
    if steps is None:
        moment = dt.datetime.strptime(text.strip(), _ABSOLUTE).replace(tzinfo=zone)
        return moment.timestamp()
    if isinstance(steps, int):
        return steps / MICROS
    micros = round(now * MICROS)
    for kind, number, unit in steps:
        if kind == "snap":
            micros = _snap(micros, unit, number, zone)
        elif unit in SECONDS:
            micros += number * SECONDS[unit] * MICROS
        else:
            micros = _move(micros, number, unit, zone)
    return micros / MICROS


def to_datetime(micros: int, zone: dt.tzinfo) -> dt.datetime:
    """Microseconds since the epoch in a zone."""
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (epoch + dt.timedelta(microseconds=micros)).astimezone(zone)


def _micros(moment: dt.datetime) -> int:
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _move(micros: int, number: int, unit: str, zone: dt.tzinfo) -> int:
    local = to_datetime(micros, zone).replace(tzinfo=None)
    if unit in DAYS:
        return _micros((local + dt.timedelta(days=number * DAYS[unit])).replace(tzinfo=zone))
    months = local.year * 12 + local.month - 1 + number * _MONTHS[unit]
    try:
        moved = local.replace(year=months // 12, month=months % 12 + 1)
    except ValueError:
        raise SplUnsupported(f"{number}{unit} from a day that the month lacks") from None
    return _micros(moved.replace(tzinfo=zone))


def _snap(micros: int, unit: str, weekday: int, zone: dt.tzinfo) -> int:
    local = to_datetime(micros, zone).replace(microsecond=0, tzinfo=None)
    if unit in SECONDS:
        zeros = {"m": {"second": 0}, "h": {"second": 0, "minute": 0}}.get(unit, {})
        return _micros(local.replace(**zeros, tzinfo=zone))
    local = local.replace(hour=0, minute=0, second=0)
    if unit == "w":
        # Source: "Time modifiers": @w and @w0 are Sunday.
        local -= dt.timedelta(days=(local.isoweekday() - max(weekday, 0)) % 7)
    elif unit != "d":
        first = {"mon": local.month, "q": (local.month - 1) // 3 * 3 + 1, "y": 1}[unit]
        local = local.replace(day=1, month=first)
    return _micros(local.replace(tzinfo=zone))


_RENDER: Mapping[str, Callable[[dt.datetime], str]] = {
    "%": lambda _: "%",
    "F": lambda t: t.strftime("%Y-%m-%d"),
    "T": lambda t: t.strftime("%H:%M:%S"),
    "f": lambda t: f"{t.microsecond:06d}",
    "s": lambda t: str(_micros(t) // MICROS),
    **{
        # The variables that mean the same in C and in Splunk's table.
        letter: (lambda t, code=f"%{letter}": t.strftime(code))  # type: ignore[misc]
        for letter in "HIMSpYymdBbAajwVGZz"
    },
}
_VARIABLE = re.compile(r"%([369]?)([A-Za-z%])")


def strftime(seconds: float, pattern: str, zone: dt.tzinfo) -> str:
    """``strftime()``.

    Raises:
        SplUnsupported: for a variable that depends on the server's locale, or is not modelled.
    """
    moment = to_datetime(round(seconds * MICROS), zone)

    def render(variable: re.Match[str]) -> str:
        digits, letter = variable.groups()
        if letter in "NQ":
            count = int(digits or {"N": 9, "Q": 3}[letter])
            return f"{moment.microsecond:06d}000"[:count]
        if digits or letter not in _RENDER:
            raise SplUnsupported(f"strftime variable {variable[0]}")
        return _RENDER[letter](moment)

    return _VARIABLE.sub(render, pattern)


_PARSABLE = re.compile(r"%[369]?[NQ]")


def strptime(text: str, pattern: str, zone: dt.tzinfo) -> float | None:
    """``strptime()``: seconds since the epoch, or None for a text that does not fit.

    Raises:
        SplUnsupported: for a variable that is not modelled.
    """
    if pattern == "%s":
        return float(text) if re.fullmatch(r"\d+", text) else None
    pattern = _PARSABLE.sub("%f", pattern.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S"))
    if unknown := set(re.findall(r"%(.)", pattern)) - set("YymdHIMSpBbAajfz%"):
        raise SplUnsupported(f"strptime variable %{sorted(unknown)[0]}")
    try:
        moment = dt.datetime.strptime(text, pattern)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
