"""What is printed steers neither a terminal nor a log, and nothing prints around the console."""

from __future__ import annotations

import ast
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.texts import COMMANDS, SEEN_BY_NOBODY, hidden_in, obeyed, terminal
from tests.packaging.test_layers import modules
from tests.translator.check.test_reports import sarif_validator
from tests.translator.conftest import Trident
from trident.app.report import console
from trident.app.report.formats import FORMATS
from trident.app.report.report import Report
from trident.base.diagnostics import Diagnostic, Span
from trident.base.printable import (
    HIDDEN,
    escaped,
    json_text,
    printable,
    printable_line,
)

ALLOWED = {
    "trident.app.report.console": "it is the one",
    "trident.app.run.progress": "the bar, of rich, on a terminal only",
    "trident.app.parsing.serve": "a process that answers its parent",
    "trident.engines.eql.worker": "a process that answers its parent",
}
XML = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
"""The characters of XML 1.0, 2.2."""
CHARACTERS = st.characters(codec=None) | st.sampled_from("#[:\x1b\u202e\u200d\ufe0f")
PRINTS = re.compile(r"print|pprint|(click|typer|rich)\.\w*(echo\w*|print)|secho|echo")
MENTIONS = re.compile(r"print\(|echo|sys\.std|rich\.")


def writing(source: str) -> Iterator[str]:
    """Where a module writes to standard output or error."""
    for node in ast.walk(ast.parse(source)) if MENTIONS.search(source) else ():
        match node:
            case ast.Call(func=ast.Name() | ast.Attribute() as func):
                if PRINTS.fullmatch(called := ast.unparse(func)):
                    yield f"{node.lineno} {called}"
            case ast.Attribute(value=ast.Name("sys"), attr="stdout" | "stderr" as attribute):
                yield f"{node.lineno} sys.{attribute}"
            case ast.ImportFrom(module="rich.console" as module):
                yield f"{node.lineno} {module}"


def test_nothing_prints_around_the_console() -> None:
    around = {
        name: places
        for name, file in modules().items()
        if (places := list(writing(Path(file).read_text("utf-8"))))
    }
    assert around.keys() == ALLOWED.keys(), around


def test_every_hidden_character_is_known() -> None:
    """By Unicode's categories, as this Python has them, and by its list of noncharacters."""
    for code in range(0x110000):
        char = chr(code)
        wanted = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        if wanted or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
            assert HIDDEN.fullmatch(char), f"U+{code:04X}"
            assert printable(char).isascii(), f"U+{code:04X}"
    family, keycap = "\U0001f468\u200d\U0001f469", "1\ufe0f\u20e3 \u2642\ufe0f"
    assert not HIDDEN.search(family + keycap)
    for plain in ("a\u00e9\u65e5", "\u0645\u0631\u062d\u0628\u0627", "C:\\a ## [x] ::1"):
        assert printable(plain) == plain == escaped(plain, ascii)


@given(st.text(CHARACTERS, max_size=9))
def test_any_text(text: str) -> None:
    line = printable_line(text)
    assert line.isprintable() and not HIDDEN.search(line.replace("\ufe0f", ""))
    assert not obeyed(line) and printable_line(line) == line
    assert not terminal(line)
    written = json_text({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not obeyed(written)
    assert XML.fullmatch(line)


def findings() -> Report:
    texts = (*SEEN_BY_NOBODY.values(), *COMMANDS, "\udcff", "]]> & <a> %0A")
    return Report(
        "check",
        [Diagnostic("TRI650", each, Span(f"{each}.yml", 1, 1), each) for each in texts],
        [f"{each}/clean.yml" for each in texts],
    )


@pytest.mark.parametrize("form", FORMATS)
def test_reports(form: str) -> None:
    """Each format holds every hostile text, is valid, and steers nothing."""
    report = findings()
    text = FORMATS[form](report)
    text.encode()
    assert not terminal(text) and not hidden_in(text)
    expected = len(report.diagnostics) if form == "github" else 0
    assert len(obeyed(text)) == expected, obeyed(text)
    if form == "json":
        assert [each["message"] for each in json.loads(text)["findings"]] == [
            each.message for each in report.diagnostics
        ]
    if form == "sarif":
        sarif_validator().validate(json.loads(text))
        places = [
            each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for each in json.loads(text)["runs"][0]["results"]
        ]
        raw = [os.fsencode(each.span.path) for each in report.diagnostics]
        assert places == list(map(quote, raw))
    if form == "junit":
        root = ElementTree.fromstring(text)
        for element in root.iter():
            for value in (element.text or "", *element.attrib.values()):
                assert XML.fullmatch(value) and not hidden_in(value)
        assert len(list(root.iter("testcase"))) == 2 * len(report.diagnostics)


def rules(folder: Path) -> Path:
    """A rule with each hostile text, and a filter and a correlation that are called so."""
    for number, text in enumerate((*SEEN_BY_NOBODY.values(), *COMMANDS)):
        rule = {
            "title": text,
            "name": f"rule {number} {text}",
            "description": text,
            "author": text,
            "status": text if number % 5 == 1 else "test",
            "tags": [text],
            "logsource": {"category": "process_creation", "product": "windows"},
            "detection": {
                "selection": {"CommandLine": text} if number % 2 else {text: "a"},
                text: {"Image|re": f"[{text}"} if number % 3 == 1 else {"Image": "a"},
                "condition": "selection",
            },
            "falsepositives": [text],
            text: text,
        }
        (folder / f"{number}.yml").write_text(yaml.safe_dump(rule), "utf-8")
    filters = folder / "filters"
    filters.mkdir()
    listed = {"rules": [COMMANDS[1]], "a": {"Image": "a"}, "condition": "not a"}
    filtering = {"title": COMMANDS[0], "logsource": rule["logsource"], "filter": listed}
    (filters / "f.yml").write_text(yaml.safe_dump(filtering), "utf-8")
    return folder


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_commands(
    trident: Trident, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    folder = rules(tmp_path)
    common = [folder, "--format", form]
    narrow = ["-t", "eql"]
    unkept = ["--no-cache", "--unchecked"]
    runs = [["check", *common, *narrow, *unkept], ["verify", *common, *narrow]]
    if form in ("text", "json"):
        runs += [
            ["convert", *common, "-t", "kql", "-t", "spl", *unkept],
            ["explain", *common, *narrow],
        ]
    if form == "text":
        runs += [["list", "filters", folder], ["check", folder / COMMANDS[1]]]
        runs += [["convert", folder, "-t", COMMANDS[0]], ["explain", f"{folder}:{COMMANDS[1]}"]]
        runs += [["list", "filters", folder / "0.yml", COMMANDS[2]], ["list", COMMANDS[0]]]
    for arguments in runs:
        ran = trident(*arguments)
        assert ran.out or ran.err
        queries = arguments[0] == "convert" and form == "text"
        for text in (ran.out, ran.err):
            assert not terminal(text) and not hidden_in(text), arguments
            taken = obeyed(text)
            if form == "github" and text is ran.out:
                assert all(re.match("::(warning|error) ", line) for line in taken)
            elif queries and text is ran.out:  # a value in a query is the query's
                assert not any(re.match("//|```|\\s*::", line) for line in taken)
            else:
                assert not taken, arguments


def test_a_diff_is_read_or_applied(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    diff = "--- a/x\t\n+++ b/x\t\n ::add-mask::x\n-\x1b[2J\u202e\t##[debug]\n"
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    console.give_diff(diff)
    assert capsysbinary.readouterr().out.decode() == diff
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    console.give_diff(diff)
    shown = capsysbinary.readouterr().out.decode()
    assert not obeyed(shown) and not hidden_in(shown) and not terminal(shown.replace("\t", " "))
