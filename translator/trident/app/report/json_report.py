"""Findings as one JSON object."""

from __future__ import annotations

import json

from trident.app.report.report import Report
from trident.base.diagnostics import codes

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
            "file": each.span.file or None,
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
    return json.dumps(product, indent=2, ensure_ascii=False) + "\n"
