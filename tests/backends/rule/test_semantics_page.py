"""The examples and codes of docs/semantics.md are what they are said to be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from trident.base.diagnostics import Span, codes
from trident.meaning.events import read_events
from trident.rule.plan import Aggregate, Correlation, Ordered
from trident.rule.planner import plan_all
from trident.rule.rules import Document, Ruleset


def page(root: Path) -> str:
    return (root / "docs" / "semantics.md").read_text("utf-8")


def blocks(root: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(root), re.DOTALL)


def base(name: str) -> dict[str, Any]:
    return {
        "title": name,
        "name": name,
        "logsource": {"category": "test"},
        "detection": {"s": {"f": name}, "condition": "s"},
    }


def test_the_example_rules_have_a_plan(root: Path) -> None:
    (text,) = blocks(root, "yaml")
    examples = list(yaml.safe_load_all(text))
    names = {name for example in examples for name in example["correlation"]["rules"]}
    documents = [*map(base, sorted(names)), *examples]
    ruleset = Ruleset.from_documents(
        Document(document, Span("semantics.md", number))
        for number, document in enumerate(documents, 1)
    )
    planned = plan_all(ruleset)
    assert [*ruleset.diagnostics, *(d for each in planned for d in each.diagnostics)] == []
    jpeg, steganography = (each.plan for each in planned)
    assert isinstance(jpeg, Correlation) and isinstance(steganography, Correlation)
    assert isinstance(jpeg.trigger, Aggregate) and jpeg.baseline is not None
    assert isinstance(steganography.trigger, Ordered) and steganography.lookback == 30 * 86400


def test_the_example_event_can_be_read(root: Path) -> None:
    (text,) = blocks(root, "json")
    (event,) = read_events(text.splitlines())
    assert event.fields["Computer"] == "ws1"


def test_its_codes_exist(root: Path) -> None:
    named = set(re.findall(r"TRI\d{3}", page(root)))
    assert named and named <= set(codes())


def test_sections_that_help_texts_name_exist(root: Path) -> None:
    headings = set(re.findall(r"^#+ (.*)$", page(root), re.MULTILINE))
    helps = [entry["help"] for entry in codes().values()]
    named = {m[1] for text in helps if (m := re.match(r"see docs/semantics.md, (.*)", text))}
    assert named and named <= headings
