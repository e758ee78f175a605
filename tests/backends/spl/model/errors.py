"""The model's one exception."""

from __future__ import annotations


class ModelError(Exception):
    """A search that the model does not know, or whose meaning the documentation leaves open."""
