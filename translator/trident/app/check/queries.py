"""Queries that the parser of their language rejects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from trident.app.parsing.check import NO_ANSWER, REJECTED, Checking, Job
from trident.app.run.convert import translated
from trident.base.diagnostics import Diagnostic
from trident.mapping.profiles import Profile
from trident.rule.planner import Planned

CODES = (REJECTED, NO_ANSWER)

_RULES = 200
"""So many rules are translated at a time; their queries are then dropped."""


def rejected(
    planned: Sequence[Planned], profiles: Sequence[Profile], checking: Checking
) -> Iterator[Diagnostic]:
    """What the parsers have against the query of each rule for each profile."""
    for start in range(0, len(planned), _RULES):
        jobs = list(_jobs(planned[start : start + _RULES], profiles))
        for (_, _, profile), verdict in zip(jobs, checking.verdicts(jobs), strict=True):
            if verdict.error is not None:
                message = f"{verdict.error.message} ({profile.target} {profile.name})"
                yield replace(verdict.error, message=message)
            if verdict.warning is not None:
                yield verdict.warning


def _jobs(planned: Sequence[Planned], profiles: Sequence[Profile]) -> Iterator[Job]:
    for each in planned:
        for profile in profiles:
            for _, translation in translated(each, profile, []):  # coverage.py reports the errors
                if each.plan is not None and translation.query is not None:
                    yield each.plan, translation, profile
