"""The formats of a report by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from translator.reports import github, json_report, junit, sarif, text
from translator.reports.report import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": text.render,
    "json": json_report.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
}
