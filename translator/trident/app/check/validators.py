"""pySigma's own validators, their findings as ours (conventions.yml: validators, issues)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetectionItem
from sigma.types import SigmaString

from trident.app.check import places
from trident.app.check.conventions import conventions, warning
from trident.base.diagnostics import Diagnostic, Span
from trident.rule.rules import Document, Rule


def validated(rules: Iterable[Rule]) -> Iterator[Diagnostic]:
    """The findings of the listed validators, placed in the rules' documents."""
    validators = [
        getattr(import_module(f"sigma.validators.core.{module}"), name)()
        for module, names in conventions()["validators"].items()
        for name in names
    ]
    for rule in rules:
        for validator in validators:
            try:
                issues = validator.validate(rule.sigma)
            except (SigmaError, TypeError):
                continue  # a condition that does not parse, malformed lists: reported elsewhere
            for issue in issues:
                yield from _finding(rule.document, issue)


def _finding(document: Document, issue: Any) -> Iterator[Diagnostic]:
    row: Mapping[str, str] = conventions()["issues"][type(issue).__name__]
    about = getattr(issue, row["about"]) if "about" in row else None
    if "unless" in row and re.fullmatch(row["unless"], str(about)):
        return
    yield warning(row["code"], row["says"].format(about=_shown(about)), _place(document, about))


def _shown(about: Any) -> str:
    if isinstance(about, SigmaDetectionItem):
        return about.field or "keywords"
    return repr(str(about)) if isinstance(about, SigmaString) else str(about)


def _place(document: Document, about: Any) -> Span:
    data = document.data
    match about:
        case None:
            return document.at("detection", "condition")
        case SigmaDetectionItem():
            return places.of_field(document, about.field or "", "detection")
        case SigmaString():
            # What a modifier has made of a value has no original.
            plain = "".join(part for part in about.s if isinstance(part, str))
            return places.of_value(document, about.original or plain, "detection")
        case str() if about in data.get("detection", {}):
            return document.at("detection", about)
    for key in ("tags", "references"):
        listed = data.get(key)
        if isinstance(listed, list) and (last := _last(listed, str(about))) is not None:
            return document.at(key, last)
    return document.span


def _last(listed: list[Any], text: str) -> int | None:
    places = [index for index, each in enumerate(listed) if str(each).lower() == text.lower()]
    return places[-1] if places else None
