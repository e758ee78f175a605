"""Hostile values, the modifiers that take them, and events that tell right from nearly right."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.support.generate import plan_documents
from trident.rule.plan import Search

_DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))

HOSTILE: tuple[str, ...] = tuple(_DATA["hostile"])
"""Each is written as a Sigma value, so ``*``, ``?`` and ``\\`` have Sigma's meaning in it."""

MODIFIERS = ("", "contains", "startswith", "endswith", "cased", "contains|cased")

REGEXES: tuple[str, ...] = tuple(_DATA["regexes"])
REGEX_TEXTS: tuple[str | None, ...] = tuple(_DATA["regex_texts"])
REGEX_MODIFIERS = ("re", "re|i", "re|s", "re|i|s")


def search(value: object, modifier: str, field: str = "CommandLine") -> Search:
    """The plan of a rule whose only test is ``field|modifier: value``."""
    key = f"{field}|{modifier}" if modifier else field
    plan = plan_documents(
        (
            {
                "title": "value",
                "logsource": {"category": "process_creation", "product": "windows"},
                "detection": {"selection": {key: value}, "condition": "selection"},
            },
        )
    )
    assert isinstance(plan, Search)
    return plan


def candidates(value: str) -> list[str | None]:
    """Texts that a test on ``value`` selects, and near misses of it."""
    plain = value.replace("\\*", "*").replace("\\?", "?").replace("\\\\", "\\")
    filled = value.replace("*", "xyz").replace("?", "q")
    found: list[str | None] = [None, "", "other"]
    for text in dict.fromkeys((value, plain, filled, value.replace("*", ""), value.strip())):
        if not text:
            continue
        found += [
            text,
            text.swapcase(),
            f"x{text}",
            f"{text}x",
            f"x{text}x",
            f"{text}\n",
            f"a\n{text}\nb",
            text[1:],
            text[:-1],
            text.replace("\\", "\\\\"),
            text.replace("\\", "/"),
        ]
    return list(dict.fromkeys(found))
