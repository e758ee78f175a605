"""YAML texts: as the Azure-Sentinel repository lays them out, and what every layout does alike."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from trident.base.printable import escaped_file


def as_yaml(content: Mapping[str, Any]) -> str:
    """A mapping as YAML in the layout of the Azure-Sentinel repository."""
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 10_000  # a folded line would part a URL from its scheme for some readers
    text = StringIO()
    writer.dump(_quoted(content), text)
    return escaped_file(text.getvalue())


def block(text: str) -> str:
    """The text as a YAML block, where a block can hold each character of it."""
    scalar: str = LiteralScalarString(text.strip() + "\n")
    return scalar


def is_plain(text: str) -> bool:
    """Whether a text needs none of the escapes that only double quotes have (YAML 1.2.2, 5.7)."""
    return escaped_file(text) == text


def _quoted(value: Any) -> Any:
    """``value`` with each text that needs an escape in double quotes."""
    if isinstance(value, Mapping):
        return {_quoted(key): _quoted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_quoted(each) for each in value]
    if isinstance(value, str) and not is_plain(value):
        return DoubleQuotedScalarString(value)
    return value
