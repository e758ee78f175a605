"""YAML as the Azure-Sentinel repository lays it out."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString


def as_yaml(content: dict[str, Any]) -> str:
    """A mapping as YAML in the layout of the Azure-Sentinel repository."""
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 10_000  # a folded line would part a URL from its scheme for some readers
    text = StringIO()
    writer.dump(content, text)
    return text.getvalue()


def block(text: str) -> str:
    """The text as a YAML block; quoted instead where a block cannot hold a character of it."""
    lines = text.strip() + "\n"
    plain = all(char.isprintable() or char in "\n\t" for char in lines)
    scalar: str = LiteralScalarString(lines) if plain else lines
    return scalar
