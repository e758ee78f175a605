"""Explanations as text for a terminal, at most 100 columns where a piece of a query allows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from trident.app.explain.meaning import Block, Line, Meaning
from trident.app.explain.origins import FieldUse, RuleOrigin, TestOrigin
from trident.app.explain.target import Feature, TargetOrigin
from trident.app.explain.values import CHARACTERS, LISTED, Shown
from trident.app.report.listing import aligned
from trident.base.printable import printable

WIDTH = 100

_HEADS = {
    "all": "all of these hold:",
    "any": "at least one of these holds:",
    "none": "none of these holds:",
    "not all": "at least one of these does not hold:",
}

_WORD = re.compile(r'(?:"(?:[^"]|"")*"|\S)+')
"""What stays on one line: a word, or a value in quotes with what touches it."""


def explanation(meanings: Sequence[Meaning], targets: Sequence[TargetOrigin], shown: Shown) -> str:
    """One rule with all that it refers to, then each target."""
    blocks = ["\n".join(_meaning(each)) for each in meanings]
    blocks += ["\n".join(_target(each, shown)) for each in targets]
    return "\n\n".join(blocks) + "\n"


def _meaning(meaning: Meaning) -> Iterator[str]:
    title = f": {meaning.title}" if meaning.title != meaning.name else ""
    yield from _wrapped(f"{meaning.name}{title}", "")
    place = f"{meaning.file or '<input>'}:{meaning.line}"
    yield f"  {meaning.kind} rule, {place}"
    if meaning.logsource:
        yield from _wrapped(f"log source: {meaning.logsource}", "  ")
    if meaning.filters:
        yield from _wrapped(f"filters: {', '.join(meaning.filters)}", "  ")
    if meaning.refers_to:
        yield from _wrapped(f"rules: {', '.join(meaning.refers_to)}", "  ")
    if meaning.matches is not None:
        if isinstance(meaning.matches, Block):
            yield f"  An event matches when {_HEADS[meaning.matches.holds]}"
            for part in meaning.matches.parts:
                yield from _part(part, 4)
        else:
            yield "  An event matches when this holds:"
            yield from _part(meaning.matches, 4)
    for head, sentences in (("Fires", meaning.fires), ("Alert", meaning.alert)):
        yield from _sentences(head, sentences)
    yield from _sentences("Shows", meaning.shows)


def _part(part: Line | Block, indent: int) -> Iterator[str]:
    space = " " * indent
    if isinstance(part, Block):
        yield f"{space}- {_HEADS[part.holds]}"
        for each in part.parts:
            yield from _part(each, indent + 4)
        return
    label = f"  [{', '.join(part.detection)}]" if part.detection else ""
    yield from _wrapped(f"{part.text}{label}", f"{space}- ", f"{space}  ")
    for written in part.written:
        yield from _wrapped(written, f"{space}    ")


def _sentences(head: str, sentences: Iterable[str]) -> Iterator[str]:
    for number, sentence in enumerate(sentences):
        if number == 0:
            yield f"  {head}:"
        yield from _wrapped(sentence, "    - ", "      ")


def _target(origin: TargetOrigin, shown: Shown) -> Iterator[str]:
    level = f"{origin.fidelity} ({origin.proof})" if origin.proof else origin.fidelity
    yield f"On {origin.target}, profile {origin.profile} ({origin.profile_title}): {level}"
    for sentence in origin.means:
        yield from _wrapped(f"{sentence[0].upper()}{sentence[1:]}.", "  ")
    for refusal in origin.refused:
        yield from _wrapped(f"{refusal.place}: {refusal.code}: {refusal.message}", "  ", "    ")
        yield from _wrapped(f"help: {refusal.help}", "    ")
    yield ""
    yield "  Parts of the rule, and what carries them"
    for feature in origin.features:
        yield from _feature(feature)
    for rule in origin.rules:
        yield ""
        yield from _rule(rule, shown, " (as they would be written)" if origin.refused else "")
    yield from _result(origin)


def _feature(feature: Feature) -> Iterator[str]:
    level = f"{feature.level} ({feature.proof})" if feature.proof else feature.level
    notes = f", notes {', '.join(feature.notes)}" if feature.notes else ""
    yield from _wrapped(f"{feature.feature}: {level}{notes}: {feature.meaning}", "    ", "      ")
    if feature.carried_by:
        yield from _wrapped(feature.carried_by, "      ")
    if feature.reason:
        yield from _wrapped(f"{feature.code}: {feature.reason}", "      ")


def _rule(rule: RuleOrigin, shown: Shown, written: str) -> Iterator[str]:
    yield f"  {rule.name}, {rule.file or '<input>'}:{rule.line}"
    if not rule.table:
        yield from _wrapped(f"log source {rule.logsource}: no table", "    ")
        return
    mapped = "" if rule.mapping == rule.logsource else f" (mapped as {rule.mapping})"
    notes = f", notes {', '.join(rule.notes)}" if rule.notes else ""
    yield from _wrapped(f"log source {rule.logsource}{mapped} -> {rule.table}{notes}", "    ")
    yield from (f"      {printable(each)}" for each in rule.where)
    yield from (f"      records: {_piece(each, shown)}" for each in rule.records)
    if rule.fields:
        yield "    fields"
        rows = [_field(use) for use in rule.fields]
        yield from (f"      {row}" for row in aligned(rows).splitlines())
    yield f"    tests{written}"
    for test in rule.tests:
        yield from _test(test, shown)


def _field(use: FieldUse) -> list[str]:
    if not use.column:
        return [use.field, "-> none", "", "", f"{', '.join(use.used_for)}; {use.reason}"]
    confidence = f"{use.confidence} ({' '.join(use.sources)})".strip()
    extra = [", ".join(use.used_for), use.held, *(f"note {code}" for code in use.notes)]
    listed = "; ".join(filter(None, extra))
    return [use.field, f"-> {printable(use.column)}", use.type, confidence, printable(listed)]


def _test(test: TestOrigin, shown: Shown) -> Iterator[str]:
    label = f"  [{', '.join(test.test.detection)}]" if test.test.detection else ""
    said = f"not: {test.test.text}" if test.below_not else test.test.text
    yield from _wrapped(f"{said}{label}", "      - ", "        ")
    if test.refused:
        yield f"          refused: {test.refused}"
    pieces = test.pieces if shown.everything else test.pieces[:LISTED]
    for piece in pieces:
        shared = "   (together with other tests)" if piece.shared else ""
        yield f"          {_piece(piece.text, shown)}{shared}"
    if len(test.pieces) > len(pieces):
        yield f"          … and {len(test.pieces) - len(pieces):,} more pieces"


def _piece(text: str, shown: Shown) -> str:
    whole = printable(text)
    if shown.everything or len(whole) <= CHARACTERS:
        return whole
    return f"{whole[:CHARACTERS]} … (the first {CHARACTERS} of {len(whole):,} characters)"


def _result(origin: TargetOrigin) -> Iterator[str]:
    sections = (
        ("Result columns", [f"{name} -> {column}" for name, column in _columns(origin)]),
        (
            "Parameters",
            [
                f"${{{each.name}}} ({each.type}): {each.path} in the answer to {each.companion}"
                for each in origin.parameters
            ],
        ),
        ("Goes with the query", list(origin.companions)),
        ("Notes", [f"{n.code}: {n.text} ({n.help})" for n in origin.notes]),
        ("Sources of the mapping", [f"{code}: {text}" for code, text in origin.sources.items()]),
    )
    for head, lines in sections:
        if lines:
            yield ""
            yield f"  {head}"
            for each in lines:
                yield from _wrapped(printable(each), "    ", "      ")


def _columns(origin: TargetOrigin) -> list[tuple[str, str]]:
    return list({**origin.alert, **origin.columns}.items())


def _wrapped(text: str, first: str, rest: str | None = None) -> Iterator[str]:
    """``text`` in lines of at most ``WIDTH`` columns; a longer word or value is not cut."""
    line, rest = first, first if rest is None else rest
    empty = True
    for word in _WORD.findall(printable(text)):
        if not empty and len(line) + 1 + len(word) > WIDTH:
            yield line
            line, empty = rest, True
        line += word if empty else f" {word}"
        empty = False
    yield line.rstrip()
