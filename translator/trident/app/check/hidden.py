"""Characters in a rule's file that its reader does not see (Trojan Source, CVE-2021-42574).

https://www.unicode.org/reports/tr55/: a text is shown otherwise than it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trident.app.check.conventions import warning
from trident.app.input.sources import Source, decoded
from trident.base.diagnostics import Diagnostic, Span, TridentError
from trident.base.printable import HIDDEN


def hidden_characters(sources: Iterable[Source]) -> Iterator[Diagnostic]:
    """A finding for each line that holds a hidden character as it is; one that is written as an
    escape, ``"\\u202E"``, is seen."""
    for source in sources:
        try:
            text = decoded(source.content, source.name)
        except TridentError:
            continue  # loading has reported it
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        for number, line in enumerate(text.split("\n"), 1):
            matches = list(HIDDEN.finditer(line))
            if matches:
                listed = dict.fromkeys(f"U+{ord(match[0]):04X}" for match in matches)
                span = Span(source.name, number, matches[0].start() + 1)
                yield warning("TRI616", f"{', '.join(listed)} in the line", span)
