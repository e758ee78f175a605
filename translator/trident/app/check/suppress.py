"""Comments that take a finding away: ``# trident: ignore[TRI202]``.

Behind something on a line it is about that line; on a line of its own before the first key of a
document it is about the document. One that takes nothing away is a finding itself, as is a code
that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import yaml

from trident.app.check.conventions import warning
from trident.app.input.sources import Source, decoded
from trident.app.input.yamltext import Place, split
from trident.base.diagnostics import Diagnostic, Span, TridentError, codes

_COMMENT = re.compile(r"(?:^|(?<=\s))#\s*trident:\s*ignore\[([^\]\n]*)\]")
_MARK = b"trident:"


@dataclass(slots=True)
class Suppression:
    """One code of one comment: where the comment stands, the lines that it is about."""

    code: str
    span: Span
    lines: range
    used: bool = field(default=False)

    def takes(self, diagnostic: Diagnostic) -> bool:
        """Whether the finding is one that the comment is about."""
        place = diagnostic.span
        return (
            place.path == self.span.path
            and diagnostic.code == self.code
            and place.line in self.lines
        )


def suppressions(sources: Iterable[Source]) -> Iterator[Suppression]:
    """The comments of the files, a suppression for each code."""
    for source in sources:
        if _MARK not in source.content:
            continue
        try:
            text = decoded(source.content, source.name)
        except TridentError:
            continue  # loading has reported it
        for place in split(text, source.name):
            yield from _of_document(place)


def suppressed(diagnostics: Iterable[Diagnostic], known: Sequence[Suppression]) -> list[Diagnostic]:
    """The findings that no comment takes away; what a comment takes away marks it as used."""
    by_file: dict[str, list[Suppression]] = {}
    for each in known:
        by_file.setdefault(each.span.path, []).append(each)
    kept = []
    for diagnostic in diagnostics:
        takers = [s for s in by_file.get(diagnostic.span.path, ()) if s.takes(diagnostic)]
        for taker in takers:
            taker.used = True
        if not takers:
            kept.append(diagnostic)
    return kept


def superfluous(known: Iterable[Suppression]) -> Iterator[Diagnostic]:
    """A finding for each suppression that took nothing away."""
    for each in known:
        if each.code not in codes():
            yield warning("TRI691", f"{each.code!r} is no code", each.span)
        elif not each.used:
            yield warning("TRI690", f"no {each.code} to take away", each.span)


def _of_document(place: Place) -> Iterator[Suppression]:
    lines = place.text.split("\n")
    scalars: list[tuple[tuple[int, int], tuple[int, int]]] | None = None
    for index, line in enumerate(lines):
        for comment in _COMMENT.finditer(line):
            scalars = _scalars(place.text) if scalars is None else scalars
            if any(start <= (index, comment.start()) < end for start, end in scalars):
                continue  # the text of a value
            about = range(place.line + index, place.line + index + 1)
            if not line[: comment.start()].strip(" -") and _is_head(lines[:index]):
                about = range(place.line, place.line + len(lines))
            span = Span(place.file, place.line + index, comment.start() + 1)
            for code in comment[1].split(","):
                yield Suppression(code.strip().upper(), span, about)


def _is_head(before: Iterable[str]) -> bool:
    """Whether nothing but comments and the document's mark stands on the lines."""
    return all(not (bare := line.strip()) or bare.startswith(("#", "---")) for line in before)


def _scalars(text: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the scalars of a document begin and end: line and column from 0."""
    ranges = []
    try:
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            if isinstance(token, yaml.ScalarToken):
                start, end = token.start_mark, token.end_mark
                ranges.append(((start.line, start.column), (end.line, end.column)))
    except yaml.YAMLError:
        pass  # the document is broken and reported; what came before counts
    return ranges
