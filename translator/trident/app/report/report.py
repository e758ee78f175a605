"""What every format of a report is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trident.base.diagnostics import Diagnostic, Severity


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of one run of a command, in the order of file and line, and the files that it
    read; ``tolerated`` are severities that do not fail the command."""

    command: str
    diagnostics: Sequence[Diagnostic]
    inputs: Sequence[str] = ()
    tolerated: frozenset[Severity] = frozenset()
