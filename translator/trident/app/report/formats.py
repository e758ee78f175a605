"""The formats of a report by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trident.app.report import github, json_report, junit, sarif, text
from trident.app.report.report import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": text.render,
    "json": json_report.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
}
