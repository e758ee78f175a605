"""The package's tables, each read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from trident.base.data import shipped


@cache
def table(name: str) -> Mapping[str, Any]:
    """The content of ``<name>.yml`` in this package."""
    content: Mapping[str, Any] = shipped("trident.app.artifacts.splunk", f"{name}.yml")
    return content
