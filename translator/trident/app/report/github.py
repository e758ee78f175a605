"""Findings as GitHub workflow commands, which a pull request shows at their lines.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from trident.app.report.report import Report
from trident.base.diagnostics import Diagnostic, Severity
from trident.base.printable import printable

_IN_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_TEXT | str.maketrans({":": "%3A", ",": "%2C"})


def render(report: Report) -> str:
    """A line a finding: ``::warning file=..,line=..,col=..,title=TRI650::message``."""
    return "".join(f"{_command(each)}\n" for each in report.diagnostics)


def _command(each: Diagnostic) -> str:
    name = "error" if each.severity is Severity.ERROR else "warning"
    properties = {
        "file": each.span.file,
        "line": str(each.span.line or ""),
        "col": str(each.span.column or ""),
        "title": each.code,
    }
    shown = ",".join(
        f"{key}={value.translate(_IN_PROPERTY)}" for key, value in properties.items() if value
    )
    text = printable(each.message) + (f"\nhelp: {printable(each.hint)}" if each.hint else "")
    return f"::{name} {shown}::{text.translate(_IN_TEXT)}"
