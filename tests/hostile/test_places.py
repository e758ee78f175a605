"""A file's name is shown printable, and the file that it names is the one that is opened."""

from __future__ import annotations

import json
import os
import pickle
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from tests.hostile.texts import hidden_in, obeyed, terminal
from tests.translator.conftest import Trident
from trident.base.diagnostics import Span

NAMES = (
    "a\n::error::x",
    "a\x1b[2Jb",
    "##[add-matcher]m",
    "::add-mask::x",
    "a\u202eb\u2028c\x85d",
    "tab\tbed",
)
BROKEN = "title: a\ntitle: b\n"
RULE = """\
title: One
logsource: {category: process_creation, product: windows}
detection: {selection: {NoSuchField: a}, condition: selection}
"""
TEST = "rule: One\nnow: 5\nunknown: 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For each name a rule with findings, a broken one, and a broken test beside the first."""
    for name in NAMES:
        (tmp_path / f"{name}.yml").write_text(RULE)
        (tmp_path / f"{name}.events.yml").write_text(TEST)
        (tmp_path / f"{name}!.yml").write_text(BROKEN)
    return tmp_path


def test_a_span() -> None:
    for name in NAMES:
        span = Span(name, 3, 4)
        assert span.path == name
        assert not hidden_in(span.file) and "\n" not in span.file
        assert replace(span, line=9) == Span(name, 9, 4)
        assert pickle.loads(pickle.dumps(span)) == span
    assert Span("a\nb") != Span("a\\nb") and Span("a b.yml").file == "a b.yml"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_every_command(trident: Trident, folder: Path, form: str) -> None:
    common = ["--format", form, "-t", "eql"]
    runs: list[list[object]] = [["check", ".", *common, "--no-cache", "--unchecked"]]
    runs += [["verify", ".", *common]]
    if form in ("text", "json"):
        runs += [["convert", ".", *common, "--no-cache", "-j", 1], ["explain", ".", *common]]
    for arguments in runs:
        ran = trident(*arguments, cwd=folder)
        assert ran.code == 1
        for text in (ran.out, ran.err):
            assert not hidden_in(text) and not terminal(text)
            taken = obeyed(text)
            if form == "github" and text is ran.out:
                taken = [line for line in taken if not re.match("::(warning|error) file=", line)]
            assert not taken, arguments
        if form == "text":  # the lines that the findings point at, of each file
            assert (ran.out + ran.err).count("| title: b\n") == len(NAMES), arguments
        if form == "sarif" and arguments[0] == "check":
            results = json.loads(ran.out)["runs"][0]["results"]
            named = {
                unquote_to_bytes(each["physicalLocation"]["artifactLocation"]["uri"])
                for result in results
                for each in result.get("locations", ())
            }
            assert named == {os.fsencode(f"{n}{end}.yml") for n in NAMES for end in ("", "!")}
        if form == "json" and arguments[0] == "check":
            named = {each["file"] for each in ran.json["findings"]}
            assert named == {f"{n}{end}.yml" for n in NAMES for end in ("", "!")}


def test_a_name_that_is_asked_for(trident: Trident, folder: Path) -> None:
    """click's own messages, an output that cannot be written, a file that cannot be read."""
    for name in NAMES:
        runs: list[list[object]] = [
            ["check", f"{name}.no"],
            ["convert", f"{name}.yml", "-t", f"k{name}"],
            ["convert", f"{name}.yml", "-t", "kql", "-o", f"{name}/x/y", "--no-cache"],
            ["explain", f"{name}.no"],
            ["verify", f"{name}.yml", "--events", f"{name}.no"],
            ["build", f"{name}.yml", "-o", f"{name}.events.yml", "--no-cache"],
            ["check", "--config", f"{name}!.yml"],
        ]
        for arguments in runs:
            ran = trident(*arguments, cwd=folder)
            assert ran.code == 2, (arguments, ran)
            for text in (ran.out, ran.err):
                assert not hidden_in(text) and not terminal(text) and not obeyed(text), arguments
