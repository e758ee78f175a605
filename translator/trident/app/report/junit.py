"""JUnit XML, which CI systems show as tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from trident.app.report.report import Report
from trident.base.printable import printable, printable_line


@dataclass(frozen=True, slots=True)
class Case:
    """One test case: its suite, what it is called, its file; its failures as (message, text)
    pairs; why it was skipped, None for one that ran."""

    suite: str
    name: str
    file: str = ""
    failures: tuple[tuple[str, str], ...] = ()
    skipped: str | None = None


def document(name: str, cases: Iterable[Case]) -> str:
    """The XML of ``cases``, a suite for each name of one, in the order given."""
    root = ElementTree.Element("testsuites", name=name)
    suites: dict[str, ElementTree.Element] = {}
    for case in cases:
        suite_name = printable(case.suite)
        if suite_name not in suites:
            suites[suite_name] = ElementTree.SubElement(root, "testsuite", name=suite_name)
        element = ElementTree.SubElement(
            suites[suite_name],
            "testcase",
            classname=suite_name,
            name=printable(case.name),
            file=printable(case.file),
        )
        if case.skipped is not None:
            ElementTree.SubElement(element, "skipped", message=printable(case.skipped))
        for message, text in case.failures:
            failure = ElementTree.SubElement(element, "failure", message=printable(message))
            failure.text = "\n".join(map(printable_line, text.split("\n")))
    for suite in suites.values():
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(sum(case.find("failure") is not None for case in suite)))
        suite.set("skipped", str(sum(case.find("skipped") is not None for case in suite)))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def render(report: Report) -> str:
    """A suite a file: a failed case for each finding, a skipped one for a tolerated finding, one
    that passed for a file without any."""
    return document(f"trident {report.command}", _cases(report))


def _cases(report: Report) -> Iterator[Case]:
    by_file: dict[str, list[Case]] = {printable(file): [] for file in report.inputs}
    for each in report.diagnostics:
        place = ":".join(str(part) for part in (each.span.line, each.span.column) if part)
        name = " ".join(filter(None, (each.code, place)))
        text = f"{each.span}\nhelp: {each.hint}"
        file = each.span.file
        message = f"{each.severity}: {each.message}"
        if each.severity in report.tolerated:
            case = Case(file or "trident", name, file, skipped=message)
        else:
            case = Case(file or "trident", name, file, ((message, text),))
        by_file.setdefault(file, []).append(case)
    for file, cases in by_file.items():
        yield from cases or [Case(file, report.command, file)]
