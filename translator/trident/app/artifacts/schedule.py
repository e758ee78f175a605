"""When a deployed rule runs and how much data a run reads.

A run at ``now`` gives the alerts that fire in the interval of ``frequency`` that ends ``delay``
before now: intervals lie end to end, so no alert comes twice and none is lost, as long as data
arrives within ``delay``. It reads the interval, the delay, and what an alert needs before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trident.base.diagnostics import Refusal
from trident.result.translation import Note
from trident.rule.plan import Correlation, Plan, Run, Search, reach
from trident.rule.raw import timespan

_CLOCK = ((3600, "H"), (60, "M"), (1, "S"))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The runs of a deployed rule, and notes on where they are not those that were asked for."""

    run: Run
    notes: tuple[Note, ...] = ()


Adjust = Callable[[Plan, Run], Schedule]
"""What a SIEM's limits on schedules make of a run."""


def period(plan: Plan, run: Run) -> int:
    """Seconds of data before now that one run reads.

    A baseline's history and current window are counted back from ``delay`` before now, and the
    current window holds the interval.
    """
    if isinstance(plan, Correlation) and plan.baseline is not None:
        return plan.baseline.oldest + run.delay
    return run.frequency + run.delay + reach(plan)


def fitted(plan: Plan, run: Run, adjust: Adjust | None = None) -> Schedule:
    """The run as ``adjust`` has it, and as often as the plan needs it: a baseline alerts on its
    current window only, so that goes before what a SIEM would rather have.

    Raises:
        Refusal: TRI701 for a correlation over a baseline hunt, whose windows lie before each
            run's own time.
    """
    if isinstance(plan, Correlation) and any(_over_baseline(b.matches) for b in plan.branches):
        raise Refusal(
            "TRI701",
            "a correlation over a baseline hunt has no schedule: each run would compare with "
            "another history",
            span=plan.identity.span,
        )
    asked = _within_baseline(plan, run)
    if adjust is None:
        return asked
    adjusted = adjust(plan, asked.run)
    return Schedule(_within_baseline(plan, adjusted.run).run, (*asked.notes, *adjusted.notes))


def changed(what: str, value: int, asked: int, reason: str) -> tuple[Note, ...]:
    """The note that a time of the schedule is not the one asked for; none where it is."""
    if value == asked:
        return ()
    return (
        Note.of("TRI710", what=what, value=timespan(value), asked=timespan(asked), reason=reason),
    )


def iso_duration(seconds: int) -> str:
    """A time as an ISO 8601 duration: ``PT1H35M``, ``P7D``."""
    days, parts = seconds // 86400, []
    rest = seconds % 86400
    for size, unit in _CLOCK:
        parts += [f"{rest // size}{unit}"] * (rest >= size)
        rest %= size
    return "P" + f"{days}D" * bool(days) + f"T{''.join(parts)}" * bool(parts)


def _within_baseline(plan: Plan, run: Run) -> Schedule:
    if isinstance(plan, Search) or plan.baseline is None or run.frequency <= plan.baseline.newest:
        return Schedule(run)
    reason = "a baseline alerts on its current window only"
    fit = Run(plan.baseline.newest, run.delay)
    return Schedule(fit, changed("the time between runs", fit.frequency, run.frequency, reason))


def overlapping(plan: Plan, run: Run, overlap: int) -> tuple[Run, Run]:
    """How often the plan runs, and what each run looks at: ``overlap`` seconds more, where a SIEM
    starts its runs late and keeps the repeated alerts apart.

    Raises:
        TridentError: TRI701 as ``fitted``.
    """
    reading = fitted(plan, Run(run.frequency + overlap, run.delay)).run
    if reading.frequency <= overlap:  # a baseline's current window is no longer than that
        return reading, reading
    return Run(reading.frequency - overlap, run.delay), reading


def _over_baseline(plan: Plan) -> bool:
    return isinstance(plan, Correlation) and (
        plan.baseline is not None or any(_over_baseline(b.matches) for b in plan.branches)
    )
