"""When a deployed rule runs and how much data a run reads.

A run at ``now`` gives the alerts that fire in the interval of ``frequency`` that ends ``delay``
before now: intervals lie end to end, so no alert comes twice and none is lost, as long as data
arrives within ``delay``. It reads the interval, the delay, and what an alert needs before it.
"""

from __future__ import annotations

from backends.diagnostics import TridentError
from backends.plan import Correlation, Plan, Run, Search, reach


def period(plan: Plan, run: Run) -> int:
    """Seconds of data before now that one run reads.

    A baseline's history and current window are counted back from ``delay`` before now, and the
    current window holds the interval.
    """
    if isinstance(plan, Correlation) and plan.baseline is not None:
        return plan.baseline.oldest + run.delay
    return run.frequency + run.delay + reach(plan)


def fitted(plan: Plan, run: Run) -> Run:
    """The run, as often as the plan needs it: a baseline alerts on its current window only.

    Raises:
        TridentError: TRI701 for a correlation over a baseline hunt, whose windows lie before each
            run's own time.
    """
    if isinstance(plan, Search):
        return run
    if any(_over_baseline(branch.matches) for branch in plan.branches):
        raise TridentError(
            "TRI701",
            "a correlation over a baseline hunt has no schedule: each run would compare with "
            "another history",
            span=plan.identity.span,
        )
    if plan.baseline is not None and run.frequency > plan.baseline.newest:
        return Run(plan.baseline.newest, run.delay)
    return run


def _over_baseline(plan: Plan) -> bool:
    return isinstance(plan, Correlation) and (
        plan.baseline is not None or any(_over_baseline(b.matches) for b in plan.branches)
    )
