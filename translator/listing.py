"""What ``trident list`` prints: targets, profiles, capabilities, filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backends.capabilities import FEATURES, capabilities
from backends.profiles import TARGETS, load_profiles
from backends.rules import Document
from backends.translation import Fidelity
from translator.languages import LANGUAGES

Row = Sequence[str]


def targets() -> Iterator[Row]:
    """Each target: name, profiles (the default first), language."""
    for target in TARGETS:
        profiles = load_profiles(target)
        names = sorted(profiles, key=lambda name: not profiles[name].default)
        yield target, ", ".join(names), LANGUAGES[target].title


def profiles() -> Iterator[Row]:
    """Each profile: target, name, whether it is the default, title."""
    for target in TARGETS:
        for name, profile in load_profiles(target).items():
            yield target, name, "default" if profile.default else "", profile.title


def capability_rows(chosen: Sequence[str]) -> Iterator[Row]:
    """The matrix: feature, its level on each target, what it is; then each refusal's reason."""
    tables = {target: capabilities(target) for target in chosen}
    yield ("feature", *chosen, "meaning")
    for feature, meaning in FEATURES.items():
        yield (feature, *(_cell(table[feature]) for table in tables.values()), meaning)


def refusal_reasons(chosen: Iterable[str]) -> Iterator[Row]:
    """Each refused feature: target, feature, code, reason."""
    for target in chosen:
        for feature, cell in capabilities(target).items():
            if cell.level is Fidelity.REFUSED:
                yield target, feature, cell.code, cell.reason


def filters(documents: Iterable[Document]) -> Iterator[Row]:
    """Each filter among ``documents``: name, the rules it narrows, title."""
    for document in documents:
        definition = document.data.get("filter")
        if not isinstance(definition, Mapping):
            continue
        data = document.data
        narrowed = definition.get("rules", "")
        names = narrowed if isinstance(narrowed, list) else [narrowed]
        name = str(data.get("name") or data.get("id") or data.get("title"))
        yield name, ", ".join(map(str, names)), str(data.get("title", ""))


def aligned(rows: Iterable[Row]) -> str:
    """Rows as lines with aligned columns."""
    table = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "".join(f"{line}\n" for line in lines)


def _cell(cell: Any) -> str:
    return f"{cell.level} ({cell.proof})" if cell.proof else str(cell.level)
