"""A finding as a terminal shows it: what and where, the line with a caret, the way out."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from trident.app.report.report import Report
from trident.app.report.sources import Sources
from trident.base.diagnostics import Diagnostic, Span
from trident.base.printable import printable, printable_line

WIDTH = 100
"""How many characters of a source line are shown, those around the caret."""

_CUT = "..."
_BEFORE = 60


def render(report: Report) -> str:
    """Every finding with its line."""
    return "".join(f"{each}\n" for each in printed(report.diagnostics))


def printed(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Each finding as ``finding`` says it; a file is read once for those that follow each other."""
    sources = Sources()
    for each in diagnostics:
        yield finding(each, sources=sources)


def counts(report: Report) -> str:
    """How many findings, by code: ``3 findings in 2 files: 2 TRI202, 1 TRI650``."""
    findings = report.diagnostics
    if not findings:
        return f"no findings in {_number(len(report.inputs), 'file')}"
    codes = Counter(each.code for each in findings)
    listed = ", ".join(f"{number} {code}" for code, number in sorted(codes.items()))
    files = len({each.span.file for each in findings})
    return f"{_number(len(findings), 'finding')} in {_number(files, 'file')}: {listed}"


def finding(
    diagnostic: Diagnostic, where: str = "", sources: Sources | None = None, *, remedy: bool = True
) -> str:
    """A diagnostic on some lines: place, code, severity (``where``), message; the line that it
    points at with a caret; the way out, with ``remedy`` the lines of YAML that mend it."""
    place = f" ({where})" if where else ""
    start = str(diagnostic.span) if diagnostic.span.file else "trident"
    lines = [f"{start}: {diagnostic.code} {diagnostic.severity}{place}: {diagnostic.message}"]
    source = (sources or Sources()).line(diagnostic.span)
    if source is not None:
        lines += excerpt(source, diagnostic.span)
    if diagnostic.hint:
        lines.append(f"    help: {diagnostic.hint}")
    if remedy:
        lines += remedy_lines(diagnostic.remedy)
    return "\n".join(map(printable_line, lines))


def remedy_lines(remedy: str) -> list[str]:
    """The lines of YAML that mend a finding, as printed below it."""
    return [f"    {printable(each)}" for each in remedy.splitlines()]


def excerpt(source: str, span: Span) -> Iterator[str]:
    """The source line with its number, cut around the span's column, and a caret below it."""
    source = source.replace("\t", " ")
    column = min(max(span.column - 1, 0), len(source))
    start = max(0, min(column - _BEFORE, len(source) - WIDTH))
    end = start + WIDTH
    left, right = _CUT if start else "", _CUT if end < len(source) else ""
    number = f"{span.line:>5}"
    yield f"{number} | {left}{source[start:end].rstrip()}{right}"
    if span.column:
        before = left + printable(source[start:column])
        yield f"{'':>5} | {' ' * sum(map(_cells, before))}^"


def _cells(char: str) -> int:
    """How many columns of a terminal a character takes (UAX #11, wide and full-width)."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
