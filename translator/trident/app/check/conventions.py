"""The table of conventions, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from trident.base.data import shipped
from trident.base.diagnostics import Diagnostic, Severity, Span, TridentError


@cache
def conventions() -> Mapping[str, Any]:
    """``conventions.yml``; its comments say what each key is."""
    table: Mapping[str, Any] = shipped("trident.app.check", "conventions.yml")
    return table


def warning(code: str, message: str, span: Span, hint: str = "") -> Diagnostic:
    """A finding about a rule that works all the same."""
    error = TridentError(code, message, span=span, hint=hint, severity=Severity.WARNING)
    return error.diagnostic
