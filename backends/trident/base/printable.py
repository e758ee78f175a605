"""Text made printable for the place it goes to: what nobody sees, or what steers a reader that is
no person, is written as an escape.

Everything that comes from outside is foreign text: titles, names, values, file names, messages of
libraries. A person reads ``printable`` lines; a file keeps the text itself, with the escapes of its
own format or language (``escaped``, ``json_text``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

# An emoji's joiner and variation selector are a part of what is seen (UTS #51, 1.4.5 and 2.3).
_EMOJI = "#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"

# Controls, separators of lines, and what Unicode has a reader ignore: the Default_Ignorable
# characters of UAX #44 (https://www.unicode.org/reports/tr44/), which UTS #55 (source code) warns
# of; the other format characters; surrogates and noncharacters, which are no text.
_HIDDEN = (
    "\x00-\x1f\x7f-\x9f"
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
    + "".join(chr(plane - last) for plane in range(0x20000, 0x120000, 0x10000) for last in (2, 1))
)
HIDDEN = re.compile(f"[{_HIDDEN}]|(?<![{_EMOJI}\ufe0f])\u200d|(?<![{_EMOJI}])[\ufe0e\ufe0f]")
"""A character that a reader does not see, or that changes what he sees of the others."""

# Blanks that look as the common one does; characters without a meaning of their own.
_UNCLEAR = (
    "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ue000-\uf8ff\U000f0000-\U000ffffd"
    "\U00100000-\U0010fffd"
)
_ESCAPED = re.compile(f"{HIDDEN.pattern}|[{_UNCLEAR}]")

# A log's reader takes ##[command] anywhere in a line for a command (Prefix in ActionCommand.cs of
# https://github.com/actions/runner), that of Azure Pipelines ##vso[command]
# (https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands).
_COMMAND = re.compile(r"#(?=#\w*\[)")


def printable(text: str) -> str:
    """``text`` on one line: each character that would break it, steer a terminal or not be seen
    replaced by its escape, and no command to the reader of a log in it."""
    if text.isascii() and text.isprintable() and "##" not in text:
        return text
    seen = _COMMAND.sub(r"\\x23", _ESCAPED.sub(_visible, text))
    if seen.isprintable():
        return seen
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in seen)


def printable_line(text: str, kept: str = "") -> str:
    """``text`` as a whole line of output: ``printable`` but for the character ``kept``, and no
    ``::command`` at its start.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands; the runner
    passes over blanks before it (TryParseV2 in ActionCommand.cs).
    """
    seen = kept.join(map(printable, text.split(kept))) if kept else printable(text)
    bare = seen.lstrip()
    return f"{seen[: len(seen) - len(bare)]}\\x3a{bare[1:]}" if bare.startswith("::") else seen


def hidden(text: str) -> str | None:
    """The first hidden character of ``text`` as ``U+202E``; None without any."""
    match = None if text.isascii() and text.isprintable() else HIDDEN.search(text)
    return f"U+{ord(match[0]):04X}" if match else None


def escaped(text: str, write: Callable[[str], str]) -> str:
    """``text`` with each character that is hidden, or looks as another does, as ``write`` writes
    it; what a language has escapes for is written so, for whoever reviews the text."""
    if text.isascii() and text.isprintable():
        return text
    return _ESCAPED.sub(lambda match: write(match[0]), text)


def json_text(value: Any, indent: int | None = 2) -> str:
    """``value`` as JSON with a newline at its end; keys stay in their order, letters as they are.

    Its strings hold the same texts, and the JSON itself nothing that is hidden.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    if text.isascii() and "\x7f" not in text and "##" not in text:
        return text
    # A line break is the JSON's own: in a string it is an escape already.
    shown = escaped(text, lambda char: char if char == "\n" else _utf16(char))
    return _COMMAND.sub(r"\\u0023", shown)


def escaped_file(text: str) -> str:
    """A file's text whose format has ``by_number`` escapes, ``escaped`` but for its line breaks
    and tabs; what is hidden stands where the format has them."""
    return escaped(text, lambda char: char if char in "\n\t" else by_number(char))


def by_number(char: str) -> str:
    """A character by its number, as many languages write it: ``\\u202e``, ``\\U000e0041``."""
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


def _utf16(char: str) -> str:
    """As JSON has it: above U+FFFF by two numbers."""
    return json.dumps(char)[1:-1] if ord(char) > 0xFFFF else by_number(char)


def _visible(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]
