"""The package's tables, each read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def table(name: str) -> Mapping[str, Any]:
    """The content of ``<name>.yml`` in this package."""
    text = resources.files(__package__).joinpath(f"{name}.yml").read_text("utf-8")
    content: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return content
