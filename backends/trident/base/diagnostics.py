"""Codes, places and the one error type: what went wrong, where, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from trident.base.printable import printable


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops its rule, a refusal its target only."""

    ERROR = "error"
    REFUSED = "refused"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file; line and column count from 1, 0 means unknown.

    ``file`` is the name as it is shown, always printable; ``path`` the one that opens the file,
    which may be anything that a file system takes.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", self.file)
        object.__setattr__(self, "file", printable(self.file))

    def __str__(self) -> str:
        parts = [self.file or "<input>"]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a stable code of ``codes.yml``, a place, what is wrong and what to do.

    ``remedy`` is the YAML that mends it, where some lines can: of ``trident.yml``, or of the rule.
    """

    code: str
    message: str
    span: Span = Span()
    hint: str = ""
    severity: Severity = Severity.ERROR
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.span}: {self.code} {self.severity}: {self.message}"
        return f"{line}\n    help: {self.hint}" if self.hint else line


class TridentError(Exception):
    """Raised where the work on one rule (or one rule and target) cannot go on."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        span: Span | None = None,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(
            code, message, span or Span(), hint or codes()[code]["help"], severity
        )

    def at(self, span: Span) -> TridentError:
        """The same error, placed at ``span`` where it has no place of its own."""
        if not self.diagnostic.span.file:
            self.diagnostic = replace(self.diagnostic, span=span)
        return self

    def with_remedy(self, lines: str) -> TridentError:
        """The same error with the lines of YAML that mend it."""
        self.diagnostic = replace(self.diagnostic, remedy=lines)
        return self


class Refusal(TridentError):
    """No query: the target's language or the SIEM's data cannot say what the rule means."""

    def __init__(self, code: str, message: str, *, span: Span | None = None, hint: str = ""):
        super().__init__(code, message, span=span, hint=hint, severity=Severity.REFUSED)


@cache
def codes() -> Mapping[str, Mapping[str, str]]:
    """The table of all codes: code -> {title, help}; a note's code also has its ``text``."""
    # Here, so that a run whose result is in the cache does without them.

    from trident.base.data import shipped  # here, since a cached run needs no code

    table: Mapping[str, Mapping[str, str]] = shipped("trident.base", "codes.yml")
    return table
