"""Schedules that cron says exactly, spread over time by the rule's id.

A run's query finds the alerts of the last ``frequency``, so the schedule has to be as regular:
minutes that divide the hour, hours that divide the day, a day, a week. Days of the month would not
do (months have 28 to 31). A search head reads cron in its own time zone, so what runs less often
than hourly is off by an hour where clocks change.
"""

from __future__ import annotations

import hashlib

from trident.app.artifacts.schedule import Schedule, changed
from trident.base.diagnostics import Severity, TridentError
from trident.rule.plan import Plan, Run

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 604800

EXACT = (
    *(MINUTE * n for n in range(1, 60) if 60 % n == 0),
    *(HOUR * n for n in range(1, 24) if 24 % n == 0),
    DAY,
    WEEK,
)
"""Seconds between runs that cron keeps, ascending."""


def fit(plan: Plan, run: Run) -> Schedule:
    """The run as often as asked for, or the nearest more often that cron can say.

    Raises:
        TridentError: TRI733 (a refusal) for a frequency below a minute.
    """
    if run.frequency < EXACT[0]:
        raise TridentError(
            "TRI733",
            f"Splunk's scheduler runs no search every {run.frequency} s",
            span=plan.identity.span,
            severity=Severity.REFUSED,
        )
    frequency = max(each for each in EXACT if each <= run.frequency)
    notes = changed("the time between runs", frequency, run.frequency, "cron says no other exactly")
    return Schedule(Run(frequency, run.delay), notes)


def schedule(frequency: int, identifier: str) -> str:
    """The cron line of a frequency of ``EXACT`` (seconds), at a time that the id decides.

    Lists instead of steps: savedsearches.conf.spec has them as its examples, and `allow_skew` does
    not move them.
    """
    spread = int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:8], "big")
    minute, hour, day = spread % 60, spread // 60 % 24, spread // 1440 % 7
    if frequency == MINUTE:
        return "* * * * *"
    if frequency < HOUR:
        step = frequency // MINUTE
        return f"{','.join(map(str, range(minute % step, 60, step)))} * * * *"
    if frequency == HOUR:
        return f"{minute} * * * *"
    if frequency < DAY:
        step = frequency // HOUR
        return f"{minute} {','.join(map(str, range(hour % step, 24, step)))} * * *"
    return f"{minute} {hour} * * {'*' if frequency == DAY else day}"


def clock_changes(frequency: int) -> bool:
    """Whether a search head's change of clocks shifts such runs against each other."""
    return frequency > HOUR
