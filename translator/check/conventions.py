"""The table of conventions, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml

from backends.diagnostics import Diagnostic, Severity, Span, TridentError


@cache
def conventions() -> Mapping[str, Any]:
    """``conventions.yml``; its comments say what each key is."""
    text = resources.files("translator.check").joinpath("conventions.yml").read_text("utf-8")
    table: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return table


def warning(code: str, message: str, span: Span, hint: str = "") -> Diagnostic:
    """A finding about a rule that works all the same."""
    error = TridentError(code, message, span=span, hint=hint, severity=Severity.WARNING)
    return error.diagnostic
