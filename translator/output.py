"""Translations and diagnostics as text and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backends.diagnostics import Span, TridentError
from backends.translation import SCHEMA_VERSION, Query, Translation
from translator.convert import Outcome
from translator.languages import LANGUAGES
from translator.reports.sources import Sources
from translator.reports.text import finding as finding


def text(translations: Iterable[Translation]) -> str:
    """Each query below a comment that says what it is, a blank line between two queries."""
    blocks = [block for translation in translations for block in query_texts(translation)]
    return "\n".join(blocks)


def query_texts(translation: Translation) -> Iterator[str]:
    """The text of each query of a translation; none for a refused one."""
    query = translation.query
    if query is None:
        return
    language = LANGUAGES[translation.target]
    count = len(query.texts)
    for number, body in enumerate(query.texts, 1):
        part = f", query {number} of {count}" if count > 1 else ""
        header = language.comment(_header(translation, query, part))
        yield f"{header}{body.rstrip()}\n"


def as_json(translations: Iterable[Translation]) -> str:
    """The one JSON object that ``trident convert --format json`` writes."""
    return dump_json(
        {
            "schema": SCHEMA_VERSION,
            "translations": [translation.to_dict() for translation in translations],
        }
    )


def dump_json(value: Any) -> str:
    """``value`` as indented JSON with a newline at its end; keys stay in their order."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def findings(outcome: Outcome) -> Iterator[str]:
    """Every diagnostic and refusal of a run as printed, in the order of file and line."""
    found = [(diagnostic, "") for diagnostic in outcome.diagnostics]
    found += [
        (translation.error, f"{translation.target} {translation.profile}")
        for translation in outcome.translations
        if translation.error
    ]
    found.sort(key=lambda each: (each[0].span.file, each[0].span.line))
    sources = Sources()
    for diagnostic, where in found:
        yield finding(diagnostic, where, sources)


def summary(outcome: Outcome) -> str:
    """What came out, counted: ``6 queries: 4 exact, 1 covering; 1 refused; 0 errors``."""
    levels = Counter(str(t.fidelity) for t in outcome.translations if t.query)
    counted = ", ".join(f"{number} {level}" for level, number in levels.items())
    return (
        f"{_number(sum(levels.values()), 'translation')}{': ' if counted else ''}{counted}; "
        f"{outcome.refused} refused; {_number(outcome.errors, 'error')}"
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _header(translation: Translation, query: Query, part: str) -> Iterator[str]:
    rule = translation.rule
    title = f": {rule.title}" if rule.title and rule.title != rule.slug else ""
    yield f"{rule.slug}{title}"
    yield f"{translation.target}, profile {translation.profile}{part}: {translation.level}"
    for name, parameter in query.parameters.items():
        yield (
            f"parameter {name} ({parameter.type}): {parameter.path} "
            f"in the answer to {parameter.companion}"
        )
    if query.requests:
        names = ", ".join(request.name for request in query.requests)
        yield f"goes with {names} (--format json, or trident build)"
    for note in translation.notes:
        yield f"note {note.code}: {note.text}"


def write_file(path: Path, content: str) -> None:
    """Write a text file as UTF-8.

    Raises:
        TridentError: TRI503 when it cannot be written.
    """
    try:
        path.write_bytes(content.encode())
    except OSError as error:
        raise TridentError(
            "TRI503", error.strerror or str(error), span=Span(path.as_posix())
        ) from error
