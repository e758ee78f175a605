"""Findings as one JSON object."""

from __future__ import annotations

from trident.app.report.report import Report
from trident.base.diagnostics import codes
from trident.base.printable import json_text

SCHEMA_VERSION = 1


def render(report: Report) -> str:
    """``{schema, command, files, findings}``; a place that is not known is null."""
    findings = [
        {
            "code": each.code,
            "title": codes()[each.code]["title"],
            "severity": str(each.severity),
            "message": each.message,
            "help": each.hint,
            "file": each.span.path or None,
            "line": each.span.line or None,
            "column": each.span.column or None,
        }
        for each in report.diagnostics
    ]
    product = {
        "schema": SCHEMA_VERSION,
        "command": report.command,
        "files": len(report.inputs),
        "findings": findings,
    }
    return json_text(product)
