"""The targets of this package: those whose tables are complete and whose output is kept.

A target that another package brings may say less (what it does not name is refused), so a test
that asks for completeness asks it of these; any other test takes ``registry.names()``.
"""

from __future__ import annotations

from trident.target import registry

SHIPPED = tuple(
    name for name in registry.names() if registry.target(name).package == f"trident.{name}"
)
