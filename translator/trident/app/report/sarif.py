"""Findings as SARIF 2.1.0, which code scanning services take.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; the section numbers below are
that document's.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trident.app.report.report import Report
from trident.base.diagnostics import Diagnostic, Severity, codes
from trident.base.printable import json_text

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"

_LEVELS: Mapping[Severity, str] = {
    Severity.ERROR: "error",
    Severity.REFUSED: "warning",
    Severity.WARNING: "warning",
}


def render(report: Report) -> str:
    """One run; its rules are the codes that were found, its results the findings."""
    used = sorted({each.code for each in report.diagnostics})
    indices = {code: index for index, code in enumerate(used)}
    run = {
        "tool": {
            "driver": {
                "name": "Trident",
                "semanticVersion": version("sigma-trident"),
                "rules": [_rule(code) for code in used],
            }
        },
        "automationDetails": {"id": f"trident/{report.command}/"},
        "columnKind": "unicodeCodePoints",
        "results": list(_results(report, indices)),
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, Any]:
    entry = codes()[code]
    return {
        "id": code,
        "shortDescription": {"text": entry["title"]},
        "help": {
            "text": entry["help"],
            "markdown": f"**{entry['title']}**\n\n{entry['help']}\n\n`trident explain {code}`",
        },
    }


def _results(report: Report, indices: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for each in report.diagnostics:
        # Without the line: a finding stays the same one when lines above it change (3.27.17).
        known = "\0".join((each.code, each.span.path, each.message))
        seen[known] += 1
        digest = hashlib.sha256(
            f"{known}\0{seen[known]}".encode(errors="backslashreplace")
        ).hexdigest()
        result: dict[str, Any] = {
            "ruleId": each.code,
            "ruleIndex": indices[each.code],
            "level": _LEVELS[each.severity],
            "message": {"text": each.message + (f"\nhelp: {each.hint}" if each.hint else "")},
            "partialFingerprints": {"trident/v1": digest},
        }
        if each.span.path:
            result["locations"] = [{"physicalLocation": _location(each)}]
        yield result


def _location(each: Diagnostic) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": _artifact(each.span.path)}
    if each.span.line:
        location["region"] = {"startLine": each.span.line}
        if each.span.column:
            location["region"]["startColumn"] = each.span.column
    return location


def _artifact(file: str) -> dict[str, str]:
    """A file as a URI, relative to the folder that the consumer knows as the root (3.14.14)."""
    if Path(file).is_absolute():
        return {"uri": Path(file).as_uri()}
    return {"uri": quote(os.fsencode(file)), "uriBaseId": _ROOT}
