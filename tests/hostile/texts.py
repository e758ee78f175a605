"""Texts that nobody sees, or that a terminal or a log would obey, and readers that say so."""

from __future__ import annotations

import io
import json
import re

import pyte

from trident.base.printable import HIDDEN

SEEN_BY_NOBODY = {
    "escape": "\x1b[31m",
    "null": "\x00",
    "backspace": "a\x08b",
    "delete": "\x7f",
    "C1": "a\x9b2Jb",
    "next line": "a\x85b",
    "line separator": "a\u2028b\u2029c",
    "override": "a\u202eb\u202c",
    "isolate": "a\u2066b\u2069",
    "mark": "a\u200f\u200e\u061cb",
    "zero width": "a\u200bb\u2060c\ufeffd",
    "joiner": "a\u200cb\u200dc",
    "soft hyphen": "a\u00adb",
    "tags": "a\U000e0041\U000e007fb",
    "selector": "a\ufe0fb\U000e0100c",
    "noncharacter": "a\uffff\ufffe\ufdd0\U0001ffffb",
    "filler": "a\u3164\u115f\uffa0b",
}
"""One text of each kind of hidden characters."""

COMMANDS = (
    "##[set-output name=x;]y",
    "a ##[add-matcher]m.json",
    "##vso[task.setvariable variable=x]y",
    "::set-output name=x::y",
    "a\n::add-mask::x",
    "a\r\n  ::error::x",
)
"""What the reader of a log takes for a command."""


def obeyed(log: str) -> list[str]:
    """The lines in which a runner finds a command: GitHub's in TryParse and TryParseV2 of
    ActionCommand.cs (https://github.com/actions/runner), Azure's by its prefix."""
    return [
        line
        for line in re.split("\r\n|\n|\r", log)
        if re.search(r"##\w*\[", line) or line.lstrip().startswith("::")
    ]


def terminal(text: str) -> set[str]:
    """What a terminal does with a text besides drawing it and beginning a line."""
    seen = io.StringIO()
    pyte.Stream(pyte.DebugScreen(to=seen)).feed(text.replace("\n", "\r\n"))
    events = {json.loads(line)[0] for line in seen.getvalue().splitlines()}
    return events - {"draw", "linefeed", "carriage_return"}


def hidden_in(text: str) -> set[str]:
    """The hidden characters of a file's text but for its own line breaks and tabs."""
    return {f"U+{ord(each[0]):04X}" for each in HIDDEN.finditer(re.sub(r"[\t\n]", " ", text))}
